// What the histograms of one chunk have in common and is written once: schema,
// zero threshold, which buckets there are, and the bounds of custom ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/tsdb/bits.h"

namespace prom::tsdb {

struct HistogramLayout {
  std::int32_t schema = 0;
  double zero_threshold = 0;
  std::vector<BucketSpan> positive;
  std::vector<BucketSpan> negative;
  std::vector<double> custom_values;

  static HistogramLayout of(const FloatHistogram& histogram);
  [[nodiscard]] std::size_t bucket_count() const;

  // Schema, threshold and bounds are the same; buckets may differ.
  [[nodiscard]] bool can_hold(const FloatHistogram& histogram) const;
  // Adds the buckets of a histogram that it can hold.
  void widen(const FloatHistogram& histogram);
};

std::size_t bucket_count(const std::vector<BucketSpan>& spans);

// The counts of `from` at the places of `to`, zero where it has none.
// REQUIRES: every bucket of `from` is in `to`.
std::vector<double> spread(const std::vector<BucketSpan>& from,
                           const std::vector<double>& counts,
                           const std::vector<BucketSpan>& to);

// False when it cannot be right: more buckets than the chunk has bits.
bool read_layout(BitReader& in, HistogramLayout& layout);
void write_layout(BitWriter& out, const HistogramLayout& layout);

// The bits of a chunk's header that say how its first histogram relates to the
// chunk before.
std::uint8_t reset_bits(CounterResetHint hint);
// What upstream lets a reader believe of sample `index`: only a gauge is one
// for sure, and within a chunk nothing was reset; whether the chunk before is
// still there, and the one meant, is unknown.
CounterResetHint hint_of(std::uint8_t reset_bits, std::size_t index);

// Makes a histogram as it came from a file what the rest of the program takes:
// reserved finer schemas are reduced; kBadData when its parts contradict.
Status settle(FloatHistogram& histogram);

}  // namespace prom::tsdb
