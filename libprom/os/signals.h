// Signals as a descriptor that becomes readable, so that an event loop waits
// for them like for anything else.
#pragma once

#include <initializer_list>
#include <optional>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::os {

class Signals {
 public:
  // Blocks the signals for the whole process and collects them.  Call before
  // any thread starts, so that all threads inherit the mask.
  static Result<Signals> collect(std::initializer_list<int> signals);

  // Readable when a signal is waiting.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // The next waiting signal; nullopt when there is none.
  std::optional<int> next();
  // Waits for one; nullopt when none came within `timeout_ms` (-1: for ever).
  std::optional<int> wait(int timeout_ms = -1);

 private:
  explicit Signals(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// Writes to a closed pipe or socket return EPIPE instead of ending the
// process.  Every tool calls it: a filter must end quietly, not die.
void ignore_sigpipe();

}  // namespace prom::os
