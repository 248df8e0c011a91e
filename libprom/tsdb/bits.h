// Streams of bits, most significant first, as Prometheus' chunks are made of,
// and the two families of variable-length numbers in them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "libprom/tsdb/big_endian.h"

namespace prom::tsdb {

// Reads zeros behind the end of its bytes and says so by ok(): a decoder with
// a bounded number of steps checks once, when it is done.
class BitReader {
 public:
  explicit BitReader(Bytes bytes)
      : data_(bytes.data()), size_(bytes.size()), end_(bytes.size() * 8) {}

  [[nodiscard]] bool ok() const { return at_ <= end_; }
  void spoil() { at_ = end_ + 1; }
  [[nodiscard]] std::size_t remaining() const { return ok() ? end_ - at_ : 0; }

  // At least the next 57 bits, at the top.
  static constexpr unsigned kPeekBits = 57;
  [[nodiscard]] std::uint64_t peek() const {
    const std::size_t byte = at_ / 8;
    const std::uint64_t word =
        byte + 8 <= size_ ? load_be<std::uint64_t>(data_ + byte) : tail(byte);
    return word << (at_ % 8);
  }
  // REQUIRES: count <= 64.
  void skip(unsigned count) { at_ += ok() ? count : 0; }
  std::uint64_t bits(unsigned count) {
    if (count == 0) return 0;
    if (count > kPeekBits) {
      const std::uint64_t high = bits(count - 32);
      return (high << 32U) | bits(32);
    }
    const std::uint64_t value = peek() >> (64U - count);
    skip(count);
    return value;
  }
  bool bit() { return bits(1) != 0; }

  // Bytes of Go's varints, which need not be aligned here.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = bits(8);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    spoil();
    return 0;
  }
  std::int64_t signed_varint() { return unzigzag(varint()); }

 private:
  [[nodiscard]] std::uint64_t tail(std::size_t byte) const {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i)
      word = (word << 8U) |
             (byte + i < size_ ? std::to_integer<std::uint64_t>(data_[byte + i])
                               : 0U);
    return word;
  }

  const std::byte* data_;
  std::size_t size_;
  std::size_t end_;
  std::size_t at_ = 0;
};

// Owns the bytes that it writes; the unused bits of the last one are zero.
class BitWriter {
 public:
  // Begins behind a header of zeros, which is filled in by bytes().
  explicit BitWriter(std::size_t header_bytes) : out_(header_bytes, '\0') {}

  [[nodiscard]] const std::string& bytes() const { return out_; }
  [[nodiscard]] std::string& bytes() { return out_; }

  // The lowest `count` bits.  REQUIRES: count <= 64.
  void bits(std::uint64_t value, unsigned count) {
    if (count == 0) return;
    if (count < 64) value &= (1ULL << count) - 1;
    if (count <= free_) {
      free_ -= count;
      put(value << free_);
      return;
    }
    // Fills the last byte; the rest is whole bytes and the next last one.
    count -= free_;
    if (free_ > 0) put(value >> count);
    char rest[sizeof value];
    store_le(rest, std::byteswap(value << (64U - count)));
    const unsigned bytes = (count + 7) / 8;
    out_.append(rest, bytes);
    free_ = bytes * 8 - count;
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bits((value & 0x7FU) | 0x80U, 8);
    bits(value, 8);
  }
  void signed_varint(std::int64_t value) { varint(zigzag(value)); }

 private:
  void put(std::uint64_t bits_of_last) {
    const auto last = static_cast<unsigned char>(out_.back());
    out_.back() = static_cast<char>(last | bits_of_last);
  }

  std::string out_;
  unsigned free_ = 0;  // bits of the last byte
};

// Hostile numbers overflow; they shall do it in a defined way.
inline std::int64_t wrapping_minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) -
                                   static_cast<std::uint64_t>(b));
}

// "varbit" numbers: a unary class of up to eight bits, then as many bits as the
// class has.
constexpr std::array<unsigned, 9> kVarbitSizes = {0,  3,  6,  9, 12,
                                                  18, 25, 56, 64};

inline std::uint64_t read_varbit_uint(BitReader& in) {
  const auto ones =
      static_cast<unsigned>(std::min(std::countl_one(in.peek()), 8));
  in.skip(std::min(ones + 1, 8U));
  return in.bits(kVarbitSizes[ones]);
}

// The positive range of a class reaches one further than that of two's
// complement: -3..4 in three bits.
inline std::int64_t sign_extend_up(std::uint64_t value, unsigned size) {
  if (size > 0 && size < 64 && value > 1ULL << (size - 1U))
    value -= 1ULL << size;
  return static_cast<std::int64_t>(value);
}
inline bool fits_up(std::int64_t value, unsigned size) {
  const std::int64_t half = 1LL << (size - 1U);
  return value >= 1 - half && value <= half;
}

inline std::int64_t read_varbit_int(BitReader& in) {
  const auto ones =
      static_cast<unsigned>(std::min(std::countl_one(in.peek()), 8));
  in.skip(std::min(ones + 1, 8U));
  return sign_extend_up(in.bits(kVarbitSizes[ones]), kVarbitSizes[ones]);
}

inline void write_varbit_class(BitWriter& out, unsigned ones) {
  if (ones == 8) {
    out.bits(0xFF, 8);
  } else {
    out.bits((1U << (ones + 1U)) - 2U, ones + 1U);
  }
}

inline void write_varbit_uint(BitWriter& out, std::uint64_t value) {
  unsigned ones = 0;
  while (kVarbitSizes[ones] < 64 && value >> kVarbitSizes[ones] != 0) ++ones;
  write_varbit_class(out, ones);
  out.bits(value, kVarbitSizes[ones]);
}

inline void write_varbit_int(BitWriter& out, std::int64_t value) {
  unsigned ones = value == 0 ? 0 : 1;
  while (ones > 0 && kVarbitSizes[ones] < 64 &&
         !fits_up(value, kVarbitSizes[ones])) {
    ++ones;
  }
  write_varbit_class(out, ones);
  out.bits(static_cast<std::uint64_t>(value), kVarbitSizes[ones]);
}

}  // namespace prom::tsdb
