// Writes recorded samples to a pipe or file as the text that prom-store reads
// or, with --wire, as frames.
//
// A thread of its own writes behind a bounded queue, so that a store that is
// slow or stopped never holds up the evaluation of alerts.  What does not fit
// is dropped before it is encoded, and counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/writer.h"
#include "libprom/os/file.h"
#include "libprom/rules/sample.h"
#include "libprom/wire/frame.h"

namespace prom::rules {

// Encodes; one thread at a time.
class SampleEncoder {
 public:
  // Appends to `out`, which must outlive it and may be drained in between.
  SampleEncoder(std::string& out, bool wire, std::int64_t now_ns);
  // Samples of one rule at one time.  `rule` is the same for the same rule, in
  // every run.  Histograms cannot be said on the pipe: returns how many of
  // them were left out.
  std::size_t add(std::uint64_t rule, std::span<const Sample> samples);
  void finish();

 private:
  struct Stream {
    std::uint32_t version = 0;
    std::vector<Labels> series;
  };
  void add_row(std::uint64_t rule, std::span<const Sample> samples);

  std::string& out_;
  const bool wire_;
  std::uint64_t sequence_;
  std::optional<wire::Writer> frames_;
  std::optional<exposition::Writer> text_;
  std::map<std::uint64_t, Stream> streams_;  // wire: by rule
};

// Thread-safe.
class SampleOutput {
 public:
  static constexpr std::size_t kQueueBytesMax = 64ULL << 20U;

  // Borrows the descriptor.  REQUIRES: SIGPIPE ignored.
  SampleOutput(int fd, bool wire, std::int64_t now_ns);
  ~SampleOutput();  // without the end of the stream, unless closed
  SampleOutput(const SampleOutput&) = delete;
  SampleOutput& operator=(const SampleOutput&) = delete;

  void add(std::uint64_t rule, std::span<const Sample> samples);
  // Writes what is queued and the end of the stream; gives up on a reader that
  // does not read for `timeout_ms`.
  Status close(std::int64_t timeout_ms);

  // Readable once the stream has failed.
  [[nodiscard]] int failure_fd() const { return failed_event_.get(); }
  [[nodiscard]] Status status() const;
  [[nodiscard]] bool reader_gone() const { return reader_gone_; }
  [[nodiscard]] std::uint64_t samples_dropped() const { return dropped_; }

 private:
  void run();
  bool write_some(std::string_view bytes);

  const int fd_;
  os::Fd failed_event_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<bool> reader_gone_ = false;
  std::atomic<bool> give_up_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::string queue_;
  SampleEncoder encoder_;
  bool closing_ = false;
  bool done_ = false;
  Status status_;

  std::jthread thread_;  // last: it uses everything above
};

}  // namespace prom::rules
