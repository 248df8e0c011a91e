// The bytes of the head, as prom-head(5) specifies them: numbers, record types
// and the fixed parts of records.  Writer and readers share this page; nothing
// outside store/ sees it.
//
// Two streams, `log` and `index`, are sequences of records; a position in a
// stream never changes and never comes back.  A stream is cut into arenas,
// files that are preallocated and written from front to back.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"

namespace prom::store {

constexpr std::uint32_t kFormatVersion = 1;
// A reader refuses a store that has a feature bit which it does not know.
constexpr std::uint32_t kFeatures = 0;

// Of a record in its stream, in bytes.  The first byte of a stream has
// position kFirstPosition, so that 0 can mean "none".
using Position = std::uint64_t;
constexpr Position kNowhere = 0;
constexpr Position kFirstPosition = 64;

// "No sample" in a row; the same bits as wire::kAbsentBits.  A sample with
// these bits is kept in a loose record.
constexpr std::uint64_t kAbsentBits = 0x7ff4ab5e47ab5e47ULL;

// Series and sources are numbered from 0 in the order of their first sight.
using SeriesId = std::uint32_t;
using SourceId = std::uint32_t;
constexpr std::uint32_t kNone = 0xFFFFFFFFU;

// Of the head; they count up from here.
constexpr std::uint64_t kFirstGeneration = 1;

// -- limits
constexpr std::uint64_t kArenaBytesMin = 1ULL << 20U;
constexpr std::uint64_t kArenaBytesMax = 64ULL << 20U;
constexpr std::uint32_t kRecordBytesMax = 256U << 20U;
constexpr std::uint32_t kZoneSeries = 4096;
constexpr std::uint32_t kColumnsMax = 8U << 20U;
constexpr std::uint32_t kSourcesMax = 16U << 20U;
constexpr std::uint32_t kLooseItemsMax = 65536;

// -- arenas
constexpr std::string_view kArenaMagic = "PROMHEAD";

struct ArenaHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t features;
  std::uint64_t store_id;
  std::uint64_t start;  // position of the byte behind this header
  std::uint64_t size;   // bytes behind this header
  char stream[16];      // "log", "index"; padded with zeros
  std::uint32_t reserved;
  std::uint32_t crc;  // of the 60 bytes before
};
static_assert(sizeof(ArenaHeader) == 64);

// -- records
enum class RecordType : std::uint8_t {
  kCommit = 1,
  kSeries = 2,
  kLayout = 3,
  kRow = 4,
  kLoose = 5,
  kMetadata = 6,
  kSources = 7,
  kZone = 8,  // in the index
  kExemplars = 9,
};

struct RecordHeader {
  // CRC-32C of the record's position as a u64 and of its bytes from `size` on.
  std::uint32_t crc;
  std::uint32_t size;  // with this header and padding: a multiple of 8
  RecordType type;
  std::uint8_t flags;
  std::uint16_t reserved;
  std::uint32_t source;  // kNone where it does not apply
};
static_assert(sizeof(RecordHeader) == 16);

// Ends a batch of records, which readers see whole or not at all, and is the
// root from which they find everything else.
struct CommitBody {
  std::uint64_t number;
  Position batch_start;
  Position last_series;
  Position last_zone;  // in the index
  Position last_loose;
  Position last_sources;
  Position last_metadata;
  std::uint64_t samples;
  std::int64_t min_ms;  // of all samples; min > max while there are none
  std::int64_t max_ms;
  std::int64_t wall_ms;
  std::uint32_t series_count;
  std::uint32_t zone_count;
  std::uint32_t source_count;
  std::uint32_t records_crc;  // of the crc fields of the batch's records
  Position last_exemplars;    // not in commit records of the first stores
};
static_assert(sizeof(CommitBody) == 112);
constexpr std::size_t kFirstCommitBodyBytes = 104;
constexpr std::size_t kCommitBytes = sizeof(RecordHeader) + sizeof(CommitBody);
constexpr std::size_t kFirstCommitBytes =
    sizeof(RecordHeader) + kFirstCommitBodyBytes;

// New series: then for each u32 home source, u32 length, encoded labels.
struct SeriesBody {
  Position previous;
  SeriesId first;
  std::uint32_t count;
};
static_assert(sizeof(SeriesBody) == 16);

