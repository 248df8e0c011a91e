// An exclusive lock on a file between processes: an open-file-description
// lock, which the kernel releases when its holder dies and which, unlike a
// POSIX lock, survives that the same process opens and closes the file
// elsewhere.
#pragma once

#include <optional>
#include <string>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::os {

class FileLock {
 public:
  // Creates `path` if need be and locks it without waiting.  kBusy when
  // another process holds the lock.  The file is never removed.
  static Result<FileLock> acquire(const std::string& path);

  // Whether some process holds the lock on `path`; false if there is no file.
  static Result<bool> is_held(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace prom::os
