// Statistics of the floats of a series, window by window (model/bins.h), as
// they are stored: made by the writer, put together when blocks are merged,
// read by queries over long ranges.  prom-block(5) has the bytes.
//
// They are stored as samples are: a slice of a time column, with the times of
// the bins' last samples; a place of columns, which most series have for
// themselves; and a place of what follows from the times alone, which the
// series of a target share.  What can be told from other columns is left out:
// of a counter without resets the least is the first and the greatest the
// last value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/sample_part.h"
#include "libprom/chunk/value_column.h"
#include "libprom/model/bins.h"

namespace prom::block {

// The first byte of the columns.
enum BinFlag : std::uint8_t {
  kMinStored = 1,     // else the lesser of first and last
  kMaxStored = 2,     // else the greater
  kTakenStored = 4,   // else there were no resets
  kTakenUnknown = 8,  // of what goes up and down all the time
  kNotNegative = 16,  // nor NaN, and sums are finite
  kBinFlags = 31,
};

constexpr SectionKind bins_section(std::size_t resolution) {
  return resolution == 0 ? SectionKind::kFiveMinutes : SectionKind::kHours;
}

// So many samples a bin are worth keeping bins beside them.
constexpr std::uint64_t kSamplesPerBin = 8;

// How many bins a series may have that spans so much time.
std::uint64_t bins_max(std::int64_t min_ms, std::int64_t max_ms,
                       std::int64_t resolution_ms);

// Appends the columns of bins.  What resets took away of a series that goes up
// and down all the time is left out, unless there are no samples to look at.
// REQUIRES: at least one bin, all columns.
void encode_bins(const Bins& bins, bool alone, chunk::ValueEncoder& encoder,
                 std::string& out);
// Appends what follows from the times.
void encode_bin_shape(const Bins& bins, chunk::ValueEncoder& encoder,
                      std::string& out);

// The bins of a series in a block, opened.  Borrows the file.
class BinColumns {
 public:
  // `of` are the parts of bins_section().
  static Result<BinColumns> open(const SampleParts& of, const OpenPart& part,
                                 unsigned columns);

  [[nodiscard]] std::size_t size() const { return part_.part.times.count; }
  [[nodiscard]] std::uint8_t flags() const { return flags_; }

  // Appends bins [first, first + count) with the columns that it was opened
  // for.
  Status decode(std::size_t first, std::size_t count, Bins& into) const;

  // Appends the columns of several, whose flags agree but for kNotNegative, as
  // encode_bins does; and of what follows from the times.
  static Status join(std::span<const BinColumns> parts,
                     chunk::ValueEncoder& encoder, std::string& out);
  static Status join_shapes(std::span<const BinColumns> parts,
                            chunk::ValueEncoder& encoder, std::string& out);

 private:
  [[nodiscard]] std::vector<const chunk::ValueColumn*> stored() const;

  OpenPart part_;
  unsigned columns_ = 0;
  std::uint8_t flags_ = 0;
  chunk::ValueColumn count_;
  chunk::ValueColumn duration_;
  chunk::ValueColumn first_;
  chunk::ValueColumn last_;
  chunk::ValueColumn sum_;
  chunk::ValueColumn min_;    // if stored
  chunk::ValueColumn max_;    // if stored
  chunk::ValueColumn taken_;  // if stored
};

}  // namespace prom::block
