// Series as test files describe them (promql/series_description.h), turned
// into samples: for promqltest files and unit tests of rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/promql/series_description.h"
#include "libprom/query/memory_source.h"

namespace prom::query {

// One value of a description: omitted, a float or a histogram.
struct DescribedValue {
  bool omitted = true;
  double value = 0;
  std::optional<FloatHistogram> histogram;
  bool hint_given = false;  // the description states a counter reset hint
};

// All values, sequences written out.  Fails with kBadData when histograms of a
// sequence cannot be added up.
Result<std::vector<DescribedValue>> expand(
    const promql::SeriesDescription& description);

// A series about to be loaded.
struct DescribedSample {
  std::int64_t t_ms = 0;
  std::int64_t start_ms = 0;  // 0: unknown
  double value = 0;
  std::optional<FloatHistogram> histogram;
};
struct DescribedSeries {
  Labels labels;
  std::vector<DescribedSample> samples;  // ascending in time
};

// Adds series to a source.  Histograms get the counter reset hints that
// Prometheus' storage would answer for them.  Fails on invalid histograms.
Status load(const std::vector<DescribedSeries>& series, MemorySource& into);

// The classic histograms among the series as native ones with custom buckets:
// what load_with_nhcb adds.
Result<std::vector<DescribedSeries>> to_custom_buckets(
    const std::vector<DescribedSeries>& series);

}  // namespace prom::query
