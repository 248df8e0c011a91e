#include "libprom/tsdb/chunk.h"

#include <string>

#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/float_histogram_chunk.h"
#include "libprom/tsdb/histogram_chunk.h"
#include "libprom/tsdb/xor2_chunk.h"
#include "libprom/tsdb/xor_chunk.h"

namespace prom::tsdb {

Status decode_chunk(std::uint8_t encoding, Bytes chunk, Samples& into) {
  if (chunk.size() > kChunkBytesMax)
    return fail(Code::kLimit, "chunk of more than 8 MiB");
  switch (static_cast<Encoding>(encoding)) {
    case Encoding::kXor:
      return decode_xor(chunk, into);
    case Encoding::kHistogram:
      return decode_histogram(chunk, false, into);
    case Encoding::kFloatHistogram:
      return decode_float_histogram(chunk, false, into);
    case Encoding::kXor2:
      return decode_xor2(chunk, into);
    case Encoding::kHistogramStart:
      return decode_histogram(chunk, true, into);
    case Encoding::kFloatHistogramStart:
      return decode_float_histogram(chunk, true, into);
  }
  return fail(Code::kCorrupt,
              "unknown chunk encoding " + std::to_string(encoding));
}

}  // namespace prom::tsdb
