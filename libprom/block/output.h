// The file that a writer writes, from front to back: whole pages with their
// checksums, the header last.  Bytes that were appended can be compared again,
// for columns that occur twice.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/format.h"
#include "libprom/os/file.h"

namespace prom::block {

// One thread.  After a failure only the destructor may be called.
class Output {
 public:
  // The file must not exist.
  static Result<std::unique_ptr<Output>> create(os::FileSystem& files,
                                                const std::string& path);

  // File offset of the next byte.
  [[nodiscard]] std::uint64_t offset() const {
    return buffer_offset_ + buffer_.size();
  }
  Status append(std::string_view bytes);
  // Appends a run, with its place in the file.
  Result<Run> append(std::span<const std::uint64_t> numbers);
  // Whether the bytes from `offset` on are these.
  Result<bool> holds(std::uint64_t offset, std::string_view bytes);

  // Appends the checksums, writes the header and, if asked, syncs.  Fills in
  // what the header says of the file.
  Status finish(Header& header, bool durable);

 private:
  Output() = default;
  Status flush(std::size_t size);

  std::unique_ptr<os::File> file_;
  std::string buffer_;
  std::uint64_t buffer_offset_ = kPageBytes;  // a multiple of kPageBytes
  std::string sums_;                          // u32 each
  std::string scratch_;
};

}  // namespace prom::block
