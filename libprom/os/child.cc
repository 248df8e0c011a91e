#include "libprom/os/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "libprom/os/clock.h"

namespace prom::os {
namespace {

// The child's way from fork() to its program: nothing that allocates or locks,
// since other threads may have held any lock.  Writes errno to `report` and
// ends when there is no such program.
// REQUIRES: in and report stand above the standard descriptors.
[[noreturn]] void become(char* const* argv, int in, int out, pid_t parent,
                         int report) {
  constexpr int kCannotStart = 127;
  // Signals are still blocked, so none is handled by what we inherited.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  // The kernel ends us when the thread that forked ends; if that has happened
  // already, it never will.
  bool good = ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::getppid() == parent;
  if (!good) ::_exit(kCannotStart);
  good = ::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (good) ::execvp(argv[0], argv);
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
  ::_exit(kCannotStart);
}

// Where one of 0 to 2 was closed, a new descriptor takes its number, and the
// child's would overwrite one another.
Fd above_standard(Fd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

Result<std::array<Fd, 2>> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(system_error("make a pipe", errno));
  return std::array{above_standard(Fd(ends[0])), above_standard(Fd(ends[1]))};
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& arguments) {
  return spawn(arguments, false);
}

Result<Child> Child::start_sink(const std::vector<std::string>& arguments) {
  return spawn(arguments, true);
}

Result<Child> Child::spawn(const std::vector<std::string>& arguments,
                           bool is_sink) {
  auto data = make_pipe();
  auto report = make_pipe();
  if (!data || !report) return fail((data ? report : data).error());
  const Fd nothing =
      above_standard(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const int in = is_sink ? (*data)[0].get() : nothing.get();
  const int out = is_sink ? STDERR_FILENO : (*data)[1].get();
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), in, out, parent, (*report)[1].get());
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(system_error("start " + arguments[0], fork_error));
  Child child(pid, std::move((*data)[is_sink ? 1 : 0]));
  // Ends without a word once the program runs.
  (*report)[1].reset();
  int error = 0;
  ssize_t n = 0;
  do {
    n = ::read((*report)[0].get(), &error, sizeof error);
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(sizeof error)) return child;
  child.wait();
  return fail(system_error("start " + arguments[0], error));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pipe_(std::move(other.pipe_)),
      status_(other.status_) {}

Child::~Child() {
  if (pid_ < 0 || status_) return;
  signal(SIGTERM);
  pipe_.reset();
  wait();
}

void Child::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

std::optional<int> Child::collect(int options) {
  if (status_) return status_;
  int status = 0;
  pid_t got = 0;
  do {
    got = ::waitpid(pid_, &status, options);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  constexpr int kSignalled = 128;
  status_ = got > 0 && WIFEXITED(status) ? WEXITSTATUS(status)
                                         : kSignalled + WTERMSIG(status);
  return status_;
}

std::optional<int> Child::poll() {
  return collect(WNOHANG);
}

int Child::wait() {
  return *collect(0);
}

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// Between SIGTERM and SIGKILL.
constexpr std::int64_t kGraceMs = 2000;

// Reads what is there within `timeout_ms`; false at the end of the output.
bool read_some(int fd, std::int64_t timeout_ms, std::size_t bytes_max,
               Finished& into) {
  pollfd readable{fd, POLLIN, 0};
  if (::poll(&readable, 1, static_cast<int>(timeout_ms)) <= 0) return true;
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  const std::size_t room = bytes_max - into.output.size();
  const auto got = static_cast<std::size_t>(n);
  into.cut = into.cut || got > room;
  into.output.append(buffer.data(), std::min(got, room));
  return true;
}

}  // namespace

Result<Finished> run_child(const std::vector<std::string>& arguments,
                           std::size_t output_bytes_max,
                           std::int64_t timeout_ms) {
  Result<Child> child = Child::start(arguments);
  if (!child) return fail(std::move(child).error());
  Finished finished;
  std::int64_t deadline_ns =
      real_clock().monotonic_ns() + timeout_ms * kNsPerMs;
  // A grandchild may hold the pipe open; the child's end is what counts.
  constexpr std::int64_t kTurnMs = 50;
  bool open = true;
  for (;;) {
    if (open) {
      open = read_some(child->output_fd(), kTurnMs, output_bytes_max, finished);
    } else {
      (void)::poll(nullptr, 0, 1);
    }
    if (const auto status = child->poll()) {
      // What it wrote last.
      while (open) {
        const std::size_t before = finished.output.size();
        open = read_some(child->output_fd(), 0, output_bytes_max, finished);
        if (finished.output.size() == before) break;
      }
      finished.status = *status;
      return finished;
    }
    if (real_clock().monotonic_ns() < deadline_ns) continue;
    child->signal(finished.timed_out ? SIGKILL : SIGTERM);
    finished.timed_out = true;
    deadline_ns = real_clock().monotonic_ns() + kGraceMs * kNsPerMs;
  }
}

}  // namespace prom::os
