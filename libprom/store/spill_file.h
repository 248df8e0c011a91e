// Temporary bytes beyond what memory may take: appended, then read at any
// place.  The first megabytes stay in memory; the rest goes to a file that has
// no name, so nothing is left behind however the process ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::store {

constexpr std::size_t kSpillMemoryBytes = 8U << 20U;

// One thread.
class SpillFile {
 public:
  SpillFile(os::FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  // kIo when the disk is full; what was appended before can still be read.
  Status append(std::string_view bytes);
  // Exactly into.size() bytes.  REQUIRES: they were appended.
  Status read_at(std::uint64_t offset, std::span<std::byte> into) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  os::FileSystem& files_;
  const std::string directory_;
  std::string memory_;  // bytes [0, memory_.size())
  std::unique_ptr<os::File> file_;
  std::uint64_t size_ = 0;
};

}  // namespace prom::store
