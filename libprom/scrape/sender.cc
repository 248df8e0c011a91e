#include "libprom/scrape/sender.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "libprom/os/clock.h"

namespace prom::scrape {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr int kPollMs = 100;
constexpr int kPipeBytes = 1 << 20;
// A pipe that polls as writable takes so much without blocking.
constexpr std::size_t kPipeChunkBytes = 4096;
constexpr std::size_t kWriteBytes = 256U << 10U;
constexpr std::size_t kMetadataSavedMax = 10'000;

// A pipe's O_NONBLOCK belongs to whoever shares our end, the terminal's shell
// for one.  Opened again, the end is our own.
os::Fd reopen_pipe(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISFIFO(info.st_mode)) return os::Fd();
  // A larger pipe wakes both sides less often; not everybody may have one.
  (void)::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return os::Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

Sender::Sender(int fd, const Options& options)
    : options_(options),
      fd_(fd),
      own_fd_(reopen_pipe(fd)),
      failed_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

Sender::~Sender() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    if (give_up_ns_ < 0) give_up_ns_ = 0;
  }
  wake_.notify_one();
}

void Sender::push(Batch batch) {
  const std::size_t bytes = batch.bytes();
  {
    const std::lock_guard lock(mutex_);
    if (!status_ || closing_) return;
    while (!queue_.empty() && queue_bytes_ + bytes > options_.queue_bytes_max)
      drop_oldest();
    queue_bytes_ += bytes;
    queue_.push_back(std::move(batch));
  }
  wake_.notify_one();
}

void Sender::push_waiting(Batch batch) {
  const std::size_t bytes = batch.bytes();
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] {
      return !status_ || queue_.empty() ||
             queue_bytes_ + bytes <= options_.queue_bytes_max;
    });
  }
  push(std::move(batch));
}

void Sender::drop_oldest() {
  Batch& oldest = queue_.front();
  queue_bytes_ -= oldest.bytes();
  // Of several lost scrapes in a row the first one marks the gap.
  gaps_.try_emplace(oldest.row.source, Gap{.sequence = oldest.row.sequence,
                                           .t_ms = oldest.row.t_ms});
  const std::size_t room = kMetadataSavedMax - saved_metadata_.size();
  std::ranges::move(
      oldest.metadata.begin(),
      oldest.metadata.begin() +
          static_cast<std::ptrdiff_t>(std::min(room, oldest.metadata.size())),
      std::back_inserter(saved_metadata_));
  queue_.pop_front();
  ++dropped_;
}

Status Sender::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    give_up_ns_ = os::real_clock().monotonic_ns() +
                  options_.close_timeout_ms * kMillisecondNs;
  }
  wake_.notify_one();
  thread_.join();
  own_fd_.reset();  // the reader sees the end once the caller closes its own
  return status();
}

Status Sender::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Sender::set_failed(Error error, bool reader_gone) {
  reader_gone_ = reader_gone;
  const std::lock_guard lock(mutex_);
  status_ = fail(std::move(error));
  queue_.clear();
  queue_bytes_ = 0;
  room_.notify_one();
  (void)::eventfd_write(failed_event_.get(), 1);
}

void Sender::run() {
  std::string out;
  const std::unique_ptr<Encoder> encoder = make_encoder(options_.format, out);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (give_up_ns_ == 0) return;  // destroyed, not closed
    while (!queue_.empty() && out.size() < kWriteBytes)
      encode_next(*encoder, lock);
    const bool is_end = closing_ && queue_.empty();
    const auto gaps = is_end ? std::exchange(gaps_, {}) : decltype(gaps_)();
    lock.unlock();
    for (const auto& [source, gap] : gaps)
      encoder->write_gap(source, gap.sequence, gap.t_ms);
    if (is_end) encoder->finish();
    if (!write_out(out) || is_end) return;
    lock.lock();
  }
}

void Sender::encode_next(Encoder& encoder, std::unique_lock<std::mutex>& lock) {
  Batch batch = std::move(queue_.front());
  queue_.pop_front();
  queue_bytes_ -= batch.bytes();
  room_.notify_one();
  const auto gap = gaps_.extract(batch.row.source);
  std::ranges::move(saved_metadata_, std::back_inserter(batch.metadata));
  saved_metadata_.clear();
  lock.unlock();
  if (resync_.exchange(false)) encoder.resync();
  if (!gap.empty()) {
    encoder.write_gap(batch.row.source, gap.mapped().sequence,
                      gap.mapped().t_ms);
  }
  encoder.write(batch);
  lock.lock();
}

bool Sender::wait_writable() {
  const int fd = own_fd_.valid() ? own_fd_.get() : fd_;
  for (;;) {
    pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, kPollMs) > 0) return true;
    const std::lock_guard lock(mutex_);
    if (closing_ && os::real_clock().monotonic_ns() >= give_up_ns_)
      return false;
  }
}

bool Sender::write_out(std::string& out) {
  std::string_view rest = out;
  const int fd = own_fd_.valid() ? own_fd_.get() : fd_;
  while (!rest.empty()) {
    if (!wait_writable()) {
      set_failed({Code::kTimeout, "the reader of our output does not read"},
                 false);
      return false;
    }
    const std::size_t size =
        own_fd_.valid() ? rest.size() : std::min(rest.size(), kPipeChunkBytes);
    const ssize_t n = ::write(fd, rest.data(), size);
    if (n >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
      bytes_written_ += static_cast<std::uint64_t>(n);
    } else if (errno != EINTR && errno != EAGAIN) {
      const int error = errno;
      set_failed(os::system_error("write to output", error), error == EPIPE);
      return false;
    }
  }
  out.clear();
  return true;
}

}  // namespace prom::scrape
