// Writes the stream on a thread of its own, behind a bounded queue: a reader
// that is slow or stopped never holds up timers or transfers.
//
// When the queue is full the oldest whole scrape goes, is counted, and its
// place in the stream gets stale markers, so that graphs show a gap and not a
// flat line.  Encoding happens behind the queue, since what is sent of a row
// depends on the row that was sent before.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "libprom/base/result.h"
#include "libprom/os/file.h"
#include "libprom/scrape/batch.h"
#include "libprom/scrape/encoder.h"

namespace prom::scrape {

class Sender {
 public:
  struct Options {
    StreamFormat format = StreamFormat::kText;
    std::size_t queue_bytes_max = 64ULL << 20U;
    // How long close() waits for a reader that does not read.
    std::int64_t close_timeout_ms = 5000;
  };

  // Borrows the descriptor and starts the thread.  REQUIRES: SIGPIPE ignored.
  Sender(int fd, const Options& options);
  ~Sender();  // without the trailer, unless close() was called
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Never waits.  A batch larger than the whole queue is taken alone.
  void push(Batch batch);
  // The same, but waits while the queue is full, for a source of batches that
  // can wait.
  void push_waiting(Batch batch);
  // There may be a new reader: what it needs is sent again.
  void resync() { resync_ = true; }
  // Writes what is queued and the trailer, then ends the thread.  kTimeout
  // when the reader did not take it in time.
  Status close();

  // Readable once the stream has failed, for an event loop.
  [[nodiscard]] int failure_fd() const { return failed_event_.get(); }
  [[nodiscard]] Status status() const;
  // The reader closed its end: a filter then ends quietly.
  [[nodiscard]] bool reader_gone() const { return reader_gone_; }

  [[nodiscard]] std::uint64_t scrapes_dropped() const { return dropped_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
  [[nodiscard]] std::size_t queue_bytes() const { return queue_bytes_; }

 private:
  struct Gap {
    std::uint64_t sequence = 0;
    std::int64_t t_ms = 0;
  };

  void run();
  void drop_oldest();
  void encode_next(Encoder& encoder, std::unique_lock<std::mutex>& lock);
  bool write_out(std::string& out);
  bool wait_writable();
  void set_failed(Error error, bool reader_gone);

  const Options options_;
  const int fd_;
  os::Fd own_fd_;  // the same pipe, opened again so as not to block
  os::Fd failed_event_;

  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> bytes_written_ = 0;
  std::atomic<std::size_t> queue_bytes_ = 0;
  std::atomic<bool> reader_gone_ = false;
  std::atomic<bool> resync_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable room_;  // something left the queue
  std::deque<Batch> queue_;
  std::map<std::uint64_t, Gap> gaps_;  // of sources whose scrapes were dropped
  std::vector<wire::MetadataFrame::Item> saved_metadata_;  // of dropped ones
  bool closing_ = false;
  std::int64_t give_up_ns_ = -1;  // when close() stops waiting
  Status status_;

  std::jthread thread_;  // last: it uses everything above
};

}  // namespace prom::scrape
