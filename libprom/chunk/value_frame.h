// One frame of a value column.  It holds all that is needed to decode it, so
// a frame can be copied from column to column.
//
//   u8 bits 0-3 mode (stream.h), 4 no reset, 5 exceptions, 6 scale, 7 zero
//   scale, else whole numbers: u8 bits 0-4 exponent, 5-6 kind, 7 divisor;
//     divisor: varint factor, varint residue
//   exceptions (exceptions.h)
//   first integer: zigzag varint; kind kBits: u64
//   unless the mode is constant: zigzag varint of the last less the first
//   kind kUlp: u8 mode, first and last of the second stream in the same way
//   stream, kind kUlp: second stream
//
// A value is (integer * factor + residue) divided by 10^exponent, or times
// 10^-exponent, or taken as the bits of a double; kUlp adds the integers of
// the second stream to the bits of the quotient.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/chunk/decimal.h"
#include "libprom/chunk/divisor.h"
#include "libprom/chunk/exceptions.h"
#include "libprom/chunk/stream.h"

namespace prom::chunk {

enum class ScaleKind : std::uint8_t {
  kDivide = 0,
  kMultiply = 1,
  kBits = 2,
  kUlp = 3,
};

struct Scale {
  ScaleKind kind = ScaleKind::kDivide;
  std::uint8_t exponent = 0;
  Divisor divisor;

  bool operator==(const Scale&) const = default;
};

// The part of a frame that comes before its streams.
struct FrameHead {
  struct Stream {
    Mode mode = Mode::kConstant;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  bool no_reset = false;
  Scale scale;
  ExceptionView exceptions;
  Stream main;
  Stream ulp;

  // False when the bytes make no sense for a frame of `count` values.
  [[nodiscard]] bool read(ByteReader& in, std::size_t count);
  // Bits of the frame's first and last value.
  [[nodiscard]] std::uint64_t first_bits() const;
  [[nodiscard]] std::uint64_t last_bits(std::size_t count) const;
};

// Writes `count` values to `into`, and nothing behind them.  False when the
// bytes make no sense.  REQUIRES: 1 <= count <= kFrameValues; kOverread.
[[nodiscard]] bool read_frame(Bytes frame, std::size_t count,
                              std::uint64_t* into);

// One thread; keeps its memory.
class FrameEncoder {
 public:
  // REQUIRES: 1 to kFrameValues values.
  void encode(std::span<const std::uint64_t> bits, std::string& out);
  // A frame of `count` equal values.
  static void encode_constant(std::uint64_t bits, std::string& out);
  // Forgets what it learned from the frames before.
  void begin_column() { hint_ = {}; }

 private:
  bool set_apart(std::span<const std::uint64_t> bits);
  void encode_decimal(std::span<const std::uint64_t> bits, Decimal decimal,
                      std::string& out);
  void encode_mantissas(std::span<const std::uint64_t> bits, std::string& out);
  bool encode_ulp(std::span<const std::uint64_t> bits, std::size_t bits_max,
                  std::string& out);
  void write_head(Mode mode, const Scale& scale,
                  std::span<const std::uint64_t> bits, std::string& out);

  Decimal hint_;
  std::bitset<kFrameValues> apart_;  // values that are stored as exceptions
  Exceptions exceptions_;
  FrameWords clean_;     // the bits, with exceptions replaced
  FrameWords mantissa_;  // the integers of the main stream
  FrameWords whole_;     // of ulp-split values
  FrameWords rest_;
  StreamEncoder main_;
  StreamEncoder whole_stream_;
  StreamEncoder rest_stream_;
};

}  // namespace prom::chunk
