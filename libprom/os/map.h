// Files mapped for reading.  A mapping stays valid when the file is unlinked
// or replaced, but not when it is truncated: files of the store never are.
#pragma once

#include <memory>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"

namespace boost::interprocess {
class mapped_region;  // NOLINT: Boost's name
}

namespace prom::os {

// A read-only or read-write view of the first `size` bytes of a file.
// Movable.  Threads may share it.
class MappedFile {
 public:
  enum class Access { kRead, kReadWrite };

  // Maps the whole file as it is long now; `size` 0 means that.  kMissing when
  // there is no such file, kCorrupt when it is shorter than `size`.
  static Result<MappedFile> open(const std::string& path,
                                 Access access = Access::kRead,
                                 std::uint64_t size = 0);

  MappedFile();
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  ~MappedFile();

  [[nodiscard]] Bytes bytes() const;
  // REQUIRES: opened with kReadWrite.
  [[nodiscard]] std::span<std::byte> writable() const;
  [[nodiscard]] std::uint64_t size() const { return bytes().size(); }

  // Hints for the kernel; they change speed only.
  enum class Advice { kRandom, kSequential, kWillNeed };
  void advise(Advice advice) const;

 private:
  std::unique_ptr<boost::interprocess::mapped_region> region_;
};

}  // namespace prom::os
