// Runs of samples of one series, as blocks and heads hold them: which
// encodings there are, and reading any of them.  Each has a file of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/samples.h"

namespace prom::tsdb {

// The numbers are those in the files.
enum class Encoding : std::uint8_t {
  kXor = 1,
  kHistogram = 2,
  kFloatHistogram = 3,
  kXor2 = 4,
  kHistogramStart = 5,
  kFloatHistogramStart = 6,
};

// Prometheus ends chunks near 1 KiB.  A chunk may unfold to 64 times its size.
constexpr std::size_t kChunkBytesMax = 8U << 20U;
// What the count at the beginning of a chunk can say.
constexpr std::size_t kChunkSamplesMax = 0xFFFF;
// Where upstream begins a new chunk.
constexpr std::size_t kChunkSamplesTarget = 120;
constexpr std::size_t kHistogramChunkBytesTarget = 1024;

// Appends the samples of a chunk, its bytes without frame and checksum, in the
// order in which they are.  kCorrupt when they are not what `encoding` says;
// `into` is then as before.
Status decode_chunk(std::uint8_t encoding, Bytes chunk, Samples& into);

}  // namespace prom::tsdb
