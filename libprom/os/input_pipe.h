// Input that is looked at, put to use and only then consumed, so that a process
// that is killed in between leaves it to its successor.  From a pipe, bytes are
// copied with tee(2) and consumed with splice(2); from anything else they are
// read, which is all that can be done there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::os {

// One thread.  Borrows the descriptor.  On a pipe nobody else may read.
class InputPipe {
 public:
  // Makes a pipe as large as the system allows, up to 1 MiB.
  static Result<InputPipe> open(int fd);

  // Looks for more, without waiting on a pipe; from anything else it waits for
  // a read.  Returns whether bytes() grew or the end was found.
  Result<bool> fill();
  // What has not been consumed.  Valid until the next call.
  [[nodiscard]] std::string_view bytes() const { return buffer_; }
  // Nothing follows bytes().
  [[nodiscard]] bool ended() const { return ended_; }
  Status consume(std::size_t size);

  // Takes the bytes out of the pipe into memory, for a unit that is larger
  // than a pipe.  They are then as lost as any in a process that is killed.
  Status absorb();

  [[nodiscard]] bool is_pipe() const { return is_pipe_; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  explicit InputPipe(int fd) : fd_(fd) {}
  Result<bool> fill_from_pipe();
  Result<bool> fill_by_reading();
  Status drain(std::size_t size);

  int fd_;
  bool is_pipe_ = false;
  bool ended_ = false;
  Fd copy_in_;   // the pipe into which tee copies
  Fd copy_out_;  // and its other end
  Fd null_;
  std::string buffer_;
  std::size_t absorbed_ = 0;  // bytes of buffer_ that left the pipe
};

}  // namespace prom::os
