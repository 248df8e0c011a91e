// A mapped block whose pages are held to their checksums when they are first
// touched.  All of this folder's reading goes through it.
//
// A page is checked once per process, and a bit remembers it: the first read of
// a block takes a tenth longer than those that follow.  A page
// that the disk cannot give reads as zeros (os/fault.h): an operation that was
// under way then fails, and later ones meet the bad checksum.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/block/format.h"
#include "libprom/os/fault.h"
#include "libprom/os/map.h"

namespace prom::block {

// Immutable but for the bits; threads may share it.
class CheckedFile {
 public:
  // Reads the header and the checksums of the checksums.
  static Result<std::unique_ptr<CheckedFile>> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Header& header() const { return header_; }

  // [offset, offset + size) lies within the pages.
  [[nodiscard]] bool contains(std::uint64_t offset, std::uint64_t size) const {
    return offset >= kPageBytes && offset <= end_ && size <= end_ - offset;
  }
  // kCorrupt when [offset, offset + size) leaves the pages or one of them
  // fails its checksum.
  Status check(std::uint64_t offset, std::uint64_t size) const;
  // The same, and the bytes.
  [[nodiscard]] Result<Bytes> bytes(std::uint64_t offset,
                                    std::uint64_t size) const;
  // From `offset` to the end of the pages, not checked; kOverread bytes behind
  // them are readable.  Empty when `offset` is outside.
  [[nodiscard]] Bytes tail(std::uint64_t offset) const;

  // Every page.
  void verify(const std::function<void(const Error&)>& on_damage) const;

  // Runs `read`, whose result is a Result; when a page could not be read
  // meanwhile, the result is kIo.
  template <typename F>
  auto guarded(F&& read) const -> decltype(read()) {
    const std::optional<std::uint64_t> before = fault_.fault();
    auto result = read();
    const std::optional<std::uint64_t> after = fault_.fault();
    if (after != before) return fail(unreadable(*after));
    return result;
  }

  // The last page that the disk could not read; and an error that says so.
  [[nodiscard]] std::optional<std::uint64_t> lost_page() const {
    return fault_.fault();
  }
  [[nodiscard]] Error unreadable(std::uint64_t offset) const;
  // kCorrupt, with file and offset.
  [[nodiscard]] Error damage(std::uint64_t offset, std::string_view what) const;

 private:
  CheckedFile() = default;
  [[nodiscard]] Status check_page(std::uint64_t page) const;
  [[nodiscard]] Status check_sums(std::uint64_t sum_page) const;

  std::string path_;
  os::MappedFile map_;
  os::FaultGuard fault_;
  Header header_;
  std::uint64_t end_ = 0;  // of the pages
  // A bit for each page, then one for each page of checksums; set: checked.
  std::unique_ptr<std::atomic<std::uint64_t>[]> checked_;
};

}  // namespace prom::block
