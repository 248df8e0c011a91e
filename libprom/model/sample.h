// Samples and the NaN that marks a series stale.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>

namespace prom {

// Bit patterns of upstream's model/value: an ordinary NaN and the marker that
// says "this series ended here".
constexpr std::uint64_t kNormalNanBits = 0x7ff8000000000001ULL;
constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002ULL;

inline double stale_nan() {
  return std::bit_cast<double>(kStaleNanBits);
}
inline double normal_nan() {
  return std::bit_cast<double>(kNormalNanBits);
}
inline bool is_stale_nan(double value) {
  return std::bit_cast<std::uint64_t>(value) == kStaleNanBits;
}

struct FloatSample {
  std::int64_t t_ms = 0;
  double value = 0;
};

}  // namespace prom
