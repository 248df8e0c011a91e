#include "libprom/block/format.h"

#include "libprom/base/checksum.h"

namespace prom::block {
namespace {

constexpr std::size_t kSectionsAt = 104;
constexpr std::size_t kCrcAt = kPageBytes - sizeof(std::uint32_t);
constexpr std::size_t kSectionBytes = 24;
static_assert(kSectionsAt + kSectionsMax * kSectionBytes <= kCrcAt);

struct Fixed {
  std::array<char, 8> magic{};
  std::uint32_t version = kFormatVersion;
  std::uint32_t features = 0;
  Ulid id;
  std::uint64_t file_bytes = 0;
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;
  std::uint64_t samples = 0;
  std::uint64_t pages = 0;
  std::uint32_t series = 0;
  std::uint32_t level = 0;
  std::uint32_t time_columns = 0;
  std::uint32_t sums_crc = 0;
  std::uint32_t sections = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Fixed) == 96 && sizeof(Fixed) <= kSectionsAt);

bool is_plausible(const Fixed& fixed, std::uint64_t file_bytes) {
  if (fixed.file_bytes != file_bytes || fixed.series == 0 ||
      fixed.series > kSeriesMax || fixed.min_ms > fixed.max_ms ||
      fixed.sections > kSectionsMax || fixed.reserved != 0)
    return false;
  if (fixed.pages < 2 || fixed.pages > file_bytes / kPageBytes) return false;
  const std::uint64_t sums = sum_pages(fixed.pages);
  return fixed.pages * kPageBytes + sums * kPageBytes +
             sums * sizeof(std::uint32_t) ==
         file_bytes;
}

}  // namespace

std::string encode_header(const Header& header) {
  Fixed fixed;
  kMagic.copy(fixed.magic.data(), fixed.magic.size());
  fixed.id = header.info.id;
  fixed.file_bytes = header.info.bytes;
  fixed.min_ms = header.info.min_ms;
  fixed.max_ms = header.info.max_ms;
  fixed.samples = header.info.samples;
  fixed.pages = header.pages;
  fixed.series = static_cast<std::uint32_t>(header.info.series);
  if (header.info.bins_alone) fixed.features |= kHasBinsAlone;
  fixed.level = header.info.level;
  fixed.time_columns = header.time_columns;
  fixed.sums_crc = header.sums_crc;
  std::string table;
  for (std::uint32_t kind = 0; kind < kSectionsMax; ++kind) {
    const auto& section = header.sections[kind];
    if (!section) continue;
    ++fixed.sections;
    append_le(table, kind);
    append_le(table, std::uint32_t{0});
    append_le(table, section->offset);
    append_le(table, section->size);
  }
  std::string page;
  append_struct(page, fixed);
  page.resize(kSectionsAt);
  page += table;
  page.resize(kCrcAt);
  append_le(page, crc32c(page));
  return page;
}

Result<Header> decode_header(Bytes page, std::uint64_t file_bytes) {
  if (page.size() < kPageBytes) return fail(Code::kCorrupt, "too short");
  const auto fixed = load_struct<Fixed>(page.data());
  if (std::string_view(fixed.magic.data(), fixed.magic.size()) != kMagic)
    return fail(Code::kCorrupt, "not a block");
  if (load_le<std::uint32_t>(page.data() + kCrcAt) !=
      crc32c(page.first(kCrcAt)))
    return fail(Code::kCorrupt, "offset 0: bad crc of the header");
  if (fixed.version != kFormatVersion || (fixed.features & ~kHasBinsAlone) != 0)
    return fail(Code::kConfig, "version " + std::to_string(fixed.version) +
                                   ", features " +
                                   std::to_string(fixed.features) +
                                   " of a block are not known here");
  if (!is_plausible(fixed, file_bytes))
    return fail(Code::kCorrupt, "header and file size " +
                                    std::to_string(file_bytes) +
                                    " contradict each other");
  Header header;
  header.info = {.id = fixed.id,
                 .min_ms = fixed.min_ms,
                 .max_ms = fixed.max_ms,
                 .series = fixed.series,
                 .samples = fixed.samples,
                 .bytes = file_bytes,
                 .level = fixed.level,
                 .parents = {},
                 .bins_alone = (fixed.features & kHasBinsAlone) != 0};
  header.pages = fixed.pages;
  header.time_columns = fixed.time_columns;
  header.sums_crc = fixed.sums_crc;
  const std::uint64_t end = fixed.pages * kPageBytes;
  ByteReader reader(page.subspan(kSectionsAt, fixed.sections * kSectionBytes));
  for (std::uint32_t i = 0; i < fixed.sections; ++i) {
    const auto kind = reader.fixed<std::uint32_t>();
    (void)reader.fixed<std::uint32_t>();
    Section section;
    section.offset = reader.fixed<std::uint64_t>();
    section.size = reader.fixed<std::uint64_t>();
    if (kind >= kSectionsMax || header.sections[kind] ||
        section.offset < kPageBytes || section.offset > end ||
        section.size > end - section.offset)
      return fail(Code::kCorrupt, "bad section " + std::to_string(kind));
    header.sections[kind] = section;
  }
  return header;
}

}  // namespace prom::block
