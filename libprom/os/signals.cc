#include "libprom/os/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace prom::os {

Result<Signals> Signals::collect(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0)
    return fail(system_error("block signals", errno));
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return fail(system_error("signalfd", errno));
  return Signals(std::move(fd));
}

std::optional<int> Signals::next() {
  signalfd_siginfo info{};
  const ssize_t n = ::read(fd_.get(), &info, sizeof info);
  if (n != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

std::optional<int> Signals::wait(int timeout_ms) {
  pollfd readable{fd_.get(), POLLIN, 0};
  (void)::poll(&readable, 1, timeout_ms);
  return next();
}

void ignore_sigpipe() {
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace prom::os
