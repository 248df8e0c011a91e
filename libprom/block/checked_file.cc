#include "libprom/block/checked_file.h"

#include <algorithm>

#include "libprom/base/checksum.h"

namespace prom::block {
namespace {

constexpr std::uint64_t kSumsPerPage = kPageBytes / sizeof(std::uint32_t);

}  // namespace

Result<std::unique_ptr<CheckedFile>> CheckedFile::open(
    const std::string& path) {
  auto map = os::MappedFile::open(path);
  if (!map) return fail(std::move(map).error());
  std::unique_ptr<CheckedFile> file(new CheckedFile());
  file->path_ = path;
  file->map_ = std::move(*map);
  const Bytes bytes = file->map_.bytes();
  file->fault_ = os::FaultGuard(bytes);
  auto header = decode_header(bytes, bytes.size());
  if (file->fault_.fault()) return fail(file->unreadable(0));
  if (!header) return fail(std::move(header).error().in(path));
  file->header_ = std::move(*header);
  const std::uint64_t pages = file->header_.pages;
  file->end_ = pages * kPageBytes;
  const std::uint64_t sums = sum_pages(pages);
  const std::uint64_t tops = file->end_ + sums * kPageBytes;
  if (crc32c(bytes.subspan(tops)) != file->header_.sums_crc)
    return fail(file->damage(tops, "bad crc"));
  file->checked_ =
      std::make_unique<std::atomic<std::uint64_t>[]>((pages + sums) / 64 + 1);
  return file;
}

Error CheckedFile::damage(std::uint64_t offset, std::string_view what) const {
  return Error{Code::kCorrupt, path_ + ": offset " + std::to_string(offset) +
                                   ": " + std::string(what)};
}

Error CheckedFile::unreadable(std::uint64_t offset) const {
  return Error{Code::kIo, path_ + ": offset " + std::to_string(offset) +
                              ": the disk cannot read it"};
}

Status CheckedFile::check(std::uint64_t offset, std::uint64_t size) const {
  if (!contains(offset, size))
    return fail(damage(offset, "points outside of the file"));
  if (size == 0) return {};
  const std::uint64_t last = (offset + size - 1) / kPageBytes;
  // A page that was good may be lost later: then no bit counts any more.
  const bool lost = fault_.fault().has_value();
  for (std::uint64_t page = offset / kPageBytes; page <= last; ++page) {
    const std::uint64_t bits =
        checked_[page / 64].load(std::memory_order_relaxed);
    if (!lost && (bits >> (page % 64) & 1U) != 0) continue;
    if (Status status = check_page(page); !status) return status;
  }
  return {};
}

Status CheckedFile::check_page(std::uint64_t page) const {
  const std::uint64_t sum = page - 1;
  if (Status status = check_sums(sum / kSumsPerPage); !status) return status;
  const Bytes bytes = map_.bytes();
  const auto expected =
      load_le<std::uint32_t>(bytes.data() + end_ + sum * sizeof(std::uint32_t));
  if (crc32c(bytes.subspan(page * kPageBytes, kPageBytes)) != expected)
    return fail(damage(page * kPageBytes, "bad crc of a page"));
  checked_[page / 64].fetch_or(std::uint64_t{1} << (page % 64),
                               std::memory_order_relaxed);
  return {};
}

Status CheckedFile::check_sums(std::uint64_t sum_page) const {
  const std::uint64_t bit = header_.pages + sum_page;
  const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
  std::atomic<std::uint64_t>& word = checked_[bit / 64];
  if (!fault_.fault() && (word.load(std::memory_order_relaxed) & mask) != 0)
    return {};
  const Bytes bytes = map_.bytes();
  const std::uint64_t at = end_ + sum_page * kPageBytes;
  const std::uint64_t tops = end_ + sum_pages(header_.pages) * kPageBytes;
  const auto expected = load_le<std::uint32_t>(
      bytes.data() + tops + sum_page * sizeof(std::uint32_t));
  if (crc32c(bytes.subspan(at, kPageBytes)) != expected)
    return fail(damage(at, "bad crc of checksums"));
  word.fetch_or(mask, std::memory_order_relaxed);
  return {};
}

Result<Bytes> CheckedFile::bytes(std::uint64_t offset,
                                 std::uint64_t size) const {
  if (Status status = check(offset, size); !status)
    return fail(std::move(status).error());
  return map_.bytes().subspan(offset, size);
}

Bytes CheckedFile::tail(std::uint64_t offset) const {
  if (offset < kPageBytes || offset >= end_) return {};
  return map_.bytes().subspan(offset, end_ - offset);
}

void CheckedFile::verify(
    const std::function<void(const Error&)>& on_damage) const {
  map_.advise(os::MappedFile::Advice::kSequential);
  const std::uint64_t sums = sum_pages(header_.pages);
  for (std::uint64_t i = 0; i < sums; ++i) {
    if (const Status status = check_sums(i); !status) {
      on_damage(status.error());
      continue;
    }
    const std::uint64_t first = 1 + i * kSumsPerPage;
    const std::uint64_t last = std::min(header_.pages, first + kSumsPerPage);
    for (std::uint64_t page = first; page < last; ++page) {
      if (const Status status = check_page(page); !status)
        on_damage(status.error());
    }
  }
}

}  // namespace prom::block
