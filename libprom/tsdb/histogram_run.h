// Histograms of one series that will become one chunk, on the way to a block.
// They are encoded together, so that the chunk's layout has the buckets of all
// of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "libprom/model/histogram.h"
#include "libprom/tsdb/histogram_layout.h"

namespace prom::tsdb {

struct HistogramSample {
  std::int64_t t_ms = 0;
  std::int64_t start_ms = 0;  // 0 where unknown
  FloatHistogram value;
};

// Every count is a whole number of at most 2^53, and the source said so.
bool is_whole(const FloatHistogram& histogram);

class HistogramRun {
 public:
  // Whether `next` may be in a chunk with those before: the same kind, schema
  // and bounds; no counter reset between them; nothing after a stale marker
  // but others; and the chunk is not full.
  [[nodiscard]] bool accepts(const FloatHistogram& next) const;
  // REQUIRES: accepts(); times ascend.
  void add(HistogramSample sample);

  [[nodiscard]] bool empty() const { return samples_.empty(); }
  [[nodiscard]] bool is_integer() const { return is_integer_; }
  [[nodiscard]] const std::vector<HistogramSample>& samples() const {
    return samples_;
  }
  [[nodiscard]] const HistogramLayout& layout() const { return layout_; }

  void clear();

 private:
  std::vector<HistogramSample> samples_;
  HistogramLayout layout_;
  bool is_integer_ = false;
  bool has_layout_ = false;
};

}  // namespace prom::tsdb
