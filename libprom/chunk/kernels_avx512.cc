// For processors with AVX-512 up to VBMI (Ice Lake, Zen 4): eight words at a
// time.
#include "libprom/chunk/kernels.h"

#ifdef __x86_64__

#include <immintrin.h>

#include <bit>

#ifdef __clang__
#pragma clang attribute push(                                          \
    __attribute__((target("avx2,bmi2,lzcnt,avx512f,avx512bw,avx512cd," \
                          "avx512dq,avx512vl,avx512vbmi"))),           \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target( \
    "avx2,bmi2,lzcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi")
#pragma GCC optimize("O3")
// g++ 12 takes the registers that its own intrinsics leave undefined for a
// fault of ours (https://gcc.gnu.org/PR105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace prom::chunk {
namespace {

#include "libprom/chunk/kernel_loops.inc"

constexpr unsigned kShuffledWidthMax = 57;  // and 7 bits of shift fit a word

// Which bytes make up each of eight values of one width, and where in them the
// value begins.
struct Shuffle {
  alignas(64) std::array<std::uint8_t, 64> byte{};
  alignas(64) std::array<std::uint64_t, 8> shift{};
};

constexpr std::array<Shuffle, kShuffledWidthMax + 1> make_shuffles() {
  std::array<Shuffle, kShuffledWidthMax + 1> made{};
  for (unsigned width = 1; width <= kShuffledWidthMax; ++width) {
    for (unsigned i = 0; i < 8; ++i) {
      made[width].shift[i] = i * width % 8;
      for (unsigned k = 0; k < 8; ++k)
        made[width].byte[i * 8 + k] =
            static_cast<std::uint8_t>(i * width / 8 + k);
    }
  }
  return made;
}

constexpr std::array<Shuffle, kShuffledWidthMax + 1> kShuffles =
    make_shuffles();

__m512i all(std::uint64_t word) {
  return _mm512_set1_epi64(static_cast<long long>(word));
}

// The mask of the words that are there, from position i on.
__mmask8 rest_of(std::size_t i, std::size_t count) {
  if (count - i >= 8) return static_cast<__mmask8>(0xffU);
  return static_cast<__mmask8>(0xffU >> (8 - (count - i)));
}

void unpack(const std::byte* from, std::size_t count, unsigned width,
            std::uint64_t* into) {
  if (width == 0 || width > kShuffledWidthMax)
    return kScalarKernels.unpack(from, count, width, into);
  const __m512i bytes = _mm512_load_si512(kShuffles[width].byte.data());
  const __m512i shift = _mm512_load_si512(kShuffles[width].shift.data());
  const __m512i mask = all(~std::uint64_t{0} >> (64 - width));
  for (std::size_t i = 0; i < count; i += 8, from += width) {
    const __m512i words =
        _mm512_permutexvar_epi8(bytes, _mm512_loadu_si512(from));
    _mm512_storeu_si512(
        into + i, _mm512_and_si512(_mm512_srlv_epi64(words, shift), mask));
  }
}

// Sums of the words up to each.
__m512i prefix_sums(__m512i words) {
  const __m512i zero = _mm512_setzero_si512();
  words = _mm512_add_epi64(words, _mm512_alignr_epi64(words, zero, 7));
  words = _mm512_add_epi64(words, _mm512_alignr_epi64(words, zero, 6));
  return _mm512_add_epi64(words, _mm512_alignr_epi64(words, zero, 4));
}

__m512i last_of(__m512i words) {
  return _mm512_permutexvar_epi64(_mm512_set1_epi64(7), words);
}

void sum(std::uint64_t* q, std::size_t count, std::uint64_t start,
         std::uint64_t base) {
  const __m512i step = all(base);
  __m512i carry = all(start);
  for (std::size_t i = 0; i < count; i += 8) {
    const __m512i sums =
        prefix_sums(_mm512_add_epi64(_mm512_loadu_si512(q + i), step));
    const __m512i result = _mm512_add_epi64(sums, carry);
    carry = _mm512_add_epi64(last_of(sums), carry);
    _mm512_storeu_si512(q + i, result);
  }
}

void sum_twice(std::uint64_t* q, std::size_t count, std::uint64_t start,
               std::uint64_t delta) {
  const __m512i one = all(1);
  const __m512i zero = _mm512_setzero_si512();
  __m512i delta_carry = all(delta);
  __m512i carry = all(start);
  for (std::size_t i = 0; i < count; i += 8) {
    const __m512i words = _mm512_loadu_si512(q + i);
    const __m512i sign = _mm512_sub_epi64(zero, _mm512_and_si512(words, one));
    const __m512i change = _mm512_xor_si512(_mm512_srli_epi64(words, 1), sign);
    const __m512i deltas = _mm512_add_epi64(prefix_sums(change), delta_carry);
    delta_carry = last_of(deltas);
    const __m512i result = _mm512_add_epi64(prefix_sums(deltas), carry);
    carry = last_of(result);
    _mm512_storeu_si512(q + i, result);
  }
}

void chain(std::uint64_t* q, std::size_t count, std::uint64_t start,
           unsigned shift) {
  const __m128i left = _mm_cvtsi32_si128(static_cast<int>(shift));
  const __m512i zero = _mm512_setzero_si512();
  __m512i carry = all(start);
  for (std::size_t i = 0; i < count; i += 8) {
    __m512i words = _mm512_sll_epi64(_mm512_loadu_si512(q + i), left);
    words = _mm512_xor_si512(words, _mm512_alignr_epi64(words, zero, 7));
    words = _mm512_xor_si512(words, _mm512_alignr_epi64(words, zero, 6));
    words = _mm512_xor_si512(words, _mm512_alignr_epi64(words, zero, 4));
    words = _mm512_xor_si512(words, carry);
    carry = last_of(words);
    _mm512_storeu_si512(q + i, words);
  }
}

__m512d scaled(__m512d values, Decimal decimal) {
  if (decimal.exponent == 0) return values;
  if (decimal.multiply) {
    return _mm512_mul_pd(values,
                         _mm512_set1_pd(kNegativePowers[decimal.exponent]));
  }
  return _mm512_div_pd(values, _mm512_set1_pd(kPowers[decimal.exponent]));
}

void to_double(const std::uint64_t* q, std::size_t count, Decimal decimal,
               std::uint64_t* into) {
  for (std::size_t i = 0; i < count; i += 8) {
    const __mmask8 rest = rest_of(i, count);
    const __m512i words = _mm512_maskz_loadu_epi64(rest, q + i);
    const __m512d values = scaled(_mm512_cvtepi64_pd(words), decimal);
    _mm512_mask_storeu_pd(into + i, rest, values);
  }
}

// Mantissas, right where the value is in range; elsewhere 0, or what does not
// come back.
__m512i mantissas_of(__m512d values, Decimal decimal) {
  if (decimal.exponent == 0) return _mm512_cvttpd_epi64(values);
  const __m512d product =
      _mm512_mul_pd(values, _mm512_set1_pd(kPowers[decimal.exponent]));
  const __mmask8 fits = _mm512_cmp_pd_mask(
      _mm512_abs_pd(product), _mm512_set1_pd(kDecimalMantissaMax), _CMP_LT_OQ);
  return _mm512_maskz_cvtpd_epi64(fits, product);
}

std::size_t from_double(const std::uint64_t* bits, std::size_t count,
                        Decimal decimal, std::uint64_t* into) {
  std::size_t misses = 0;
  for (std::size_t i = 0; i < count; i += 8) {
    const __mmask8 rest = rest_of(i, count);
    const __m512i wanted = _mm512_maskz_loadu_epi64(rest, bits + i);
    const __m512i words = mantissas_of(_mm512_castsi512_pd(wanted), decimal);
    const __m512i back =
        _mm512_castpd_si512(scaled(_mm512_cvtepi64_pd(words), decimal));
    const __mmask8 hits = _mm512_cmpeq_epi64_mask(wanted, back);
    misses += 8 - static_cast<std::size_t>(std::popcount(unsigned{hits}));
    _mm512_mask_storeu_epi64(into + i, rest,
                             _mm512_maskz_mov_epi64(hits, words));
  }
  return misses;
}

void count_widths(const std::uint64_t* words, std::size_t count,
                  WidthCounts& counts) {
  // Two tables, since equal widths in a row would wait for each other.
  WidthCounts odd{};
  std::uint16_t* const even_at = counts.data();
  std::uint16_t* const odd_at = odd.data();
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m512i zeros = _mm512_lzcnt_epi64(_mm512_loadu_si512(words + i));
    auto widths = static_cast<std::uint64_t>(_mm_cvtsi128_si64(
        _mm512_cvtepi64_epi8(_mm512_sub_epi64(all(64), zeros))));
    for (unsigned k = 0; k < 4; ++k, widths >>= 16U) {
      ++even_at[widths & 0xffU];
      ++odd_at[widths >> 8U & 0xffU];
    }
  }
  for (; i < count; ++i) ++counts[64 - _lzcnt_u64(words[i])];
  for (std::size_t width = 0; width < counts.size(); ++width)
    counts[width] = static_cast<std::uint16_t>(counts[width] + odd[width]);
}

}  // namespace

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif

const Kernels kAvx512Kernels = {
    .unpack = unpack,
    .add = add,
    .add_line = add_line,
    .sum = sum,
    .sum_twice = sum_twice,
    .chain = chain,
    .scale = scale,
    .to_double = to_double,
    .all_equal = all_equal,
    .from_double = from_double,
    .differing_bits = differing_bits,
    .divide = divide,
    .differences = differences,
    .zigzag_differences = zigzag_differences,
    .subtract_line = subtract_line,
    .least = least,
    .count_widths = count_widths,
};

}  // namespace prom::chunk

#endif
