// Chunks of any encoding: the first byte says which.  They are refused and
// leave nothing behind, or all columns are of one length and every histogram
// is a valid one.
#include <cstdlib>

#include "libprom/model/sample.h"
#include "libprom/tsdb/chunk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const prom::Bytes chunk = std::as_bytes(std::span(data + 1, size - 1));
  prom::Samples samples;
  samples.push(1, 2);
  const auto decoded = prom::tsdb::decode_chunk(data[0], chunk, samples);
  if (!decoded && (samples.t_ms.size() != 1 || !samples.histogram.empty() ||
                   !samples.start_ms.empty())) {
    std::abort();
  }
  const std::size_t count = samples.t_ms.size();
  const auto fits = [count](const auto& column) {
    return column.empty() || column.size() == count;
  };
  if (samples.value.size() != count || !fits(samples.histogram) ||
      !fits(samples.start_ms)) {
    std::abort();
  }
  for (const prom::FloatHistogram& histogram : samples.histograms)
    if (!prom::is_stale_nan(histogram.sum) && !histogram.validate())
      std::abort();
  return 0;
}
