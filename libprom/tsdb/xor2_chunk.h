// XOR2 chunks: floats with times and values under one prefix, stale markers
// without bits, and start times where there are any.
//
//   0            the same distance and value      10   the same distance
//   110, 1110, 11110   the distance changes by 13, 20, 64 bits
//   11111        the same distance, stale
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/start_times.h"
#include "libprom/tsdb/xor_value.h"

namespace prom::tsdb {

// As decode_chunk().
Status decode_xor2(Bytes chunk, Samples& into);

class Xor2Encoder {
 public:
  // start_ms is 0 where unknown.  REQUIRES: t_ms after the sample before;
  // count() < kChunkSamplesMax.
  void add(std::int64_t t_ms, double value, std::int64_t start_ms);

  [[nodiscard]] std::size_t count() const { return count_; }
  // The chunk so far; valid until the next call.
  [[nodiscard]] const std::string& bytes() const { return out_.bytes(); }

 private:
  void write_joint(std::int64_t change, double value);
  void write_value(double value);
  struct Prefix {
    std::uint8_t bits = 0;
    std::uint8_t size = 0;
  };
  void write_changed(std::uint64_t changed, Prefix same_window,
                     Prefix new_window);

  BitWriter out_{sizeof(std::uint16_t) + 1};
  std::uint16_t count_ = 0;
  std::int64_t t_ms_ = 0;
  std::uint64_t distance_ = 0;
  std::uint64_t value_ = 0;  // the last that was not stale
  XorWindow window_;
  bool has_window_ = false;
  StartTimeEncoder start_;
};

}  // namespace prom::tsdb
