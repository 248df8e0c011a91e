// Where the samples of a series are in a block.  Floats and native histograms
// of a series are two parts, each with times of its own.  A part is a slice of
// a shared time column, a column of values as long as the slice, and sometimes
// a column of start times.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/format.h"
#include "libprom/block/run.h"
#include "libprom/chunk/histogram_column.h"
#include "libprom/chunk/time_column.h"
#include "libprom/chunk/value_column.h"

namespace prom::block {

// A slice of a time column, as the writer numbers them from 1; 0: no samples.
struct TimeSlice {
  std::uint32_t column = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  bool operator==(const TimeSlice&) const = default;
};

struct SamplePart {
  TimeSlice times;
  std::uint64_t values = 0;  // file offset
  std::uint64_t starts = 0;  // file offset, or 0
};

struct OpenPart {
  SamplePart part;
  chunk::TimeColumn times;  // the whole column
};

// The parts of one kind, and the columns behind them.  Borrows the file.
class SampleParts {
 public:
  // `kind` is kFloats, kHistograms or bins_section(); no series has more than
  // `values_max` of them.
  static Result<SampleParts> open(const CheckedFile& file, SectionKind kind,
                                  std::uint64_t values_max);

  // times.column is 0 when the series has no such samples.
  [[nodiscard]] Result<OpenPart> part(std::uint32_t series) const;

  // The whole column, its bytes checked.
  [[nodiscard]] Result<chunk::TimeColumn> times(std::uint32_t column) const;
  [[nodiscard]] Result<chunk::ValueColumn> values(const SamplePart& part) const;
  [[nodiscard]] Result<chunk::HistogramColumn> histograms(
      const SamplePart& part) const;
  // A column, or a byte, anywhere in the file.
  [[nodiscard]] Result<chunk::ValueColumn> column(std::uint64_t offset,
                                                  std::size_t count) const;
  [[nodiscard]] Result<std::uint8_t> flag(std::uint64_t offset) const;
  [[nodiscard]] Error damage(std::uint64_t offset, std::string_view what) const;

  // Start times, which are float64 where all of them are whole in one, else
  // the bits of int64.
  struct Starts {
    bool as_float = true;
    chunk::ValueColumn column;
  };
  // REQUIRES: part.starts != 0.
  [[nodiscard]] Result<Starts> starts(const SamplePart& part) const;
  // Values [first, first + count) of them.
  [[nodiscard]] Result<std::vector<std::int64_t>> start_ms(
      const SamplePart& part, std::size_t first, std::size_t count) const;

 private:
  [[nodiscard]] const RunTable& table(SampleTable kind) const {
    return tables_[static_cast<std::size_t>(kind)];
  }

  const CheckedFile* file_ = nullptr;
  std::uint64_t values_max_ = 0;
  std::array<RunTable, kSampleTables> tables_;
  RunTable time_columns_;
};

// Magnitudes up to this are whole in a double.
constexpr std::int64_t kWholeMax = std::int64_t{1} << 53U;

}  // namespace prom::block
