// Sums of short decimals that have drifted off them: seconds that were added
// up from nanoseconds, for one.  The decimal nearest to the value and the
// distance to it in units in the last place both change slowly, while the
// mantissa as a whole looks random.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace prom::chunk {

// The exponent with which such a split promises to be small, by some of the
// values; nullopt when full mantissas are as good.
std::optional<std::uint8_t> find_ulp_exponent(
    std::span<const std::uint64_t> bits);

// bits = bits of (whole / 10^exponent) + rest, modulo 2^64.
void split_ulps(std::span<const std::uint64_t> bits, std::uint8_t exponent,
                std::span<std::uint64_t> whole, std::span<std::uint64_t> rest);

}  // namespace prom::chunk
