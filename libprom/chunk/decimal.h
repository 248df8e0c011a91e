// Doubles that are short decimals as whole mantissas and one exponent.  What
// comes back is verified bit by bit before it is believed.
//
// After ALP: Afroozeh, Kuffo, Boncz, "ALP: Adaptive Lossless floating-Point
// Compression", SIGMOD 2024; searched from failing values, not by sampling all
// exponents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "libprom/chunk/kernels.h"

namespace prom::chunk {

// Fills q (room as for a kernel) with the mantissas of `bits` under one
// exponent, with which at most `misses_max` values do not come back.  `hint`
// is tried first after whole numbers.
std::optional<Decimal> find_decimal(std::span<const std::uint64_t> bits,
                                    Decimal hint, std::size_t misses_max,
                                    std::uint64_t* q);

// The double of one mantissa, as Kernels::to_double makes it.
std::uint64_t double_bits(std::uint64_t mantissa, Decimal decimal);

}  // namespace prom::chunk
