// Integers above the least of them: zigzag varint of the least less the first,
// packed words, one per value.
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

bool make_plan(const Integers& integers, Plan& plan) {
  plan.count = integers.q.size();
  plan.base = kernels().least(integers.q.data(), plan.count);
  kernels().subtract_line(integers.q.data(), plan.count, plan.base, 0,
                          plan.words.at.data());
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = plan.pack.bits +
              varint_bits(zigzag(as_signed(plan.base - integers.q[0])));
  return true;
}

void write(const Integers& integers, const Plan& plan, std::string& out) {
  append_varint(out, zigzag(as_signed(plan.base - integers.q[0])));
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
}

bool read(ByteReader& in, std::uint64_t first, std::size_t count,
          std::uint64_t* q) {
  const auto below = static_cast<std::uint64_t>(unzigzag(in.varint()));
  if (!read_packed(in, count, q)) return false;
  kernels().add(q, count, first + below);
  return true;
}

}  // namespace

const Codec kFrameOfReferenceCodec = {make_plan, write, read};

}  // namespace prom::chunk
