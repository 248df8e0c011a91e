#include "libprom/base/checksum.h"

#include <xxhash.h>

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
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
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(
    Bytes bytes, std::uint32_t crc) {
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  std::uint64_t state = ~crc;
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
  static const bool kHasSse42 = __builtin_cpu_supports("sse4.2") != 0;
  if (kHasSse42) return crc32c_sse42(bytes, crc);
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
