// What all integers of a frame have in common: they are a multiple of a factor
// above a residue, as sizes are multiples of pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace prom::chunk {

struct Divisor {
  std::uint64_t factor = 1;
  std::uint64_t residue = 0;  // below the factor

  bool operator==(const Divisor&) const = default;
};

// The greatest common divisor of the differences when it pays to store it, or
// the greatest power of two in it.
enum class Factors : std::uint8_t { kAll, kPowersOfTwo };
Divisor find_divisor(std::span<const std::uint64_t> q, Factors factors);

// q = (q - residue) / factor, exactly and signed.  Room as for a kernel.
void divide(std::span<std::uint64_t> q, Divisor divisor);

}  // namespace prom::chunk
