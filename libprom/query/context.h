// What all operators of one query share: its source, limits and deadline.
// Internal to query/.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "libprom/base/result.h"
#include "libprom/query/annotations.h"
#include "libprom/query/engine.h"
#include "libprom/query/source.h"

namespace prom::query {

// The times at which an expression is evaluated.
struct Steps {
  std::int64_t start_ms = 0;
  std::int64_t step_ms = 1;  // > 0
  std::size_t count = 1;
  std::int64_t rest_ms = 0;  // of the range, behind the last step

  // Upstream's test for a range query, also inside of subqueries.
  [[nodiscard]] bool span_time() const { return count > 1 || rest_ms > 0; }
  [[nodiscard]] std::int64_t time_ms(std::size_t step) const {
    return start_ms + static_cast<std::int64_t>(step) * step_ms;
  }
  [[nodiscard]] std::int64_t last_ms() const {
    return count == 0 ? start_ms : time_ms(count - 1);
  }
};

// Counts what a query holds in memory; shared by its threads.
class Budget {
 public:
  Budget(std::size_t samples_max, std::size_t bytes_max)
      : samples_max_(samples_max), bytes_max_(bytes_max) {}

  Status take_samples(std::size_t count);
  void give_samples(std::size_t count) {
    samples_.fetch_sub(count, std::memory_order_relaxed);
  }
  Status take_bytes(std::size_t bytes);
  void give_bytes(std::size_t bytes) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
  void count_read(std::size_t samples) {
    read_.fetch_add(samples, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t samples_read() const { return read_; }
  [[nodiscard]] std::size_t samples_peak() const { return peak_; }

 private:
  const std::size_t samples_max_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> samples_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<std::size_t> peak_ = 0;
  std::atomic<std::size_t> read_ = 0;
};

// Samples and bytes that are given back when it goes out of scope.
class Reservation {
 public:
  Reservation() = default;
  explicit Reservation(Budget& budget) : budget_(&budget) {}
  ~Reservation() { release(); }
  Reservation(Reservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)),
        samples_(std::exchange(other.samples_, 0)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(samples_, other.samples_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  Status add(std::size_t samples, std::size_t bytes);
  void release();

 private:
  Budget* budget_ = nullptr;
  std::size_t samples_ = 0;
  std::size_t bytes_ = 0;
};

struct QueryContext {
  QueryContext(const Source& from, const EngineOptions& with);

  // Fails when the query was cancelled or its time is up.  Cheap enough to be
  // called for every batch of series.
  [[nodiscard]] Status check() const;
  // For loops that cannot fail: true now and then when check() would.  They
  // may leave their work undone, for Table::make() checks again.
  [[nodiscard]] bool gives_up(std::size_t turn) const {
    constexpr std::size_t kTurns = 512;
    return turn % kTurns == 0 && !check();
  }

  const Source& source;
  const EngineOptions& options;
  Budget budget;
  unsigned threads = 1;
  bool is_range = false;

 private:
  std::chrono::steady_clock::time_point deadline_;
};

// A comparison that says "not less" once the query gives up, so that sorting
// ends soon; std::ref() it.  Sorting stands that: no loop goes on while "not
// less".
template <typename Less>
class Interruptible {
 public:
  Interruptible(const QueryContext& query, Less less)
      : query_(query), less_(std::move(less)) {}
  template <typename T>
  bool operator()(const T& a, const T& b) {
    over_ = over_ || query_.gives_up(++turn_);
    return !over_ && less_(a, b);
  }

 private:
  const QueryContext& query_;
  Less less_;
  std::size_t turn_ = 0;
  bool over_ = false;
};

// What one thread has to itself while it reads a stream.
struct Worker {
  explicit Worker(QueryContext& of) : query(of) {}

  // The batch memory of a selection, made at first use.
  SampleBatch& batch_of(const Selection& selection);

  QueryContext& query;
  Annotations annotations;

 private:
  std::unordered_map<const Selection*, std::unique_ptr<SampleBatch>> batches_;
};

}  // namespace prom::query
