#include "libprom/chunk/decimal.h"

#include <algorithm>

namespace prom::chunk {
namespace {

constexpr unsigned kSearchMax = 17;
// Values that are looked at before all are.
constexpr std::size_t kSamples = 16;
constexpr std::size_t kRoundsMax = 4;

bool is_exact(std::uint64_t bits, Decimal decimal) {
  std::uint64_t mantissa = 0;
  return kScalarKernels.from_double(&bits, 1, decimal, &mantissa) == 0;
}

// Raises `decimal` until `bits` comes back; false when nothing does it.
bool raise_to(std::uint64_t bits, Decimal& decimal) {
  if (is_exact(bits, decimal)) return true;
  for (unsigned e = std::max<unsigned>(1, decimal.exponent); e <= kSearchMax;
       ++e) {
    for (const bool multiply : {false, true}) {
      const Decimal next{static_cast<std::uint8_t>(e), multiply};
      if (!is_exact(bits, next)) continue;
      decimal = next;
      return true;
    }
  }
  return false;
}

// Raises `decimal` by some of the values; false when several have no exponent.
bool raise_by_samples(std::span<const std::uint64_t> bits, Decimal& decimal) {
  const std::size_t step = std::max<std::size_t>(1, bits.size() / kSamples);
  std::size_t hopeless = 0;
  for (std::size_t i = 0; i < bits.size(); i += step) {
    hopeless += raise_to(bits[i], decimal) ? 0 : 1;
    if (hopeless > 1) return false;
  }
  return true;
}

}  // namespace

std::optional<Decimal> find_decimal(std::span<const std::uint64_t> bits,
                                    Decimal hint, std::size_t misses_max,
                                    std::uint64_t* q) {
  const auto fits = [&](Decimal decimal) {
    return kernels().from_double(bits.data(), bits.size(), decimal, q) <=
           misses_max;
  };
  if (fits({})) return Decimal{};
  if (hint.exponent != 0 && fits(hint)) return hint;
  Decimal decimal;
  if (!raise_by_samples(bits, decimal)) return std::nullopt;
  for (std::size_t round = 0; round < kRoundsMax; ++round) {
    if (fits(decimal)) return decimal;
    // A miss leaves 0, which otherwise only a zero has.
    std::size_t miss = 0;
    while (q[miss] != 0 || bits[miss] == 0) ++miss;
    if (!raise_to(bits[miss], decimal)) return std::nullopt;
  }
  return std::nullopt;
}

std::uint64_t double_bits(std::uint64_t mantissa, Decimal decimal) {
  std::uint64_t bits = 0;
  kScalarKernels.to_double(&mantissa, 1, decimal, &bits);
  return bits;
}

}  // namespace prom::chunk
