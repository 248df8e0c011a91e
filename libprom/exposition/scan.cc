#include "libprom/exposition/scan.h"

#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace prom::exposition::scan {
namespace {

std::uint64_t word(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

#ifdef __x86_64__
__attribute__((target("avx2,bmi"))) std::size_t equal_prefix_avx2(
    const char* a, const char* b, std::size_t size) {
  std::size_t done = 0;
  for (; size - done >= 32; done += 32) {
    const __m256i x =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + done));
    const __m256i y =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + done));
    const auto equal =
        static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y)));
    if (equal != 0xFFFFFFFFU)
      return done + static_cast<std::size_t>(std::countr_one(equal));
  }
  return done + equal_prefix_scalar(a + done, b + done, size - done);
}

__attribute__((target("avx512f,avx512bw,bmi"))) std::size_t equal_prefix_avx512(
    const char* a, const char* b, std::size_t size) {
  std::size_t done = 0;
  for (; size - done >= 64; done += 64) {
    const std::uint64_t differs = _mm512_cmpneq_epi8_mask(
        _mm512_loadu_si512(a + done), _mm512_loadu_si512(b + done));
    if (differs != 0)
      return done + static_cast<std::size_t>(std::countr_zero(differs));
  }
  if (done == size) return size;
  const std::uint64_t rest = (1ULL << (size - done)) - 1;
  const std::uint64_t differs = _mm512_mask_cmpneq_epi8_mask(
      rest, _mm512_maskz_loadu_epi8(rest, a + done),
      _mm512_maskz_loadu_epi8(rest, b + done));
  return differs == 0
             ? size
             : done + static_cast<std::size_t>(std::countr_zero(differs));
}
#endif

using EqualPrefix = std::size_t (*)(const char*, const char*, std::size_t);

EqualPrefix choose() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512bw")) return equal_prefix_avx512;
  if (__builtin_cpu_supports("avx2")) return equal_prefix_avx2;
#endif
  return equal_prefix_scalar;
}

}  // namespace

std::size_t equal_prefix_scalar(const char* a, const char* b,
                                std::size_t size) {
  std::size_t done = 0;
  for (; size - done >= 8; done += 8) {
    const std::uint64_t differs = word(a + done) ^ word(b + done);
    if (differs != 0)
      return done + static_cast<std::size_t>(std::countr_zero(differs)) / 8;
  }
  while (done < size && a[done] == b[done]) ++done;
  return done;
}

std::size_t equal_prefix(const char* a, const char* b, std::size_t size) {
  static const EqualPrefix kChosen = choose();
  return kChosen(a, b, size);
}

}  // namespace prom::exposition::scan
