// Chunks of native histograms whose counts are floats: every number is the XOR
// with its predecessor.  Also the variant with start times.
#pragma once

#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/histogram_run.h"

namespace prom::tsdb {

// As decode_chunk().
Status decode_float_histogram(Bytes chunk, bool has_starts, Samples& into);

// `first` tells how the first histogram relates to the chunk before.
// REQUIRES: the run is not empty.
std::string encode_float_histogram(const HistogramRun& run,
                                   CounterResetHint first, bool with_starts);

}  // namespace prom::tsdb
