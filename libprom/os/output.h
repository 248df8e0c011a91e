// Buffered output to a descriptor that notices every failure: a full disk and
// a reader that went away are states that the caller can ask for, and the
// program ends with the right exit code.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::os {

// One thread.  Borrows the descriptor, which must outlive it.
class Output {
 public:
  explicit Output(int fd, std::size_t buffer_bytes = 65536)
      : fd_(fd), buffer_bytes_(buffer_bytes) {}
  // A sink in memory, for tests and for building text.
  Output() : Output(-1) {}
  virtual ~Output() = default;

  void write(std::string_view text);
  // Writes what is buffered.  Called by the program's end and, in streams, at
  // the end of each record.
  Status flush();

  // The first failure, for good: everything after it is discarded.
  [[nodiscard]] const Status& status() const { return status_; }
  // The reader closed its end: a filter then ends quietly.
  [[nodiscard]] bool reader_gone() const { return reader_gone_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_terminal() const;
  // What was written to a sink in memory.
  [[nodiscard]] const std::string& text() const { return buffer_; }

 private:
  const int fd_;
  const std::size_t buffer_bytes_;
  std::string buffer_;
  Status status_;
  bool reader_gone_ = false;
};

// Columns of the terminal behind `fd`; 80 when there is none.
int terminal_columns(int fd);
int terminal_rows(int fd);

}  // namespace prom::os
