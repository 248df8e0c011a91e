// Differences above a base: zigzag varint of the base, packed words, one per
// difference.
//
// The base is the least difference.  When a counter restarts a few times, that
// would be far below all others; the base is then the least step upwards, and
// what is below wraps around to wide words that are patched.
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

constexpr std::size_t kRestartsMax = 8;

void plan_with(const Integers& integers, std::uint64_t base, Plan& plan) {
  plan.base = base;
  plan.count = integers.delta.size();
  kernels().subtract_line(integers.delta.data(), plan.count, base, 0,
                          plan.words.at.data());
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = plan.pack.bits + varint_bits(zigzag(as_signed(base)));
}

// The least difference that is not negative, when few are.
bool find_step(const Integers& integers, std::uint64_t& step) {
  std::size_t restarts = 0;
  step = ~std::uint64_t{0} >> 1U;
  for (const std::uint64_t delta : integers.delta) {
    if (as_signed(delta) < 0) {
      ++restarts;
    } else if (delta < step) {
      step = delta;
    }
  }
  return restarts > 0 && restarts <= kRestartsMax &&
         restarts * 8 <= integers.delta.size();
}

bool make_plan(const Integers& integers, Plan& plan) {
  const std::uint64_t least =
      kernels().least(integers.delta.data(), integers.delta.size());
  plan_with(integers, least, plan);
  std::uint64_t step = 0;
  if (as_signed(least) >= 0 || !find_step(integers, step)) return true;
  const std::size_t bits = plan.bits;
  plan_with(integers, step, plan);
  if (bits < plan.bits) plan_with(integers, least, plan);
  return true;
}

void write(const Integers& /*integers*/, const Plan& plan, std::string& out) {
  append_varint(out, zigzag(as_signed(plan.base)));
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
}

bool read(ByteReader& in, std::uint64_t first, std::size_t count,
          std::uint64_t* q) {
  const auto base = static_cast<std::uint64_t>(unzigzag(in.varint()));
  q[0] = first;
  if (!read_packed(in, count - 1, q + 1)) return false;
  kernels().sum(q + 1, count - 1, first, base);
  return true;
}

}  // namespace

const Codec kDeltaCodec = {make_plan, write, read};

}  // namespace prom::chunk
