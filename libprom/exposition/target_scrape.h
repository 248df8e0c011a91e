// What one exposition of a target holds.  Series are known by a ref, a dense
// number that stays the same from scrape to scrape (target_parser.h).
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/exposition/format.h"
#include "libprom/model/histogram.h"

namespace prom::exposition {

// What is made of histograms; upstream's settings of a scrape job.
struct HistogramOptions {
  bool native = false;           // take native parts, which are ignored else
  bool always_classic = false;   // the classic form beside a native one
  bool convert_classic = false;  // classic ones to custom buckets (NHCB)

  bool operator==(const HistogramOptions&) const = default;
};

struct TargetEntry {
  static constexpr std::uint32_t kFloat = UINT32_MAX;

  std::uint32_t ref = 0;
  bool has_timestamp = false;
  double value = 0;                  // of a histogram: its sum
  std::int64_t t_ms = 0;             // valid when has_timestamp
  std::uint32_t histogram = kFloat;  // or its index
};

struct TargetExemplar {
  std::uint32_t entry = 0;  // index
  Exemplar exemplar;
};

struct TargetScrape {
  std::vector<TargetEntry> entries;
  std::vector<FloatHistogram> histograms;  // admitted
  // When the counter of each entry started, 0 where unknown; or empty.
  std::vector<std::int64_t> starts;
  std::vector<TargetExemplar> exemplars;
  std::vector<Metadata> metadata;

  void clear() {
    entries.clear();
    histograms.clear();
    starts.clear();
    exemplars.clear();
    metadata.clear();
  }
};

}  // namespace prom::exposition
