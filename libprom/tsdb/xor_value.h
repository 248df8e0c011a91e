// Doubles as the XOR with the one before: nothing, the bits inside the window
// of the one before, or a new window.  XOR chunks and the histogram chunks
// share it.
#pragma once

#include <bit>
#include <cstdint>

#include "libprom/tsdb/bits.h"

namespace prom::tsdb {

// How many zero bits are left out on either side.
struct XorWindow {
  unsigned leading = 0;
  unsigned trailing = 0;
};

// The value bits that follow a window of 5 + 6 bits.  Spoils `in` when the
// window is wider than a double.
inline std::uint64_t read_new_window(BitReader& in, XorWindow& window) {
  const std::uint64_t both = in.bits(11);
  const auto leading = static_cast<unsigned>(both >> 6U);
  const auto low = static_cast<unsigned>(both & 0x3FU);
  const unsigned size = low == 0 ? 64 : low;
  if (leading + size > 64) {
    in.spoil();
    return 0;
  }
  window = {leading, 64 - leading - size};
  return in.bits(size) << window.trailing;
}
inline std::uint64_t read_same_window(BitReader& in, const XorWindow& window) {
  return in.bits(64 - window.leading - window.trailing) << window.trailing;
}

inline void read_xor(BitReader& in, std::uint64_t& value, XorWindow& window) {
  const std::uint64_t next = in.peek();
  if (next >> 63U == 0) {
    in.skip(1);
    return;
  }
  in.skip(2);
  value ^= (next >> 62U & 1U) == 0 ? read_same_window(in, window)
                                   : read_new_window(in, window);
}

// The window to write `changed` bits with, and whether it is the one before.
// REQUIRES: changed != 0.
struct XorChoice {
  XorWindow window;
  bool same = false;
};
inline XorChoice choose_window(std::uint64_t changed, const XorWindow& before,
                               bool has_before) {
  const auto leading =
      static_cast<unsigned>(std::min(std::countl_zero(changed), 31));
  const auto trailing = static_cast<unsigned>(std::countr_zero(changed));
  if (has_before && leading >= before.leading && trailing >= before.trailing)
    return {before, true};
  return {{leading, trailing}, false};
}

// Writes the window unless it is the one before, and the bits in it.
inline void write_window(BitWriter& out, std::uint64_t changed,
                         const XorChoice& choice) {
  const XorWindow& window = choice.window;
  const unsigned size = 64 - window.leading - window.trailing;
  if (!choice.same) {
    out.bits(window.leading, 5);
    out.bits(size & 0x3FU, 6);
  }
  out.bits(changed >> window.trailing, size);
}

class XorValueWriter {
 public:
  void begin(double value) { value_ = std::bit_cast<std::uint64_t>(value); }
  void add(BitWriter& out, double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t changed = bits ^ value_;
    value_ = bits;
    if (changed == 0) return out.bits(0, 1);
    const XorChoice choice = choose_window(changed, window_, has_window_);
    out.bits(choice.same ? 0b10 : 0b11, 2);
    write_window(out, changed, choice);
    window_ = choice.window;
    has_window_ = true;
  }

 private:
  std::uint64_t value_ = 0;
  XorWindow window_;
  bool has_window_ = false;
};

}  // namespace prom::tsdb
