// The inner loops of the codecs in this folder, in versions for the processors
// that we meet.  A version is chosen once, when the first one is asked for;
// all of them give the same bits.
//
// `q` and `into` are arrays of words with room for `count` rounded up to a
// multiple of kKernelBlock, and a kernel may write all of that room.  What is
// const may be `into` as well.  Arithmetic is modulo 2^64; "least" and
// "ascending" mean signed numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "libprom/chunk/frame_directory.h"

namespace prom::chunk {

constexpr std::size_t kKernelBlock = 8;  // words

// Room for the words of a frame.
struct alignas(64) FrameWords {
  std::array<std::uint64_t, kFrameValues + kKernelBlock> at;
};

// How a mantissa becomes a double.
struct Decimal {
  std::uint8_t exponent = 0;  // at most kExponentMax
  bool multiply = false;      // by 10^-exponent; else divide by 10^exponent

  bool operator==(const Decimal&) const = default;
};
constexpr unsigned kExponentMax = 22;  // 10^22 is the last exact double

// Mantissas of decimals stay below; integers may have 63 bits.
constexpr double kDecimalMantissaMax = 1e15;

using WidthCounts = std::array<std::uint16_t, 65>;

struct Differences {
  std::size_t changes = 0;  // that are not 0
  bool ascending = false;   // none of the numbers is below the one before
};

struct Kernels {
  // -- decoding

  // `count` values of `width` bits (at most 64), least significant bit first.
  // Reads up to 63 bytes behind the last one.
  void (*unpack)(const std::byte* from, std::size_t count, unsigned width,
                 std::uint64_t* into);
  void (*add)(std::uint64_t* q, std::size_t count, std::uint64_t base);
  // q[i] += base + i * slope
  void (*add_line)(std::uint64_t* q, std::size_t count, std::uint64_t base,
                   std::uint64_t slope);
  // q[i] = start + the sum of (q[k] + base) for k up to i
  void (*sum)(std::uint64_t* q, std::size_t count, std::uint64_t start,
              std::uint64_t base);
  // The same, with deltas that are sums of `delta` and unzigzag(q[k]).
  void (*sum_twice)(std::uint64_t* q, std::size_t count, std::uint64_t start,
                    std::uint64_t delta);
  // q[i] = start ^ the xor of (q[k] << shift) for k up to i
  void (*chain)(std::uint64_t* q, std::size_t count, std::uint64_t start,
                unsigned shift);
  // q[i] = q[i] * factor + residue
  void (*scale)(std::uint64_t* q, std::size_t count, std::uint64_t factor,
                std::uint64_t residue);
  // Bits of the doubles that mantissas stand for.  Writes `count` words only.
  void (*to_double)(const std::uint64_t* q, std::size_t count, Decimal decimal,
                    std::uint64_t* into);

  // -- encoding

  // True when all words are the same.  REQUIRES: count > 0.
  bool (*all_equal)(const std::uint64_t* words, std::size_t count);
  // Mantissas of doubles; returns how many do not come back bit by bit with
  // to_double(), whose mantissa is 0 then.
  std::size_t (*from_double)(const std::uint64_t* bits, std::size_t count,
                             Decimal decimal, std::uint64_t* into);
  // The bits in which any word differs from the first.  REQUIRES: count > 0.
  std::uint64_t (*differing_bits)(const std::uint64_t* words,
                                  std::size_t count);
  // q[i] = (q[i] - residue) / 2^shift * factor, signed.
  void (*divide)(std::uint64_t* q, std::size_t count, std::uint64_t residue,
                 unsigned shift, std::uint64_t factor);
  // into[i] = q[i + 1] - q[i] for i < count - 1.  REQUIRES: count > 0.
  Differences (*differences)(const std::uint64_t* q, std::size_t count,
                             std::uint64_t* into);
  // into[i] = zigzag(q[i + 1] - q[i]) for i < count - 1.  REQUIRES: count > 0.
  void (*zigzag_differences)(const std::uint64_t* q, std::size_t count,
                             std::uint64_t* into);
  // into[i] = q[i] - (base + i * slope)
  void (*subtract_line)(const std::uint64_t* q, std::size_t count,
                        std::uint64_t base, std::uint64_t slope,
                        std::uint64_t* into);
  // REQUIRES: count > 0.
  std::uint64_t (*least)(const std::uint64_t* words, std::size_t count);
  // Adds to counts[w] how many words are w bits wide.
  void (*count_widths)(const std::uint64_t* words, std::size_t count,
                       WidthCounts& counts);
};

enum class Machine : std::uint8_t { kScalar, kAvx2, kAvx512 };

// The widest version that this processor runs, or that of use_machine().
const Kernels& kernels();
// Null when this processor, or this build, does not have it.
const Kernels* kernels_of(Machine machine);
// For tests and benchmarks.  REQUIRES: kernels_of(machine) is not null.
void use_machine(std::optional<Machine> machine);

// 10^0 … 10^22, and the doubles nearest to 10^-0 … 10^-22.
extern const std::array<double, kExponentMax + 1> kPowers;
extern const std::array<double, kExponentMax + 1> kNegativePowers;

extern const Kernels kScalarKernels;
#ifdef __x86_64__
extern const Kernels kAvx2Kernels;    // AVX2, BMI2, LZCNT
extern const Kernels kAvx512Kernels;  // and AVX-512 F, BW, CD, DQ, VL, VBMI
#endif

}  // namespace prom::chunk
