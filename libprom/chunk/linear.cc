// Integers above a line through the first one: zigzag varints of the slope and
// of the lowest distance from the line, packed words, one per value.  For what
// keeps time and jitters, as clocks and scrape times do: the jitter is not
// summed up, so its width is not doubled.
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

bool make_plan(const Integers& integers, Plan& plan) {
  const auto q = integers.q;
  const auto steps = static_cast<std::int64_t>(q.size() - 1);
  const std::int64_t rise = as_signed(q.back() - q.front());
  // To the nearest: a step of 14999 instead of 15000 would be off by 255 at
  // the end of the frame.
  const std::int64_t rest = rise % steps;
  plan.slope = static_cast<std::uint64_t>(rise / steps);
  if (rest * 2 >= steps) ++plan.slope;
  if (rest * 2 <= -steps) --plan.slope;
  plan.count = q.size();
  std::uint64_t* const words = plan.words.at.data();
  kernels().subtract_line(q.data(), plan.count, q[0], plan.slope, words);
  plan.base = kernels().least(words, plan.count);
  kernels().subtract_line(words, plan.count, plan.base, 0, words);
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = plan.pack.bits + varint_bits(zigzag(as_signed(plan.slope))) +
              varint_bits(zigzag(as_signed(plan.base)));
  return true;
}

void write(const Integers& /*integers*/, const Plan& plan, std::string& out) {
  append_varint(out, zigzag(as_signed(plan.slope)));
  append_varint(out, zigzag(as_signed(plan.base)));
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
}

bool read(ByteReader& in, std::uint64_t first, std::size_t count,
          std::uint64_t* q) {
  const auto slope = static_cast<std::uint64_t>(unzigzag(in.varint()));
  const auto base = static_cast<std::uint64_t>(unzigzag(in.varint()));
  if (!read_packed(in, count, q)) return false;
  kernels().add_line(q, count, first + base, slope);
  return true;
}

}  // namespace

const Codec kLinearCodec = {make_plan, write, read};

}  // namespace prom::chunk
