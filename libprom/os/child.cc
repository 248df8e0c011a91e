#include "libprom/os/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "libprom/os/clock.h"

namespace prom::os {
namespace {

// What a child is given, all above the standard descriptors but `err`.
struct Gifts {
  int in = -1, out = -1, err = -1;
  int report = -1;  // for errno, when there is no such program
  bool leads_group = false;
};

// The child's way from fork() to its program: nothing that allocates or locks,
// since other threads may have held any lock.
[[noreturn]] void become(char* const* argv, char* const* environment,
                         const Gifts& gifts, pid_t parent) {
  constexpr int kCannotStart = 127;
  // Signals are still blocked, so none is handled by what we inherited.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  // The kernel ends us when the thread that forked ends; if that has happened
  // already, it never will.
  bool good =
      ::prctl(PR_SET_PDEATHSIG, gifts.leads_group ? SIGKILL : SIGTERM) == 0 &&
      ::getppid() == parent;
  if (good && gifts.leads_group) good = ::setpgid(0, 0) == 0;
  if (!good) ::_exit(kCannotStart);
  good = ::dup2(gifts.in, STDIN_FILENO) >= 0 &&
         ::dup2(gifts.out, STDOUT_FILENO) >= 0 &&
         ::dup2(gifts.err, STDERR_FILENO) >= 0;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (good) ::execvpe(argv[0], argv, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t n =
      ::write(gifts.report, &error, sizeof error);
  ::_exit(kCannotStart);
}

// "NAME=value" of ours, but for those that `added` has, and of `added`.
std::vector<std::string> joined_environment(const Child::Variables& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (std::ranges::none_of(
            added, [&](const auto& pair) { return pair.first == name; }))
      all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

// Pointers into `texts`, as exec wants them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
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
  return spawn(arguments, Kind::kSource, {});
}

Result<Child> Child::start_sink(const std::vector<std::string>& arguments) {
  return spawn(arguments, Kind::kSink, {});
}

Result<Child> Child::start_group(const std::vector<std::string>& arguments,
                                 const Variables& environment) {
  return spawn(arguments, Kind::kGroup, environment);
}

Result<Child> Child::spawn(const std::vector<std::string>& arguments, Kind kind,
                           const Variables& environment) {
  const bool is_sink = kind == Kind::kSink;
  const bool is_group = kind == Kind::kGroup;
  auto data = make_pipe();
  auto report = make_pipe();
  if (!data || !report) return fail((data ? report : data).error());
  std::array<Fd, 2> errors;
  if (is_group) {
    auto made = make_pipe();
    if (!made) return fail(made.error());
    errors = *std::move(made);
  }
  const Fd nothing =
      above_standard(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const Gifts gifts{
      .in = is_sink ? (*data)[0].get() : nothing.get(),
      .out = is_sink ? STDERR_FILENO : (*data)[1].get(),
      .err = is_group ? errors[1].get() : STDERR_FILENO,
      .report = (*report)[1].get(),
      .leads_group = is_group,
  };
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<std::string> variables = joined_environment(environment);
  const std::vector<char*> envp = pointers(variables);
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), envp.data(), gifts, parent);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(system_error("start " + arguments[0], fork_error));
  Child child(pid, std::move((*data)[is_sink ? 1 : 0]));
  if (is_group) {
    child.error_pipe_ = std::move(errors[0]);
    child.exit_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!child.exit_.valid()) {
      const int pidfd_error = errno;
      child.end();
      return fail(system_error("watch " + arguments[0], pidfd_error));
    }
    for (const int fd : {child.pipe_.get(), child.error_pipe_.get()})
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
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
      error_pipe_(std::move(other.error_pipe_)),
      exit_(std::move(other.exit_)),
      status_(other.status_) {}

Child::~Child() {
  if (pid_ < 0 || status_) return;
  if (exit_.valid()) {
    end();
    return;
  }
  signal(SIGTERM);
  pipe_.reset();
  wait();
}

// The leader's number is the group's until it is collected.
void Child::kill_group() const {
  if (pid_ > 0 && !status_) ::kill(-pid_, SIGKILL);
}

int Child::end() {
  kill_group();
  return wait();
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
