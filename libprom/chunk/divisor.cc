#include "libprom/chunk/divisor.h"

#include <bit>
#include <cstdlib>
#include <numeric>

#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

std::uint64_t magnitude(std::uint64_t word) {
  return as_signed(word) < 0 ? 0 - word : word;
}

// The odd part of the common divisor of all differences, of which `shift` is
// the even part.
std::uint64_t odd_divisor(std::span<const std::uint64_t> q, unsigned shift) {
  std::uint64_t divisor = 0;
  for (std::size_t i = 1; i < q.size(); ++i) {
    if (q[i] == q[i - 1]) continue;
    const std::uint64_t size = magnitude(q[i] - q[0]) >> shift;
    // One division instead of the many steps of gcd().
    if (divisor != 0 && size % divisor == 0) continue;
    divisor = std::gcd(divisor, size);
    if (std::has_single_bit(divisor)) return 1;
  }
  return divisor == 0 ? 1 : divisor >> std::countr_zero(divisor);
}

// The inverse of an odd number modulo 2^64, by Newton's iteration: each round
// doubles the right bits, of which 3 are right from the start.
std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t result = odd;
  for (int round = 0; round < 5; ++round) result *= 2 - odd * result;
  return result;
}

}  // namespace

Divisor find_divisor(std::span<const std::uint64_t> q, Factors factors) {
  const std::uint64_t any = kernels().differing_bits(q.data(), q.size());
  if (any == 0) return {};
  const auto shift = static_cast<unsigned>(std::countr_zero(any));
  Divisor found;
  found.factor = std::uint64_t{1} << shift;
  if (factors == Factors::kAll) found.factor *= odd_divisor(q, shift);
  if (found.factor == 1) return {};
  found.residue = q[0] % found.factor;
  if (as_signed(q[0]) < 0 && !std::has_single_bit(found.factor)) {
    const std::uint64_t above = magnitude(q[0]) % found.factor;
    found.residue = above == 0 ? 0 : found.factor - above;
  }
  std::size_t changes = 0;
  for (std::size_t i = 1; i < q.size(); ++i)
    changes += q[i] != q[i - 1] ? 1 : 0;
  const auto saved =
      static_cast<std::size_t>(std::bit_width(found.factor) - 1) * changes;
  const std::size_t price =
      varint_bits(found.factor) + varint_bits(found.residue);
  return saved > price ? found : Divisor{};
}

void divide(std::span<std::uint64_t> q, Divisor divisor) {
  const auto shift = static_cast<unsigned>(std::countr_zero(divisor.factor));
  kernels().divide(q.data(), q.size(), divisor.residue, shift,
                   inverse(divisor.factor >> shift));
}

}  // namespace prom::chunk
