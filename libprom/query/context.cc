#include "libprom/query/context.h"

#include <thread>

namespace prom::query {

namespace {

// Adds to a counter unless that passes its maximum.
bool add_within(std::atomic<std::size_t>& counter, std::size_t count,
                std::size_t max, std::size_t& now) {
  now = counter.fetch_add(count, std::memory_order_relaxed) + count;
  if (max == 0 || now <= max) return true;
  counter.fetch_sub(count, std::memory_order_relaxed);
  return false;
}

}  // namespace

Status Budget::take_samples(std::size_t count) {
  std::size_t now = 0;
  if (!add_within(samples_, count, samples_max_, now)) {
    return fail(Code::kLimit,
                "query processing would load too many samples into memory in "
                "query execution");
  }
  std::size_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < now && !peak_.compare_exchange_weak(peak, now)) {
  }
  return {};
}

Status Budget::take_bytes(std::size_t bytes) {
  std::size_t now = 0;
  if (add_within(bytes_, bytes, bytes_max_, now)) return {};
  return fail(Code::kLimit, "query needs more than its limit of " +
                                std::to_string(bytes_max_ >> 20U) +
                                " MiB of memory; ask for fewer series or "
                                "steps");
}

Status Reservation::add(std::size_t samples, std::size_t bytes) {
  auto taken = budget_->take_samples(samples);
  if (!taken) return taken;
  samples_ += samples;
  taken = budget_->take_bytes(bytes);
  if (taken) bytes_ += bytes;
  return taken;
}

void Reservation::release() {
  if (budget_ == nullptr) return;
  budget_->give_samples(std::exchange(samples_, 0));
  budget_->give_bytes(std::exchange(bytes_, 0));
}

QueryContext::QueryContext(const Source& from, const EngineOptions& with)
    : source(from),
      options(with),
      budget(with.samples_max, with.memory_bytes_max),
      threads(with.threads != 0 ? with.threads
                                : std::thread::hardware_concurrency()),
      deadline_(std::chrono::steady_clock::now() +
                std::chrono::milliseconds(with.timeout_ms)) {
  if (threads == 0) threads = 1;
}

Status QueryContext::check() const {
  if (options.stop.stop_requested()) {
    return fail(Code::kCancelled,
                "query was canceled in expression evaluation");
  }
  if (options.timeout_ms != 0 && std::chrono::steady_clock::now() > deadline_) {
    return fail(Code::kTimeout, "query timed out in expression evaluation");
  }
  return {};
}

SampleBatch& Worker::batch_of(const Selection& selection) {
  auto& batch = batches_[&selection];
  if (!batch) batch = selection.new_batch();
  return *batch;
}

}  // namespace prom::query
