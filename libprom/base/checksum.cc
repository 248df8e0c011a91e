#include "libprom/base/checksum.h"

#include <xxhash.h>

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace prom {
namespace {

constexpr std::uint32_t kCastagnoliReversed = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kCastagnoliReversed : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
// x^n modulo the polynomial; bit 31 is x^0.
constexpr std::uint32_t power_of_x(std::size_t n) {
  std::uint32_t power = 1U << 31U;
  for (; n > 0; --n)
    power = (power >> 1U) ^ ((power & 1U) != 0 ? kCastagnoliReversed : 0U);
  return power;
}

// What the crc of bytes becomes when kBytes more follow that are left out.
// Multiplying by clmul adds one x, crc32 another 32.
template <std::size_t kBytes>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t move_by(
    std::uint64_t state) {
  constexpr std::uint32_t kFactor = power_of_x(kBytes * 8 - 33);
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(state)),
                           _mm_cvtsi64_si128(kFactor), 0);
  return _mm_crc32_u64(0,
                       static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

// The instruction takes three cycles but begins anew in each, so three pieces
// of kPiece bytes are summed side by side and put together: Gopal et al.,
// "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", 2011.
template <std::size_t kPiece>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t crc_by_threes(
    const std::byte*& at, const std::byte* end, std::uint64_t state) {
  while (static_cast<std::size_t>(end - at) >= 3 * kPiece) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kPiece; i += 8) {
      state = _mm_crc32_u64(state, load_le<std::uint64_t>(at + i));
      second = _mm_crc32_u64(second, load_le<std::uint64_t>(at + kPiece + i));
      third = _mm_crc32_u64(third, load_le<std::uint64_t>(at + 2 * kPiece + i));
    }
    state = move_by<2 * kPiece>(state) ^ move_by<kPiece>(second) ^ third;
    at += 3 * kPiece;
  }
  return state;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_sse42(
    Bytes bytes, std::uint32_t crc) {
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  std::uint64_t state = ~crc;
  state = crc_by_threes<1024>(at, end, state);
  state = crc_by_threes<64>(at, end, state);
  for (; end - at >= 8; at += 8)
    state = _mm_crc32_u64(state, load_le<std::uint64_t>(at));
  auto state32 = static_cast<std::uint32_t>(state);
  for (; at != end; ++at)
    state32 = _mm_crc32_u8(state32, std::to_integer<unsigned char>(*at));
  return ~state32;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const std::byte byte : bytes)
    crc = (crc >> 8U) ^
          kTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU];
  return ~crc;
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t crc) {
#if defined(__x86_64__)
  static const bool kHasBoth = __builtin_cpu_supports("sse4.2") != 0 &&
                               __builtin_cpu_supports("pclmul") != 0;
  if (kHasBoth) return crc32c_sse42(bytes, crc);
#endif
  return crc32c_portable(bytes, crc);
}

std::uint64_t hash64(Bytes bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Hash128 hash128(std::string_view text, std::uint64_t seed) {
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(text.data(), text.size(), seed);
  return {hash.low64, hash.high64};
}

std::uint64_t xxh64(std::string_view text) {
  return XXH64(text.data(), text.size(), 0);
}

std::uint64_t fnv1a64(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace prom
