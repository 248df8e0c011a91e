// What the files of the writer share: the state of a source and a few sizes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/store/writer.h"

namespace prom::store {

// Rows of a group, the keyframe included.  Measured on the captures: 1.3 bytes
// a sample with 32, 0.02 more or less with half or twice as many.
constexpr std::uint32_t kGroupRows = 32;
// Samples per run of one time from which runs of text input become rows.
constexpr std::size_t kRowSamplesMin = 8;
// Series that share rows when nothing but their time joins them: wide enough
// that a row's header does not matter, and narrow enough that a long run of
// samples can be taken in pieces without cutting many rows.
constexpr std::size_t kImplicitColumnsMax = 1024;
// A layout that grew so often begins anew, so that reading it stays cheap.
constexpr std::uint32_t kLayoutRecordsMax = 256;
// What may wait in memory for a disk that is full.
constexpr std::size_t kBatchBytesMax = 32ULL << 20U;

struct Writer::Source {
  std::uint64_t key = 0;
  // The series in the sender's order, if it is a sender's source.
  bool has_sender = false;
  std::uint32_t version = 0;
  std::uint64_t fingerprint = 0;
  std::vector<SeriesId> sent;

  // Columns in the store.
  std::vector<SeriesId> columns;
  boost::unordered_flat_map<SeriesId, std::uint32_t> foreign_slots;
  Position last_layout = kNowhere;
  Position layout_base = kNowhere;
  std::uint32_t layout_records = 0;
  bool foreign = false;
  // Some series has samples outside of this source's rows, so that the time of
  // the last row does not bound them.
  bool shared = false;

  // Rows.
  Position last_row = kNowhere;
  Position keyframe = kNowhere;  // kNowhere: the next row has to be one
  std::uint32_t ordinal = 0;
  std::uint64_t group = 0;
  std::uint64_t groups = 0;  // that exist
  std::vector<std::uint64_t> reference;
  std::unique_ptr<KeyframeCells> reference_cells;  // null: it has none
  std::int64_t last_ms = INT64_MIN;
  std::uint64_t last_sequence = 0;
  // All of its columns have no sample at or after this in closed generations
  // and blocks.
  std::int64_t clear_from_ms = INT64_MAX;
  // Last rows of the groups that later jumps lead to: those whose number is
  // the newest group's with low bits cleared.
  std::vector<std::pair<std::uint64_t, Position>> jumps;
};

// A source of a closed generation: its numbers of series are of that one.
struct Writer::Carried {
  std::shared_ptr<const Snapshot> from;
  std::unique_ptr<Source> source;
};

}  // namespace prom::store
