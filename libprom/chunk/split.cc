// Full mantissas: the high bytes' worth of a double (sign, exponent) take few
// values, which are listed; the mantissas stay as they are.
//
//   u8 number of different high parts (1-16), u16 each
//   u8 zero bits at the end of all low parts
//   packed words: which high part, one per value
//   u8 width of low parts (0-52), and their bits
//
// After the left parts of ALP_RD: Afroozeh, Kuffo, Boncz, "ALP: Adaptive
// Lossless floating-Point Compression", SIGMOD 2024.
#include <algorithm>
#include <bit>

#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

constexpr unsigned kLowBits = 52;
constexpr std::uint64_t kLowMask = (std::uint64_t{1} << kLowBits) - 1;
constexpr std::size_t kPartsMax = 16;

// Kept apart from the plan's words: which high part each value has.
struct HighParts {
  std::array<std::uint16_t, kPartsMax> part;
  std::size_t count = 0;

  // kPartsMax when there is no room.
  std::size_t number_of(std::uint64_t value) {
    const auto high = static_cast<std::uint16_t>(value >> kLowBits);
    std::size_t i = 0;
    while (i < count && part[i] != high) ++i;
    if (i == count && i < kPartsMax) part[count++] = high;
    return i;
  }
};

bool make_plan(const Integers& integers, Plan& plan) {
  HighParts parts;
  plan.count = integers.q.size();
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < plan.count; ++i) {
    plan.words.at[i] = parts.number_of(integers.q[i]);
    if (plan.words.at[i] == kPartsMax) return false;
    low |= integers.q[i] & kLowMask;
  }
  plan.shift = low == 0 ? 0 : static_cast<unsigned>(std::countr_zero(low));
  plan.slope = static_cast<std::uint64_t>(std::bit_width(low >> plan.shift));
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = 24 + parts.count * 16 + plan.pack.bits + plan.count * plan.slope;
  return true;
}

void write(const Integers& integers, const Plan& plan, std::string& out) {
  HighParts parts;
  FrameWords low;
  for (std::size_t i = 0; i < plan.count; ++i) {
    (void)parts.number_of(integers.q[i]);
    low.at[i] = (integers.q[i] & kLowMask) >> plan.shift;
  }
  out += static_cast<char>(parts.count);
  for (std::size_t i = 0; i < parts.count; ++i) append_le(out, parts.part[i]);
  out += static_cast<char>(plan.shift);
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
  out += static_cast<char>(plan.slope);
  append_bits(low.at.data(), plan.count, static_cast<unsigned>(plan.slope),
              out);
}

bool read(ByteReader& in, std::uint64_t /*first*/, std::size_t count,
          std::uint64_t* q) {
  std::array<std::uint64_t, kPartsMax> high{};
  const std::size_t parts = in.fixed<std::uint8_t>();
  if (parts == 0 || parts > kPartsMax) return false;
  for (std::size_t i = 0; i < parts; ++i)
    high[i] = std::uint64_t{in.fixed<std::uint16_t>()} << kLowBits;
  const unsigned shift = in.fixed<std::uint8_t>();
  FrameWords number;
  if (!read_packed(in, count, number.at.data())) return false;
  const unsigned width = in.fixed<std::uint8_t>();
  if (width + shift > kLowBits || !read_bits(in, count, width, q)) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (number.at[i] >= parts) return false;
    q[i] = high[number.at[i]] | q[i] << shift;
  }
  return true;
}

}  // namespace

const Codec kSplitCodec = {make_plan, write, read};

}  // namespace prom::chunk
