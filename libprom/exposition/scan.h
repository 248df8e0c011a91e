// Finding the end of a token, sixteen bytes at a time: what the exposition
// scanner spends its time with.  x86-64-v2 is the baseline, so the vector
// forms need no choice at run time; elsewhere, and within sixteen bytes of the
// end, the scalar twins run.  Tests hold the two together.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace prom::exposition::scan {

// [a-zA-Z0-9_], and ':' in names of metrics.
enum class Name { kLabel, kMetric };
template <Name kName>
bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (c >= '0' && c <= (kName == Name::kMetric ? ':' : '9'));
}
// What a quoted string cannot just be read across: its end, an escape, the end
// of a line, and the bytes that must be checked to be UTF-8.
inline bool is_special_in_quotes(char c) {
  return c == '"' || c == '\\' || c == '\n' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

template <Name kName>
const char* name_end_scalar(const char* at, const char* end) {
  while (at != end && is_name_byte<kName>(*at)) ++at;
  return at;
}
inline const char* quotes_end_scalar(const char* at, const char* end) {
  while (at != end && !is_special_in_quotes(*at)) ++at;
  return at;
}

// The first byte from `at` that is no byte of a name.
template <Name kName>
const char* name_end(const char* at, const char* end) {
#ifdef __SSE2__
  while (end - at >= 16) {
    const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i letter =
        _mm_sub_epi8(_mm_or_si128(c, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    const __m128i digit = _mm_sub_epi8(c, _mm_set1_epi8('0'));
    // ':' follows '9'.
    const __m128i digit_max = _mm_set1_epi8(kName == Name::kMetric ? 10 : 9);
    const __m128i in = _mm_or_si128(
        _mm_or_si128(
            _mm_cmpeq_epi8(letter, _mm_min_epu8(letter, _mm_set1_epi8(25))),
            _mm_cmpeq_epi8(digit, _mm_min_epu8(digit, digit_max))),
        _mm_cmpeq_epi8(c, _mm_set1_epi8('_')));
    const unsigned out = static_cast<unsigned>(_mm_movemask_epi8(in)) ^ 0xFFFFU;
    if (out != 0) return at + std::countr_zero(out);
    at += 16;
  }
#endif
  return name_end_scalar<kName>(at, end);
}

// The first byte from `at` that is special in quotes.
inline const char* quotes_end(const char* at, const char* end) {
#ifdef __SSE2__
  while (end - at >= 16) {
    const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i hit =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(c, _mm_set1_epi8('\\'))),
                     // The sign bit of `c` itself marks what is not ASCII.
                     _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('\n')), c));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
    if (mask != 0) return at + std::countr_zero(mask);
    at += 16;
  }
#endif
  return quotes_end_scalar(at, end);
}

// How many bytes at the front of `a` and `b` are equal, at most `size`.
// Chosen at run time: 64, 32 or 8 bytes a step.
std::size_t equal_prefix(const char* a, const char* b, std::size_t size);
std::size_t equal_prefix_scalar(const char* a, const char* b, std::size_t size);

}  // namespace prom::exposition::scan
