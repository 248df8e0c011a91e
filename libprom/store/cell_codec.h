// What a row or a loose record has beyond floats: start timestamps and native
// histograms, as a section of its record.  The bytes are specified in
// prom-head(5).
//
// A layout of buckets is written once for a keyframe and named by its number in
// the rows that refer to it; counts are differences from those of the
// keyframe's histogram in the same column, and starts are only written where
// they differ from the keyframe's.  So a row can be read with its keyframe
// alone, as its floats can, and one column without the others.
//
// The sums of histograms are not here but among the values of the row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/model/histogram.h"
#include "libprom/wire/frame.h"

namespace prom::store {

using wire::StartCell;

struct HistogramRef {
  std::uint32_t column = 0;
  const FloatHistogram* histogram = nullptr;  // admitted
};

// The cells of a keyframe, which rows refer to; also what the writer keeps.
struct KeyframeCells {
  std::vector<FloatHistogram> layouts;  // by number; counts do not matter
  std::vector<std::uint32_t> columns;   // of `histograms`, ascending
  std::vector<FloatHistogram> histograms;
  std::vector<StartCell> starts;  // ascending by column

  [[nodiscard]] const FloatHistogram* find(std::uint32_t column) const;
};

// Appends the cells of a row that refers to `keyframe`, or of a keyframe or a
// loose record when that is null.  `base_ms` is the time of the row.
// REQUIRES: both ascending by column.
void encode_cells(std::span<const StartCell> starts,
                  std::span<const HistogramRef> histograms,
                  std::int64_t base_ms, const KeyframeCells* keyframe,
                  std::string& out);

// A section that was cut into its parts.  Borrows the bytes.
struct CellSection {
  struct Cell {
    std::uint32_t column = 0;
    Bytes bytes;
  };
  std::vector<StartCell> starts;  // of a row: changes, 0 for none any more
  std::vector<Bytes> layouts;
  std::vector<Cell> cells;  // ascending by column

  [[nodiscard]] const Cell* find(std::uint32_t column) const;
};
// False when the bytes are not what encode_cells writes for columns below
// `columns`; never reads outside of them.
bool parse_cells(Bytes bytes, std::int64_t base_ms, std::uint32_t columns,
                 CellSection& into);

// The histogram of a cell of `section`, valid and with a sum of 0.  `keyframe`
// is the section that it refers to, null for a keyframe's own, and `reference`
// the histogram of the same column there, if any.
bool decode_cell(const CellSection::Cell& cell, const CellSection& section,
                 const CellSection* keyframe, const FloatHistogram* reference,
                 FloatHistogram& into);

// All cells of a keyframe; `values` are its floats.
bool load_keyframe(const CellSection& section,
                   std::span<const std::uint64_t> values, KeyframeCells& into);

// The two parts of a row's record behind `at`: cells, where it has some, and
// values.  Nothing when the cells are malformed.
struct RowParts {
  CellSection section;
  Bytes values;
};
std::optional<RowParts> row_cells(Bytes body, std::size_t at, bool has_cells,
                                  std::int64_t t_ms, std::uint32_t columns);

// The start of a column in a row: as the row changes it, else the keyframe's.
std::int64_t start_of(std::uint32_t column, const CellSection* row,
                      const CellSection* keyframe);

}  // namespace prom::store
