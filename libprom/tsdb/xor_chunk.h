// XOR chunks, the usual encoding of floats: times as the change of their
// distance, values as in xor_value.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/xor_value.h"

namespace prom::tsdb {

// As decode_chunk().
Status decode_xor(Bytes chunk, Samples& into);

// Makes a chunk sample by sample.
class XorEncoder {
 public:
  // REQUIRES: t_ms after the sample before; count() < kChunkSamplesMax.
  void add(std::int64_t t_ms, double value);

  [[nodiscard]] std::size_t count() const { return count_; }
  // The chunk so far; valid until the next call.
  [[nodiscard]] const std::string& bytes() const { return out_.bytes(); }

 private:
  BitWriter out_{sizeof(std::uint16_t)};
  std::uint16_t count_ = 0;
  std::uint64_t t_ = 0;
  std::uint64_t distance_ = 0;
  XorValueWriter value_;
};

}  // namespace prom::tsdb
