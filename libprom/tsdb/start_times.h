// When the counter of each sample started, as the newer chunk encodings keep
// it behind the samples: XOR2, and the histograms with start times.
//
// The third byte of such a chunk says in its highest bit whether the first
// sample has a start, and in the others at which sample the start first
// changed; 0: never.  From there on each sample carries the distance of its
// start from the sample before, as the change of that distance.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libprom/tsdb/bits.h"

namespace prom::tsdb {

class StartTimeDecoder {
 public:
  explicit StartTimeDecoder(std::uint8_t header)
      : has_first_((header & 0x80U) != 0), change_at_(header & 0x7FU) {}

  [[nodiscard]] bool any() const { return has_first_ || change_at_ > 0; }

  // The start of sample `index`, which is at `t`, the one before at `before`.
  std::int64_t next(BitReader& in, std::size_t index, std::int64_t t,
                    std::int64_t before) {
    if (index == 0) {
      if (has_first_) start_ = wrapping_minus(t, in.signed_varint());
    } else if (change_at_ > 0 && index >= change_at_) {
      const std::int64_t read = read_varbit_int(in);
      distance_ = index == change_at_
                      ? read
                      : wrapping_minus(distance_, wrapping_minus(0, read));
      start_ = wrapping_minus(before, distance_);
    }
    return start_;
  }

 private:
  bool has_first_;
  std::size_t change_at_;
  std::int64_t start_ = 0;
  std::int64_t distance_ = 0;
};

class StartTimeEncoder {
 public:
  void add(BitWriter& out, std::size_t index, std::int64_t t,
           std::int64_t before, std::int64_t start) {
    if (index == 0) {
      if (start != 0) {
        out.signed_varint(wrapping_minus(t, start));
        header_ = 0x80;
      }
    } else if (change_at_ > 0) {
      const std::int64_t distance = wrapping_minus(before, start);
      write_varbit_int(out, wrapping_minus(distance, distance_));
      distance_ = distance;
    } else if (start != start_ || index == kChangeAtMax) {
      change_at_ = index;
      header_ = static_cast<std::uint8_t>(header_ | index);
      distance_ = wrapping_minus(before, start);
      write_varbit_int(out, distance_);
    }
    start_ = start;
  }
  [[nodiscard]] std::uint8_t header() const { return header_; }

 private:
  // Seven bits: from here on starts are written, whether they change or not.
  static constexpr std::size_t kChangeAtMax = 0x7F;

  std::uint8_t header_ = 0;
  std::size_t change_at_ = 0;
  std::int64_t start_ = 0;
  std::int64_t distance_ = 0;
};

}  // namespace prom::tsdb
