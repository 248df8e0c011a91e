// A native histogram from the list of buckets that the HTTP API answers with.
// The API names bounds only, so schema and indexes are worked out from them.
#pragma once

#include <vector>

#include "libprom/model/histogram.h"

namespace prom::query {

// `buckets` in any order, with bounds, inclusions and counts.  Exponential
// where the bounds are those of one schema; everything else becomes custom
// buckets, or loses its buckets when there are negative ones among them.  The
// result is valid.
FloatHistogram rebuild_histogram(double count, double sum,
                                 std::vector<HistogramBucket> buckets);

}  // namespace prom::query
