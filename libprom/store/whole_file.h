// A file that gets its name when it is whole: export and backup write through
// it, so that a failure, an interrupt or a full disk leaves nothing half made.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libprom/base/result.h"
#include "libprom/os/file.h"
#include "libprom/os/output.h"

namespace prom::store {

// One thread.
class WholeFile {
 public:
  // `path` "-" is `out`; what exists and is no regular file (a device, a named
  // pipe) is written in place.
  static Result<std::unique_ptr<WholeFile>> create(os::FileSystem& files,
                                                   const std::string& path,
                                                   os::Output& out);
  // Removes what was not finished.
  ~WholeFile();

  [[nodiscard]] os::Output& out() { return own_ ? *own_ : shared_; }
  // Flushes, syncs and names the file.
  Status finish();

 private:
  WholeFile(os::FileSystem& files, os::Output& shared)
      : files_(files), shared_(shared) {}

  os::FileSystem& files_;
  os::Output& shared_;
  std::string path_;
  std::string unfinished_;  // its name until then; "": written in place
  std::unique_ptr<os::File> file_;
  std::optional<os::Output> own_;
};

}  // namespace prom::store
