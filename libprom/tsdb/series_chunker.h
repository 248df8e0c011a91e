// Cuts the samples of a series into chunks, as upstream would: 120 floats or
// as many histograms as fit, a new one where the kind of sample changes or a
// counter restarts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/chunk.h"
#include "libprom/tsdb/chunk_writer.h"
#include "libprom/tsdb/histogram_run.h"
#include "libprom/tsdb/index_reader.h"
#include "libprom/tsdb/xor2_chunk.h"
#include "libprom/tsdb/xor_chunk.h"

namespace prom::tsdb {

// One thread; used for one series after the other.
class SeriesChunker {
 public:
  // With start times the newer encodings are used, which older readers lack.
  SeriesChunker(ChunkWriter& out, bool with_starts)
      : out_(out), with_starts_(with_starts) {}

  // REQUIRES: times ascend within a series.
  Status add(std::int64_t t_ms, double value, std::int64_t start_ms);
  Status add(std::int64_t t_ms, const FloatHistogram& value,
             std::int64_t start_ms);
  // Writes the last chunk of the series; its chunks are in `chunks`, and the
  // next series begins.
  Status end_series(std::vector<ChunkMeta>& chunks);

 private:
  Status cut_floats();
  Status cut_histograms();
  Status write(Encoding encoding, std::string_view bytes);

  ChunkWriter& out_;
  const bool with_starts_;
  std::vector<ChunkMeta> chunks_;
  TimeRange range_;  // of the chunk that is being filled
  XorEncoder xor_;
  Xor2Encoder xor2_;
  HistogramRun run_;
  // What the run's chunk says of the chunk before.
  CounterResetHint hint_ = CounterResetHint::kUnknown;
  std::optional<FloatHistogram> last_;  // of the chunk before
};

}  // namespace prom::tsdb
