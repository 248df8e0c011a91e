#include "libprom/os/input_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace prom::os {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr std::size_t kReadBytes = 1U << 18U;

bool writers_gone(int fd) {
  pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) != 0;
}

}  // namespace

Result<InputPipe> InputPipe::open(int fd) {
  InputPipe input(fd);
  struct stat info{};
  if (::fstat(fd, &info) != 0)
    return fail(system_error("stat standard input", errno));
  input.is_pipe_ = S_ISFIFO(info.st_mode);
  if (!input.is_pipe_) return input;
  // Not more than the system lets us: a smaller pipe works too.
  (void)::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(system_error("make a pipe", errno));
  input.copy_out_ = Fd(ends[0]);
  input.copy_in_ = Fd(ends[1]);
  const int size = ::fcntl(fd, F_GETPIPE_SZ);
  if (size > 0) (void)::fcntl(input.copy_in_.get(), F_SETPIPE_SZ, size);
  input.null_ = Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!input.null_.valid()) return fail(system_error("open /dev/null", errno));
  return input;
}

Result<bool> InputPipe::fill() {
  if (ended_) return false;
  return is_pipe_ ? fill_from_pipe() : fill_by_reading();
}

Result<bool> InputPipe::fill_by_reading() {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  ssize_t n = 0;
  do {
    n = ::read(fd_, buffer_.data() + before, kReadBytes);
  } while (n < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(before + static_cast<std::size_t>(n < 0 ? 0 : n));
  if (n < 0 && error == EAGAIN) return false;
  if (n < 0) return fail(system_error("read", error));
  if (n == 0) ended_ = true;
  absorbed_ = buffer_.size();
  return true;
}

Result<bool> InputPipe::fill_from_pipe() {
  // The order matters: nothing can follow what is there once they are gone.
  const bool gone = writers_gone(fd_);
  int waiting = 0;
  if (::ioctl(fd_, FIONREAD, &waiting) != 0)
    return fail(system_error("look into the pipe", errno));
  const std::size_t seen = buffer_.size() - absorbed_;
  if (static_cast<std::size_t>(waiting) <= seen) {
    ended_ = gone;
    return gone;
  }
  ssize_t copied = 0;
  do {
    copied = ::tee(fd_, copy_in_.get(), static_cast<std::size_t>(waiting),
                   SPLICE_F_NONBLOCK);
  } while (copied < 0 && errno == EINTR);
  if (copied < 0 && errno == EAGAIN) return false;
  if (copied < 0) return fail(system_error("copy from the pipe", errno));
  const auto size = static_cast<std::size_t>(copied);
  buffer_.resize(absorbed_ + size);
  for (std::size_t have = 0; have < size;) {
    const ssize_t n =
        ::read(copy_out_.get(), buffer_.data() + absorbed_ + have, size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(system_error("read the copy of the pipe", errno));
    have += static_cast<std::size_t>(n);
  }
  return size > seen;
}

Status InputPipe::drain(std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::splice(fd_, nullptr, null_.get(), nullptr, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(system_error("consume from the pipe", errno));
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

Status InputPipe::consume(std::size_t size) {
  const std::size_t from_memory = std::min(size, absorbed_);
  if (is_pipe_) {
    if (Status done = drain(size - from_memory); !done) return done;
  }
  absorbed_ -= from_memory;
  buffer_.erase(0, size);
  return {};
}

Status InputPipe::absorb() {
  if (!is_pipe_) return {};
  if (Status done = drain(buffer_.size() - absorbed_); !done) return done;
  absorbed_ = buffer_.size();
  return {};
}

}  // namespace prom::os
