// For processors of the x86-64-v3 level: four words at a time.
#include "libprom/chunk/kernels.h"

#ifdef __x86_64__

#include <immintrin.h>

#include <bit>
#include <cstring>

// Everything behind is compiled for that level, so all that is inline
// elsewhere has to be included above.
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi2,lzcnt"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi2,lzcnt")
#pragma GCC optimize("O3")
#endif

namespace prom::chunk {
namespace {

#include "libprom/chunk/kernel_loops.inc"

constexpr unsigned kShuffledWidthMax = 57;  // and 7 bits of shift fit a word
constexpr double kRounding = 0x1.8p52;      // added, leaves a whole number
constexpr double kRoundingRange = 0x1p51;

// How eight values of one width, which begin at a byte, become words: in pairs
// that lie within 16 bytes from some byte on.
struct Shuffle {
  alignas(32) std::array<std::uint8_t, 64> byte{};
  alignas(32) std::array<std::uint64_t, 8> shift{};
  std::array<std::uint8_t, 4> begin{};
};

constexpr std::array<Shuffle, kShuffledWidthMax + 1> make_shuffles() {
  std::array<Shuffle, kShuffledWidthMax + 1> made{};
  for (unsigned width = 1; width <= kShuffledWidthMax; ++width) {
    Shuffle& shuffle = made[width];
    for (unsigned i = 0; i < 8; ++i) {
      const unsigned begin = i / 2 * 2 * width / 8;
      shuffle.begin[i / 2] = static_cast<std::uint8_t>(begin);
      shuffle.shift[i] = i * width % 8;
      for (unsigned k = 0; k < 8; ++k) {
        shuffle.byte[i * 8 + k] =
            static_cast<std::uint8_t>(i * width / 8 - begin + k);
      }
    }
  }
  return made;
}

constexpr std::array<Shuffle, kShuffledWidthMax + 1> kShuffles =
    make_shuffles();

__m256i load(const std::uint64_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}
void store(std::uint64_t* at, __m256i words) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), words);
}
__m256i all(std::uint64_t word) {
  return _mm256_set1_epi64x(static_cast<long long>(word));
}
__m256i pair_of_halves(const std::byte* low, const std::byte* high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

void unpack(const std::byte* from, std::size_t count, unsigned width,
            std::uint64_t* into) {
  if (width == 0 || width > kShuffledWidthMax)
    return kScalarKernels.unpack(from, count, width, into);
  const Shuffle& shuffle = kShuffles[width];
  const auto* const bytes =
      reinterpret_cast<const std::uint64_t*>(shuffle.byte.data());
  const __m256i low_bytes = load(bytes);
  const __m256i high_bytes = load(bytes + 4);
  const __m256i low_shift = load(shuffle.shift.data());
  const __m256i high_shift = load(shuffle.shift.data() + 4);
  const __m256i mask = all(~std::uint64_t{0} >> (64 - width));
  for (std::size_t i = 0; i < count; i += 8, from += width) {
    const __m256i low = _mm256_shuffle_epi8(
        pair_of_halves(from, from + shuffle.begin[1]), low_bytes);
    const __m256i high = _mm256_shuffle_epi8(
        pair_of_halves(from + shuffle.begin[2], from + shuffle.begin[3]),
        high_bytes);
    store(into + i, _mm256_and_si256(_mm256_srlv_epi64(low, low_shift), mask));
    store(into + i + 4,
          _mm256_and_si256(_mm256_srlv_epi64(high, high_shift), mask));
  }
}

// Sums of the words up to each.
__m256i prefix_sums(__m256i words) {
  words = _mm256_add_epi64(words, _mm256_slli_si256(words, 8));
  const __m256i low = _mm256_permute4x64_epi64(words, 0x55);
  return _mm256_add_epi64(
      words, _mm256_blend_epi32(_mm256_setzero_si256(), low, 0xf0));
}

void sum(std::uint64_t* q, std::size_t count, std::uint64_t start,
         std::uint64_t base) {
  const __m256i step = all(base);
  __m256i carry = all(start);
  for (std::size_t i = 0; i < count; i += 4) {
    const __m256i sums = prefix_sums(_mm256_add_epi64(load(q + i), step));
    const __m256i result = _mm256_add_epi64(sums, carry);
    carry = _mm256_permute4x64_epi64(result, 0xff);
    store(q + i, result);
  }
}

void sum_twice(std::uint64_t* q, std::size_t count, std::uint64_t start,
               std::uint64_t delta) {
  const __m256i one = all(1);
  const __m256i zero = _mm256_setzero_si256();
  __m256i delta_carry = all(delta);
  __m256i carry = all(start);
  for (std::size_t i = 0; i < count; i += 4) {
    const __m256i words = load(q + i);
    const __m256i sign = _mm256_sub_epi64(zero, _mm256_and_si256(words, one));
    const __m256i change = _mm256_xor_si256(_mm256_srli_epi64(words, 1), sign);
    const __m256i deltas = _mm256_add_epi64(prefix_sums(change), delta_carry);
    delta_carry = _mm256_permute4x64_epi64(deltas, 0xff);
    const __m256i result = _mm256_add_epi64(prefix_sums(deltas), carry);
    carry = _mm256_permute4x64_epi64(result, 0xff);
    store(q + i, result);
  }
}

void chain(std::uint64_t* q, std::size_t count, std::uint64_t start,
           unsigned shift) {
  const __m128i left = _mm_cvtsi32_si128(static_cast<int>(shift));
  __m256i carry = all(start);
  for (std::size_t i = 0; i < count; i += 4) {
    __m256i words = _mm256_sll_epi64(load(q + i), left);
    words = _mm256_xor_si256(words, _mm256_slli_si256(words, 8));
    const __m256i low = _mm256_permute4x64_epi64(words, 0x55);
    words = _mm256_xor_si256(
        words, _mm256_blend_epi32(_mm256_setzero_si256(), low, 0xf0));
    words = _mm256_xor_si256(words, carry);
    carry = _mm256_permute4x64_epi64(words, 0xff);
    store(q + i, words);
  }
}

// Doubles of signed numbers, rounded once: the high half as a multiple of 2^32
// above 3 * 2^67, the low half above 2^52, and both offsets taken away.
__m256d doubles_of(__m256i words) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i high = _mm256_add_epi64(
      _mm256_blend_epi16(_mm256_srai_epi32(words, 16), zero, 0x33),
      _mm256_castpd_si256(_mm256_set1_pd(0x1.8p68)));
  const __m256i low = _mm256_blend_epi16(
      words, _mm256_castpd_si256(_mm256_set1_pd(0x1p52)), 0x88);
  const __m256d offset = _mm256_set1_pd(0x1.8p68 + 0x1p52);
  return _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), offset),
                       _mm256_castsi256_pd(low));
}

