// A child process whose standard output we read, or whose standard input we
// write: a stage that another stage runs for itself.  Never a shell: arguments
// arrive as they are given.
//
// No child outlives us: when we end, be it by SIGKILL, the kernel sends it
// SIGTERM.  It does so when the thread that started it ends, so a thread starts
// only children that end before itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::os {

class Child {
 public:
  // Starts `arguments[0]`, found along PATH unless it has a slash, with no
  // standard input, our standard error, and a pipe for its output.  Blocked
  // and ignored signals are not passed on.  kMissing when there is no such
  // program.
  static Result<Child> start(const std::vector<std::string>& arguments);
  // The same with a pipe to its standard input; what it prints goes to our
  // standard error.
  static Result<Child> start_sink(const std::vector<std::string>& arguments);

  // A program that is not ours: the leader of a process group of its own, with
  // `environment` added to what we have, a pipe for its standard error too,
  // and all pipes non-blocking.  When we end, the kernel kills it; end() and
  // the destructor kill its whole group.
  using Variables = std::vector<std::pair<std::string, std::string>>;
  static Result<Child> start_group(const std::vector<std::string>& arguments,
                                   const Variables& environment);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  // SIGTERM, or SIGKILL for a group, then waits

  // Its output; ends when the child has closed it.
  [[nodiscard]] int output_fd() const { return pipe_.get(); }
  // Its input; close_input() tells it that there is no more.
  [[nodiscard]] int input_fd() const { return pipe_.get(); }
  void close_input() { pipe_.reset(); }
  // Of a group: its standard error, and what becomes readable when the leader
  // has ended.
  [[nodiscard]] int error_fd() const { return error_pipe_.get(); }
  [[nodiscard]] int exit_fd() const { return exit_.get(); }
  void kill_group() const;
  // Kills what is left of a group; its leader's exit status.
  int end();
  void signal(int number) const;
  // The exit status once it ended, 128 + N when signal N ended it; nullopt
  // while it runs.
  std::optional<int> poll();
  int wait();

 private:
  enum class Kind { kSource, kSink, kGroup };

  Child(pid_t pid, Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}
  static Result<Child> spawn(const std::vector<std::string>& arguments,
                             Kind kind, const Variables& environment);
  std::optional<int> collect(int options);

  pid_t pid_ = -1;
  Fd pipe_;               // our end
  Fd error_pipe_, exit_;  // of a group
  std::optional<int> status_;
};

// What a child wrote until its end.
struct Finished {
  std::string output;      // at most what was allowed; the rest is discarded
  int status = 0;          // as Child::poll
  bool cut = false;        // it wrote more
  bool timed_out = false;  // it got SIGTERM, and SIGKILL if that did not help
};
// Runs a child to its end, or for `timeout_ms`.
Result<Finished> run_child(const std::vector<std::string>& arguments,
                           std::size_t output_bytes_max,
                           std::int64_t timeout_ms);

}  // namespace prom::os
