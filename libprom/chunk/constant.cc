#include "libprom/chunk/constant.h"

#include <bit>

#include "libprom/chunk/column_tag.h"
#include "libprom/chunk/decimal.h"
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

constexpr unsigned kWhole = 9;

}  // namespace

void append_constant(std::uint64_t bits, std::string& out) {
  const auto high_bytes =
      bits == 0 ? 0U : 8 - static_cast<unsigned>(std::countr_zero(bits)) / 8;
  std::uint64_t whole = 0;
  const bool fits = kScalarKernels.from_double(&bits, 1, {}, &whole) == 0;
  const std::uint64_t stored = zigzag(as_signed(whole));
  if (fits && varint_bits(stored) / 8 < high_bytes) {
    out += ColumnTag{ColumnType::kConstant, kWhole}.byte();
    append_varint(out, stored);
    return;
  }
  out += ColumnTag{ColumnType::kConstant, high_bytes}.byte();
  for (unsigned i = 8 - high_bytes; i < 8; ++i)
    out += static_cast<char>(bits >> 8 * i);
}

bool read_constant(ByteReader& in, unsigned detail, std::uint64_t& bits) {
  if (detail > kWhole) return false;
  if (detail == kWhole) {
    bits = double_bits(static_cast<std::uint64_t>(unzigzag(in.varint())), {});
    return in.ok();
  }
  bits = 0;
  for (unsigned i = 8 - detail; i < 8; ++i)
    bits |= std::uint64_t{in.fixed<std::uint8_t>()} << 8 * i;
  return in.ok();
}

}  // namespace prom::chunk
