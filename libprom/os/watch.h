// Notices changes in directories: files created, replaced, finished writing,
// removed.  A hint to look again, not a record of what happened: events may
// be merged or lost, so whoever watches also looks from time to time.
#pragma once

#include <string>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::os {

// Movable.  One thread.
class DirectoryWatch {
 public:
  static Result<DirectoryWatch> create();

  // Watches `path` too; again has no effect.  kMissing when it is not there.
  Status add(const std::string& path);

  // Readable when something may have changed.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Takes all waiting events; true when there was one.
  bool take_events();

 private:
  explicit DirectoryWatch(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace prom::os
