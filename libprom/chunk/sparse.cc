// The few changes alone: u8 count, zigzag varint of the least change, u8
// positions of the changed values (ascending, from 1), packed words: the
// changes above the least.
#include <algorithm>

#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

bool make_plan(const Integers& integers, Plan& plan) {
  // A position takes eight bits, which others have for half a frame or more.
  if (integers.changes * 2 > kFrameValues) return false;
  plan.count = 0;
  for (const std::uint64_t delta : integers.delta) {
    plan.words.at[plan.count] = delta;
    plan.count += delta != 0 ? 1 : 0;
  }
  std::uint64_t* const words = plan.words.at.data();
  plan.base = kernels().least(words, plan.count);
  kernels().subtract_line(words, plan.count, plan.base, 0, words);
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = 8 + plan.count * 8 + plan.pack.bits +
              varint_bits(zigzag(as_signed(plan.base)));
  return true;
}

void write(const Integers& integers, const Plan& plan, std::string& out) {
  out += static_cast<char>(plan.count);
  append_varint(out, zigzag(as_signed(plan.base)));
  for (std::size_t i = 0; i < integers.delta.size(); ++i)
    if (integers.delta[i] != 0) out += static_cast<char>(i + 1);
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
}

bool read(ByteReader& in, std::uint64_t first, std::size_t count,
          std::uint64_t* q) {
  const std::size_t changes = in.fixed<std::uint8_t>();
  const auto base = static_cast<std::uint64_t>(unzigzag(in.varint()));
  const Bytes positions = in.take(changes);
  FrameWords change;
  if (!in.ok() || !read_packed(in, changes, change.at.data())) return false;
  std::size_t filled = 0;
  for (std::size_t i = 0; i < changes; ++i) {
    const auto position = std::to_integer<std::size_t>(positions[i]);
    if (position <= filled || position >= count) return false;
    std::fill(q + filled, q + position, first);
    filled = position;
    first += change.at[i] + base;
  }
  std::fill(q + filled, q + count, first);
  return true;
}

}  // namespace

const Codec kSparseCodec = {make_plan, write, read};

}  // namespace prom::chunk
