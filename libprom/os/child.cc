#include "libprom/os/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "libprom/os/clock.h"

namespace prom::os {
namespace {

struct Actions {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};

  Actions() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& arguments) {
  return spawn(arguments, false);
}

Result<Child> Child::start_sink(const std::vector<std::string>& arguments) {
  return spawn(arguments, true);
}

Result<Child> Child::spawn(const std::vector<std::string>& arguments,
                           bool is_sink) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(system_error("make a pipe", errno));
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  Actions actions;
  if (is_sink) {
    ::posix_spawn_file_actions_adddup2(&actions.files, read_end.get(),
                                       STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions.files, STDERR_FILENO,
                                       STDOUT_FILENO);
  } else {
    ::posix_spawn_file_actions_addopen(&actions.files, STDIN_FILENO,
                                       "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions.files, write_end.get(),
                                       STDOUT_FILENO);
  }
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&actions.attributes, &none);
  ::posix_spawnattr_setsigdefault(&actions.attributes, &all);
  ::posix_spawnattr_setflags(&actions.attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &actions.files,
                                   &actions.attributes, argv.data(), environ);
  if (error != 0) return fail(system_error("start " + arguments[0], error));
  return Child(pid, std::move(is_sink ? write_end : read_end));
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