__m256d scaled(__m256d values, Decimal decimal) {
  if (decimal.exponent == 0) return values;
  if (decimal.multiply) {
    return _mm256_mul_pd(values,
                         _mm256_set1_pd(kNegativePowers[decimal.exponent]));
  }
  return _mm256_div_pd(values, _mm256_set1_pd(kPowers[decimal.exponent]));
}

void to_double(const std::uint64_t* q, std::size_t count, Decimal decimal,
               std::uint64_t* into) {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m256d values = scaled(doubles_of(load(q + i)), decimal);
    store(into + i, _mm256_castpd_si256(values));
  }
  kScalarKernels.to_double(q + i, count - i, decimal, into + i);
}

// Mantissas, right where the value is in range; elsewhere 0.
__m256i mantissas_of(__m256d values, Decimal decimal) {
  const __m256d power = _mm256_set1_pd(kPowers[decimal.exponent]);
  const __m256d product = _mm256_mul_pd(values, power);
  const double limit =
      decimal.exponent == 0 ? kRoundingRange : kDecimalMantissaMax;
  const __m256d size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), product);
  const __m256d fits = _mm256_cmp_pd(size, _mm256_set1_pd(limit), _CMP_LT_OQ);
  const __m256d rounding = _mm256_set1_pd(kRounding);
  const __m256i words =
      _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(product, rounding)),
                       _mm256_castpd_si256(rounding));
  return _mm256_and_si256(words, _mm256_castpd_si256(fits));
}

std::size_t from_double(const std::uint64_t* bits, std::size_t count,
                        Decimal decimal, std::uint64_t* into) {
  std::size_t misses = 0;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m256i wanted = load(bits + i);
    const __m256i words = mantissas_of(_mm256_castsi256_pd(wanted), decimal);
    const __m256i back =
        _mm256_castpd_si256(scaled(doubles_of(words), decimal));
    const __m256i hits = _mm256_cmpeq_epi64(wanted, back);
    const auto hit_bits =
        static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(hits)));
    if (hit_bits == 0xf) {
      store(into + i, words);
    } else if (decimal.exponent == 0) {
      // Whole numbers above the range of the rounding are still to be found.
      misses += kScalarKernels.from_double(bits + i, 4, decimal, into + i);
    } else {
      store(into + i, _mm256_and_si256(words, hits));
      misses += 4 - static_cast<std::size_t>(std::popcount(hit_bits));
    }
  }
  return misses +
         kScalarKernels.from_double(bits + i, count - i, decimal, into + i);
}

void count_widths(const std::uint64_t* words, std::size_t count,
                  WidthCounts& counts) {
  // Two tables, since equal widths in a row would wait for each other.
  WidthCounts odd{};
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    ++counts[64 - _lzcnt_u64(words[i])];
    ++odd[64 - _lzcnt_u64(words[i + 1])];
  }
  for (; i < count; ++i) ++counts[64 - _lzcnt_u64(words[i])];
  for (std::size_t width = 0; width < counts.size(); ++width)
    counts[width] = static_cast<std::uint16_t>(counts[width] + odd[width]);
}

}  // namespace

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const Kernels kAvx2Kernels = {
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
