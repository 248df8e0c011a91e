// A column of native histograms.  Histograms of one layout (schema, zero
// threshold, spans, custom bounds, integer or float) lie together, wherever
// they are in the column: each of sum, count, hint, zero count and buckets is
// a value column, so that counts and sums are read without the buckets.  Runs
// say which layout comes next for how long; a layout that comes and goes, as
// staleness markers do, so costs a run and not its columns again.  Stale
// markers are histograms whose sum is the stale NaN.
// See value_column.h for lifetimes and hostile bytes.
//
//   u8 0, varint layouts, each: varint histograms, u8 bit 0 integer,
//     zigzag varint schema, f64 zero threshold, positive and negative spans
//     (varint number; zigzag varint offset, varint length each),
//     varint custom bounds, f64 each
//   varint runs, each: varint layout, varint histograms
//   per layout: varint size of its columns; sum, count, hint, zero count,
//     positive buckets, negative buckets (value columns)
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/chunk/value_column.h"
#include "libprom/model/histogram.h"

namespace prom::chunk {

constexpr std::size_t kBucketsMax = 1U << 16U;  // of one histogram
// Of all histograms in one call of decode().
constexpr std::size_t kDecodedBucketsMax = 32U << 20U;

// Immutable; threads may share it.
class HistogramColumn {
 public:
  static Result<HistogramColumn> open(Bytes bytes, std::size_t count);

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }  // its own only

  // Appends histograms [first, first + count) to `into`, all of them valid.
  // kLimit above kDecodedBucketsMax.  On failure `into` is as before.
  // REQUIRES: within size().
  Status decode(std::size_t first, std::size_t count,
                std::deque<FloatHistogram>& into) const;

  // Sums and counts of the same histograms as bits, without their buckets.
  // `into` as for ValueColumn::decode.
  Status decode_sums(std::size_t first, std::size_t count,
                     std::uint64_t* into) const;
  Status decode_counts(std::size_t first, std::size_t count,
                       std::uint64_t* into) const;

 private:
  struct Layout {
    FloatHistogram shape;  // counts are zeros, as many as there are buckets
    std::size_t histograms = 0;
    Bytes columns;  // and what is behind them
  };
  struct Run {
    std::size_t layout = 0;
    std::size_t first = 0;      // position in the column
    std::size_t in_layout = 0;  // position among those of its layout
    std::size_t count = 0;
  };
  struct Slice;

  static bool read_layout(ByteReader& in, std::size_t& room, Layout& layout);
  bool read_runs(ByteReader& in);
  [[nodiscard]] std::vector<Slice> slices(std::size_t first,
                                          std::size_t count) const;
  Status decode_one(std::size_t column, std::size_t first, std::size_t count,
                    std::uint64_t* into) const;
  Status decode_all(std::vector<Slice>& slices) const;
  Status decode_columns(const Layout& layout, Slice& slice) const;

  Bytes bytes_;
  std::size_t count_ = 0;
  std::vector<Layout> layouts_;
  std::vector<Run> runs_;
};

// Appends the column of `histograms` to `out`.  REQUIRES: at least one, all
// valid, at most kColumnValuesMax, at most kBucketsMax buckets and spans each.
void encode_histograms(std::span<const FloatHistogram* const> histograms,
                       ValueEncoder& encoder, std::string& out);

}  // namespace prom::chunk
