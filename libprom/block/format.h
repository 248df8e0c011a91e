// The bytes of a block that several files of this folder must agree on;
// prom-block(5) specifies them.
//
//   page 0          header, under its own checksum
//   pages 1 … n-1   columns of samples, exemplars, statistics, runs of
//                   numbers as they become ready; then the sections
//   n * 4096        CRC-32C of each page from 1 on, padded to whole pages
//   then            CRC-32C of each page of those, whose CRC is in the header
//
// So a reader opens a block of any size by looking at a few pages, and meets
// damage where it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/block/block.h"

namespace prom::block {

constexpr std::string_view kMagic = "PROMBLK1";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kPageBytes = 4096;

// Numbers are kept in runs: of labels and time columns a run for this many
// series, of offsets, which differ more, for that many.
constexpr std::uint32_t kZoneSeries = 4096;
constexpr std::uint32_t kOffsetZone = 64;

// What a series has of one kind of sample.  Each is a run table: a run for
// each zone of series.  A table that is not there is all zeros.
enum class SampleTable : std::uint32_t {
  kTimes = 0,      // number of the time column from 1; 0: no such samples
  kSkipFront = 1,  // values of the time column that come before its own
  kSkipBack = 2,   // … and after
  kValues = 3,     // file offset of the value or histogram column
  // File offset of the column of start times, 0: none; of bins, of what
  // follows from their times.
  kStarts = 4,
};
constexpr std::uint32_t kSampleTables = 5;
constexpr std::uint32_t zone_of(SampleTable table) {
  return table < SampleTable::kValues ? kZoneSeries : kOffsetZone;
}

enum class SectionKind : std::uint32_t {
  kParents = 1,       // ULIDs
  kHashes = 2,        // u64 Labels::hash() of each series
  kLabelNames = 3,    // NameEntry of each label name, then the names
  kLabelZones = 4,    // u64 first entry of each zone, and the end; ZoneEntry…
  kTimeColumns = 5,   // run table of file offsets
  kStatistics = 6,    // of whole blocks, in files of earlier programs
  kExemplars = 7,     // ExemplarEntry…, ascending
  kMetadata = 8,      // u32 size, u32 packed size or 0, texts (LZ4)
  kFloats = 16,       // + SampleTable
  kHistograms = 32,   // + SampleTable
  kFiveMinutes = 48,  // + SampleTable: bins of 5 minutes (statistics.h)
  kHours = 56,        // + SampleTable: bins of an hour
};
constexpr std::size_t kSectionsMax = 64;

// A reader that does not know a feature does not read the block.
// Some series have bins of which there are no samples.
constexpr std::uint32_t kHasBinsAlone = 1;

struct Section {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Page 0.
struct Header {
  BlockInfo info;  // without parents
  std::uint64_t pages = 0;
  std::uint32_t time_columns = 0;
  std::uint32_t sums_crc = 0;
  // By kind; nothing at kinds that the file has not.
  std::array<std::optional<Section>, kSectionsMax> sections;

  [[nodiscard]] std::optional<Section> section(std::uint32_t kind) const {
    return sections[kind];
  }
  [[nodiscard]] std::optional<Section> section(SectionKind kind) const {
    return section(static_cast<std::uint32_t>(kind));
  }
};

// kPageBytes long.
std::string encode_header(const Header& header);
// kCorrupt, or kConfig for a version or feature not known here.  What it
// returns fits a file of `file_bytes`: sections lie within the pages.
Result<Header> decode_header(Bytes page, std::uint64_t file_bytes);

// Pages that hold the checksums of `pages` pages.
constexpr std::uint64_t sum_pages(std::uint64_t pages) {
  return (pages * sizeof(std::uint32_t) + kPageBytes - 1) / kPageBytes;
}

// count numbers: base plus count deltas of `width` bytes at a file offset.
struct Run {
  std::uint64_t base = 0;
  std::uint64_t place = 0;  // file offset << 3 | width code
};
static_assert(sizeof(Run) == 16);

// Values 1 … values of a label, ascending: blob[ends[i-1], ends[i]).
struct NameEntry {
  std::uint32_t name_size = 0;
  std::uint32_t values = 0;
  std::uint64_t ends = 0;  // file offset of u32 each
  std::uint64_t blob = 0;  // file offset
  std::uint64_t blob_bytes = 0;
};
static_assert(sizeof(NameEntry) == 32);

// The numbers of one label in one zone: 0 is no such label.  Ascending by
// name; a label that no series of the zone has is not there.
struct ZoneEntry {
  std::uint32_t name = 0;  // its place in kLabelNames, from 0
  std::uint32_t reserved = 0;
  Run run;
};
static_assert(sizeof(ZoneEntry) == 24);

struct ExemplarEntry {
  std::uint32_t series = 0;
  std::uint32_t bytes = 0;
  std::uint64_t offset = 0;  // in the file
};
static_assert(sizeof(ExemplarEntry) == 16);

template <typename T>
T load_struct(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <typename T>
void append_struct(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

constexpr std::string_view kLeftoverPrefix = ".tmp-";
// Of the metadata, unpacked.
constexpr std::uint32_t kMetadataBytesMax = 256U << 20U;
constexpr std::uint32_t kLabelNamesMax = 1U << 20U;

}  // namespace prom::block
