// Changes of the differences: zigzag varint of the first difference, packed
// zigzag words, one per value from the third on.
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

bool make_plan(const Integers& integers, Plan& plan) {
  const auto delta = integers.delta;
  plan.base = delta[0];
  plan.count = delta.size() - 1;
  kernels().zigzag_differences(delta.data(), delta.size(),
                               plan.words.at.data());
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = plan.pack.bits + varint_bits(zigzag(as_signed(plan.base)));
  return true;
}

void write(const Integers& /*integers*/, const Plan& plan, std::string& out) {
  append_varint(out, zigzag(as_signed(plan.base)));
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
}

bool read(ByteReader& in, std::uint64_t first, std::size_t count,
          std::uint64_t* q) {
  const auto delta = static_cast<std::uint64_t>(unzigzag(in.varint()));
  q[0] = first;
  q[1] = first + delta;
  if (!read_packed(in, count - 2, q + 2)) return false;
  kernels().sum_twice(q + 2, count - 2, q[1], delta);
  return true;
}

}  // namespace

const Codec kDeltaOfDeltaCodec = {make_plan, write, read};

}  // namespace prom::chunk
