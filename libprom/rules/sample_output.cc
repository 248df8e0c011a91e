#include "libprom/rules/sample_output.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "libprom/model/histogram_codec.h"

namespace prom::rules {
namespace {

constexpr int kPollMs = 100;
// A pipe that polls as writable takes so much without blocking.
constexpr std::size_t kChunkBytes = 4096;

}  // namespace

// ---- SampleEncoder

SampleEncoder::SampleEncoder(std::string& out, bool wire, std::int64_t now_ns)
    : out_(out), wire_(wire), sequence_(static_cast<std::uint64_t>(now_ns)) {
  if (wire_) {
    frames_.emplace(out_);
  } else {
    text_.emplace(out_, exposition::Format::kPipe);
  }
}

std::size_t SampleEncoder::add(std::uint64_t rule,
                               std::span<const Sample> samples) {
  std::vector<Sample> taken;
  taken.reserve(samples.size());
  std::size_t weight = 0;
  for (const Sample& sample : samples) {
    Sample one = sample;
    if (sample.histogram != nullptr) {
      FloatHistogram histogram = *sample.histogram;
      if (!admit(histogram)) continue;
      weight += histogram.sample_weight();
      if (weight > wire::kRowHistogramWeightMax) continue;
      one.value = histogram.sum;
      one.histogram =
          std::make_shared<const FloatHistogram>(std::move(histogram));
    }
    taken.push_back(std::move(one));
  }
  const std::size_t left_out = samples.size() - taken.size();
  if (taken.empty()) return left_out;
  if (wire_) {
    add_row(rule, taken);
    return left_out;
  }
  for (const Sample& sample : taken) {
    if (sample.histogram != nullptr) {
      text_->sample(sample.labels, *sample.histogram, sample.t_ms);
    } else {
      text_->sample(sample.labels, sample.value, sample.t_ms);
    }
  }
  return left_out;
}

// All samples of a rule have one time, so they are a row of its series.
void SampleEncoder::add_row(std::uint64_t rule,
                            std::span<const Sample> samples) {
  Stream& stream = streams_[rule];
  const bool same =
      stream.version != 0 &&
      std::ranges::equal(stream.series, samples, {}, {}, &Sample::labels);
  if (!same) {
    ++stream.version;
    stream.series.clear();
    for (const Sample& sample : samples) stream.series.push_back(sample.labels);
    frames_->write(wire::Layout{
        .source = rule, .version = stream.version, .series = stream.series});
  }
  wire::Row row{.source = rule,
                .version = stream.version,
                .sequence = ++sequence_,
                .t_ms = samples.front().t_ms,
                .values = {}};
  for (const Sample& sample : samples) {
    if (sample.histogram != nullptr)
      row.histograms.push_back(
          {static_cast<std::uint32_t>(row.values.size()), *sample.histogram});
    row.values.push_back(sample.value);
  }
  frames_->write(row);
}

void SampleEncoder::finish() {
  wire_ ? frames_->finish() : text_->finish();
}

// ---- SampleOutput

SampleOutput::SampleOutput(int fd, bool wire, std::int64_t now_ns)
    : fd_(fd),
      failed_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      encoder_(queue_, wire, now_ns),
      thread_([this] { run(); }) {}

SampleOutput::~SampleOutput() {
  give_up_ = true;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
}

void SampleOutput::add(std::uint64_t rule, std::span<const Sample> samples) {
  {
    const std::lock_guard lock(mutex_);
    if (!status_ || closing_ || queue_.size() > kQueueBytesMax) {
      dropped_ += samples.size();
      return;
    }
    dropped_ += encoder_.add(rule, samples);
  }
  wake_.notify_one();
}

Status SampleOutput::close(std::int64_t timeout_ms) {
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    encoder_.finish();
    wake_.notify_one();
    // run() takes the queue in one piece and reports when it is written.
    const bool in_time =
        wake_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                       [this] { return done_ || !status_; });
    if (!in_time)
      status_ = fail(Code::kTimeout, "the reader does not take the samples");
  }
  give_up_ = true;
  thread_.join();
  return status();
}

Status SampleOutput::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void SampleOutput::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return !queue_.empty() || closing_ || done_; });
    if (done_ || !status_) return;
    if (queue_.empty() && closing_) {
      done_ = true;
      wake_.notify_all();
      return;
    }
    std::string bytes;
    bytes.swap(queue_);
    lock.unlock();
    const bool good = write_some(bytes);
    const int error = errno;
    lock.lock();
    if (good) continue;
    if (status_) status_ = fail(os::system_error("write samples", error));
    queue_.clear();
    (void)::eventfd_write(failed_event_.get(), 1);
    wake_.notify_all();
    return;
  }
}

// False with errno when the stream failed or nobody waits for it any more.
bool SampleOutput::write_some(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int polled = ::poll(&ready, 1, kPollMs);
    if (give_up_) {
      errno = ETIMEDOUT;
      return false;
    }
    if (polled <= 0) continue;
    const ssize_t written =
        ::write(fd_, bytes.data(), std::min(bytes.size(), kChunkBytes));
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      reader_gone_ = errno == EPIPE;
      return false;
    }
  }
  return true;
}

}  // namespace prom::rules
