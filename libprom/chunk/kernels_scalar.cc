// The reference: every other version gives the same bits as these loops.
#include <bit>
#include <cassert>
#include <cmath>

#include "libprom/base/bytes.h"
#include "libprom/chunk/kernels.h"

namespace prom::chunk {
namespace {

#include "libprom/chunk/kernel_loops.inc"

void unpack(const std::byte* from, std::size_t count, unsigned width,
            std::uint64_t* into) {
  assert(width <= 64);
  const std::uint64_t mask = width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width);
  for (std::size_t i = 0, bit = 0; i < count; ++i, bit += width) {
    const std::byte* at = from + bit / 8;
    const unsigned shift = bit % 8;
    std::uint64_t word = load_le<std::uint64_t>(at) >> shift;
    if (shift + width > 64)
      word |= std::to_integer<std::uint64_t>(at[8]) << (64 - shift);
    into[i] = word & mask;
  }
}

void sum(std::uint64_t* q, std::size_t count, std::uint64_t start,
         std::uint64_t base) {
  for (std::size_t i = 0; i < count; ++i) {
    start += q[i] + base;
    q[i] = start;
  }
}

void sum_twice(std::uint64_t* q, std::size_t count, std::uint64_t start,
               std::uint64_t delta) {
  for (std::size_t i = 0; i < count; ++i) {
    delta += static_cast<std::uint64_t>(unzigzag(q[i]));
    start += delta;
    q[i] = start;
  }
}

void chain(std::uint64_t* q, std::size_t count, std::uint64_t start,
           unsigned shift) {
  for (std::size_t i = 0; i < count; ++i) {
    start ^= q[i] << shift;
    q[i] = start;
  }
}

std::uint64_t double_of(std::uint64_t mantissa, Decimal decimal) {
  auto value = static_cast<double>(static_cast<std::int64_t>(mantissa));
  if (decimal.exponent != 0) {
    value = decimal.multiply ? value * kNegativePowers[decimal.exponent]
                             : value / kPowers[decimal.exponent];
  }
  return std::bit_cast<std::uint64_t>(value);
}

void to_double(const std::uint64_t* q, std::size_t count, Decimal decimal,
               std::uint64_t* into) {
  for (std::size_t i = 0; i < count; ++i) into[i] = double_of(q[i], decimal);
}

// The mantissa nearest to the value, or 0 when that is out of range.
std::uint64_t mantissa_of(double value, Decimal decimal) {
  double whole = value;
  if (decimal.exponent == 0) {
    if (!(value >= -0x1p63 && value < 0x1p63)) return 0;
  } else {
    const double scaled = value * kPowers[decimal.exponent];
    if (!(std::fabs(scaled) < kDecimalMantissaMax)) return 0;
    whole = std::nearbyint(scaled);
  }
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(whole));
}

std::size_t from_double(const std::uint64_t* bits, std::size_t count,
                        Decimal decimal, std::uint64_t* into) {
  std::size_t misses = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = std::bit_cast<double>(bits[i]);
    into[i] = mantissa_of(value, decimal);
    const bool miss = double_of(into[i], decimal) != bits[i];
    misses += miss ? 1 : 0;
    if (miss) into[i] = 0;
  }
  return misses;
}

void count_widths(const std::uint64_t* words, std::size_t count,
                  WidthCounts& counts) {
  for (std::size_t i = 0; i < count; ++i)
    ++counts[static_cast<std::size_t>(std::bit_width(words[i]))];
}

}  // namespace

const Kernels kScalarKernels = {
    .unpack = unpack,
    .add = add,
    .add_line = add_line,
    .sum = sum,
    .sum_twice = sum_twice,
    .chain = chain,
    .scale = scale,
    .to_double = to_double,
    .all_equal = all_equal,
    .from_double = from_double,
    .differing_bits = differing_bits,
    .divide = divide,
    .differences = differences,
    .zigzag_differences = zigzag_differences,
    .subtract_line = subtract_line,
    .least = least,
    .count_widths = count_widths,
};

}  // namespace prom::chunk
