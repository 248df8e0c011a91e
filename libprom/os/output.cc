#include "libprom/os/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "libprom/os/file.h"

namespace prom::os {

void Output::write(std::string_view text) {
  if (!status_) return;
  buffer_ += text;
  if (fd_ >= 0 && buffer_.size() >= buffer_bytes_) (void)flush();
}

Status Output::flush() {
  if (fd_ < 0 || !status_) return status_;
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
      (void)::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      reader_gone_ = errno == EPIPE;
      status_ = fail(system_error("write to output", errno));
      break;
    }
  }
  buffer_.clear();
  return status_;
}

bool Output::is_terminal() const {
  return fd_ >= 0 && ::isatty(fd_) == 1;
}

int terminal_columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

int terminal_rows(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

}  // namespace prom::os
