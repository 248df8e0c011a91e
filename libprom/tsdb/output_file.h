// A file of a block that is written front to back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::tsdb {

// One thread.  After a failure nothing but the destructor may be called.
class OutputFile {
 public:
  // REQUIRES: no file of that name.
  static Result<OutputFile> create(os::FileSystem& files,
                                   const std::string& path);

  Status append(std::string_view bytes);
  // Bytes appended so far.
  [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }
  // Everything reaches the disk.
  Status finish();
  // Everything reaches the file, which can then be read.
  Status flush();
  [[nodiscard]] os::File& file() { return *file_; }

 private:
  explicit OutputFile(std::unique_ptr<os::File> file)
      : file_(std::move(file)) {}

  std::unique_ptr<os::File> file_;
  std::uint64_t written_ = 0;
  std::string buffer_;
};

}  // namespace prom::tsdb
