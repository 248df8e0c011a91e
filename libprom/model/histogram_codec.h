// Native histograms as bytes, exactly: what wire frames and the head of a
// store have of them.  The bytes are specified in prom-wire(5).
//
// A histogram is a layout (schema, hint, zero threshold, runs of buckets,
// custom bounds), counts, and a sum, which is not here: it travels among the
// floats.  Layouts change seldom, and counts move little, so a layout can be
// named instead of repeated, and counts are differences from an earlier
// histogram: what did not change takes one bit, most of the rest one byte.
#pragma once

#include <cstddef>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/histogram.h"

namespace prom {

// Buckets of both sides, runs of both sides, and custom bounds, each.
constexpr std::size_t kHistogramBucketsMax = 1U << 16U;

// Makes a histogram that somebody sent fit for storing: reduces reserved
// schemas, makes a sum that is no number the ordinary NaN, and drops `integer`
// where a count is not whole or above 2^53.  Fails with kBadData and the reason
// when it is not valid or a stale marker, which are floats here, and with
// kLimit when it has more than kHistogramBucketsMax buckets.
Status admit(FloatHistogram& histogram);

// REQUIRES of what follows: histograms that were admitted.

// Appends everything but counts and the sum.
void append_histogram_layout(std::string& out, const FloatHistogram& histogram);
// Makes `into` a histogram of that layout with zeros; false on bytes that make
// no sense.  Its custom bounds may still be wrong: validate() tells.
bool read_histogram_layout(ByteReader& in, FloatHistogram& into);
bool same_layout(const FloatHistogram& a, const FloatHistogram& b);

// Appends the counts as differences from those of `reference`, where that has
// the same buckets; a null one has none.
void append_histogram_counts(std::string& out, const FloatHistogram& histogram,
                             const FloatHistogram* reference);
// Fills the counts of `into`, which has its layout.  False on bytes that make
// no sense; a count may come out negative: validate() tells.
bool read_histogram_counts(ByteReader& in, const FloatHistogram* reference,
                           FloatHistogram& into);

}  // namespace prom
