#include "libprom/chunk/pack.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace prom::chunk {
namespace {

constexpr unsigned kPatched = 0x80;
constexpr unsigned kPatchesMax = 255;

constexpr std::uint64_t low_mask(unsigned width) {
  return width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width);
}

constexpr std::size_t bytes_for(std::size_t count, unsigned width) {
  return (count * width + 7) / 8;
}

}  // namespace

PackPlan plan_pack(const std::uint64_t* words, std::size_t count) {
  WidthCounts counts{};
  kernels().count_widths(words, count, counts);
  unsigned widest = 64;
  while (widest > 0 && counts[widest] == 0) --widest;
  PackPlan best{widest, 0, 0, 8 + count * widest};
  unsigned patches = counts[widest];
  for (unsigned width = widest; width-- > 0 && patches <= kPatchesMax;) {
    const std::size_t bits =
        24 + count * width + std::size_t{patches} * (8 + widest - width);
    if (bits < best.bits) best = {width, patches, widest - width, bits};
    patches += counts[width];
  }
  return best;
}

void append_bits(const std::uint64_t* words, std::size_t count, unsigned width,
                 std::string& out) {
  if (width == 0) return;
  const std::size_t begin = out.size();
  out.resize(begin + bytes_for(count, width) + sizeof(std::uint64_t));
  char* at = out.data() + begin;
  std::uint64_t pending = 0;
  unsigned used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = words[i] & low_mask(width);
    pending |= word << used;
    used += width;
    if (used < 64) continue;
    store_le(at, pending);
    at += sizeof(pending);
    used -= 64;
    pending = used == 0 ? 0 : word >> (width - used);
  }
  store_le(at, pending);
  out.resize(begin + bytes_for(count, width));
}

bool read_bits(ByteReader& in, std::size_t count, unsigned width,
               std::uint64_t* into) {
  const Bytes bytes = in.take(bytes_for(count, width));
  if (!in.ok()) return false;
  if (width == 0) {
    std::fill_n(into, count, 0);
    return true;
  }
  kernels().unpack(bytes.data(), count, width, into);
  return true;
}

void write_packed(const std::uint64_t* words, std::size_t count,
                  const PackPlan& plan, std::string& out) {
  out += static_cast<char>(plan.width | (plan.patches == 0 ? 0 : kPatched));
  append_bits(words, count, plan.width, out);
  if (plan.patches == 0) return;
  assert(plan.width < 64);
  out += static_cast<char>(plan.patches);
  out += static_cast<char>(plan.patch_width);
  std::array<std::uint64_t, kPatchesMax> high;
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = words[i] >> plan.width;
    if (bits == 0) continue;
    out += static_cast<char>(i);
    high[found++] = bits;
  }
  append_bits(high.data(), found, plan.patch_width, out);
}

bool read_packed(ByteReader& in, std::size_t count, std::uint64_t* into) {
  const unsigned head = in.fixed<std::uint8_t>();
  const unsigned width = head & ~kPatched;
  if (width > 64 || !read_bits(in, count, width, into)) return false;
  if ((head & kPatched) == 0) return in.ok();
  const std::size_t patches = in.fixed<std::uint8_t>();
  const unsigned patch_width = in.fixed<std::uint8_t>();
  const Bytes positions = in.take(patches);
  if (!in.ok() || patches == 0 || patch_width == 0 || width + patch_width > 64)
    return false;
  FrameWords high;
  if (!read_bits(in, patches, patch_width, high.at.data())) return false;
  for (std::size_t i = 0; i < patches; ++i) {
    const auto position = std::to_integer<std::size_t>(positions[i]);
    if (position >= count) return false;
    into[position] |= high.at[i] << width;
  }
  return true;
}

}  // namespace prom::chunk
