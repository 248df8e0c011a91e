#include "libprom/chunk/ulp.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "libprom/chunk/decimal.h"
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

constexpr std::uint8_t kExponentsMax = 12;
constexpr std::size_t kSamplesMax = 24;

struct Split {
  std::uint64_t whole = 0;
  std::uint64_t rest = 0;
};

Split split(std::uint64_t bits, std::uint8_t exponent) {
  const double scaled = std::bit_cast<double>(bits) * kPowers[exponent];
  std::uint64_t whole = 0;
  if (std::fabs(scaled) < kDecimalMantissaMax) {
    whole = static_cast<std::uint64_t>(
        static_cast<std::int64_t>(std::nearbyint(scaled)));
  }
  return {whole, bits - double_bits(whole, {exponent, false})};
}

std::size_t width_of(std::uint64_t difference) {
  return static_cast<std::size_t>(
      std::bit_width(zigzag(as_signed(difference))));
}

// Bits of the differences between neighbours, with which exponent, or as they
// are.
std::size_t cost_of(std::span<const std::uint64_t> bits,
                    std::optional<std::uint8_t> exponent) {
  std::size_t cost = 0;
  Split before;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Split now = exponent ? split(bits[i], *exponent) : Split{bits[i], 0};
    if (i > 0)
      cost +=
          width_of(now.whole - before.whole) + width_of(now.rest - before.rest);
    before = now;
  }
  return cost;
}

}  // namespace

std::optional<std::uint8_t> find_ulp_exponent(
    std::span<const std::uint64_t> bits) {
  const auto sample = bits.first(std::min(bits.size(), kSamplesMax));
  std::size_t least = cost_of(sample, std::nullopt);
  std::optional<std::uint8_t> found;
  for (std::uint8_t exponent = 1; exponent <= kExponentsMax; ++exponent) {
    const std::size_t cost = cost_of(sample, exponent);
    if (cost >= least) continue;
    least = cost;
    found = exponent;
  }
  return found;
}

void split_ulps(std::span<const std::uint64_t> bits, std::uint8_t exponent,
                std::span<std::uint64_t> whole, std::span<std::uint64_t> rest) {
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Split parts = split(bits[i], exponent);
    whole[i] = parts.whole;
    rest[i] = parts.rest;
  }
}

}  // namespace prom::chunk
