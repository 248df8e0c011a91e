// A column of native histograms: runs of one layout (schema, zero threshold,
// spans, custom bounds, integer or float, hint), and in each run one packed
// column for count, sum, zero count and each bucket, so that counts and sums
// are read without the buckets.  Stale markers are histograms whose sum is the
// stale NaN.  See value_column.h for lifetimes and hostile bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/chunk/value_column.h"
#include "libprom/model/histogram.h"

namespace prom::chunk {

constexpr std::size_t kBucketsMax = 1U << 16U;  // of one histogram

// Immutable; threads may share it.
class HistogramColumn {
 public:
  static Result<HistogramColumn> open(Bytes bytes, std::size_t count);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Bytes bytes() const;  // its own only
  // Appends histograms [first, first + count) to `into`.
  Status decode(std::size_t first, std::size_t count,
                std::deque<FloatHistogram>& into) const;
};

// Appends the column of `histograms` to `out`.  REQUIRES: at least one, all
// valid, at most kColumnValuesMax.
void encode_histograms(std::span<const FloatHistogram* const> histograms,
                       ValueEncoder& encoder, std::string& out);

}  // namespace prom::chunk