// Columns of a source's rows: then u32 series[count].  A layout begins with a
// base record (first_column 0) and grows by further ones.  With kLayoutSent it
// also says how the sender numbers its series: then u32 column[sent_count],
// kNone for a series that was refused; or, with kSentAll, as the columns.
struct LayoutBody {
  Position previous;  // layout record of the same source
  Position base;      // its own position in a base record
  std::uint64_t source_key;
  std::uint64_t fingerprint;  // of the sender's layout, as in prom-wire(5)
  std::uint32_t first_column;
  std::uint32_t count;
  std::uint32_t version;  // the sender's
  std::uint32_t sent_count;
};
static_assert(sizeof(LayoutBody) == 48);
// A column's series has its home elsewhere.
constexpr std::uint8_t kLayoutForeign = 1;
constexpr std::uint8_t kLayoutSent = 2;
constexpr std::uint32_t kSentAll = 0xFFFFFFFFU;

// Then, in a keyframe, KeyframePart; then, with kRowCells, CellsPart and what
// encode_cells writes; then what encode_row writes.
struct RowBody {
  std::int64_t t_ms;
  std::uint64_t sequence;
  Position previous;  // row of the same source
  Position keyframe;  // its own position in a keyframe
  std::uint32_t columns;
  std::uint32_t ordinal;  // within the group; 0 in a keyframe
};
static_assert(sizeof(RowBody) == 40);
constexpr std::uint8_t kRowKeyframe = 1;
constexpr std::uint8_t kRowCells = 2;

struct KeyframePart {
  Position layout;  // base record
  // The last row of an earlier group, which makes finding a time logarithmic:
  // Myers' skew-binary jump pointers.
  Position jump;
  std::uint64_t group;  // counts up per source
};
static_assert(sizeof(KeyframePart) == 24);

// Histograms and start timestamps of a row.
struct CellsPart {
  std::uint32_t bytes;
  std::uint32_t reserved;
};
static_assert(sizeof(CellsPart) == 8);

// Samples with times of their own, ascending by series and time: then
// u32 series[count], u32 milliseconds after base_ms[count], u64 value[count],
// and what encode_cells writes for them, an item as a column.
struct LooseBody {
  Position previous;
  std::int64_t base_ms;
  std::int64_t max_ms;
  std::int64_t newest_ms;  // of this and all earlier loose records
  std::uint32_t count;
  std::uint32_t cells_bytes;
};
static_assert(sizeof(LooseBody) == 40);

// Families: then for each four texts (varint length, bytes).
struct MetadataBody {
  Position previous;
  std::uint32_t count;
  std::uint32_t reserved;
};
static_assert(sizeof(MetadataBody) == 16);

// Exemplars: then for each u32 series, labels (varint length, encoded), zigzag
// varint milliseconds after base_ms, double value.
struct ExemplarsBody {
  Position previous;
  std::int64_t base_ms;
  std::uint32_t count;
  std::uint32_t reserved;
};
static_assert(sizeof(ExemplarsBody) == 24);
// The newest of a generation; older ones are not shown.
constexpr std::uint32_t kExemplarsMax = 100'000;

// All sources as of this record, so that a reader need not walk the log.
struct SourcesBody {
  Position previous;
  std::uint32_t count;
  std::uint32_t reserved;
};
struct SourceEntry {
  std::uint64_t key;
  Position last_row;
  Position last_layout;
  std::uint32_t foreign;  // 1: has columns whose series live elsewhere
  std::uint32_t reserved;
};
static_assert(sizeof(SourcesBody) == 16 && sizeof(SourceEntry) == 32);

// kZoneSeries series by column; see store/zone.h.
struct ZoneBody {
  Position previous;
  SeriesId first;
  std::uint32_t count;
  std::uint32_t sections;
  std::uint32_t table_size;  // bytes of section entries and their names
  std::uint32_t table_crc;   // of this struct up to here and of the table
  std::uint32_t reserved;
};
static_assert(sizeof(ZoneBody) == 32);

template <typename T>
  requires std::is_trivially_copyable_v<T>
T load_struct(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}
template <typename T>
  requires std::is_trivially_copyable_v<T>
void append_struct(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// The checksum that belongs into the header of `record` at `position`.
inline std::uint32_t record_crc(Position position, Bytes record) {
  char seed[8];
  store_le(seed, position);
  return crc32c(record.subspan(4), crc32c(std::string_view(seed, 8)));
}

}  // namespace prom::store
