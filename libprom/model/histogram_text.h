// A native histogram as one word of text: the literal in which PromQL's test
// files write one, made exact.  Samples in the pipe dialect (prom-wire(5))
// have it in place of a number.
//
//   {{schema:1 count:12 sum:18.4 z_bucket:2 z_bucket_w:0.001 offset:-1
//   buckets:[4 1 _x3 5]}}                                      (on one line)
//
// Two things are said beyond upstream's notation: `_x3` skips three buckets
// that are not there, and a count without a point or exponent says that all
// counts came as integers.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/model/histogram.h"

namespace prom {

constexpr std::string_view kHistogramOpening = "{{";
constexpr std::string_view kHistogramClosing = "}}";

void append_histogram_text(std::string& out, const FloatHistogram& histogram);

// The whole of `text`.  kBadData with the reason; what comes out is admitted
// (histogram_codec.h).
Result<FloatHistogram> parse_histogram_text(std::string_view text);

}  // namespace prom
