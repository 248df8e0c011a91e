// Bits that differ from the value before: u8 zero bits at the end of all
// differences, packed words, one per value from the second on.
#include <bit>

#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

bool make_plan(const Integers& integers, Plan& plan) {
  const auto q = integers.q;
  plan.count = q.size() - 1;
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < plan.count; ++i) {
    plan.words.at[i] = q[i] ^ q[i + 1];
    any |= plan.words.at[i];
  }
  plan.shift = any == 0 ? 0 : static_cast<unsigned>(std::countr_zero(any));
  for (std::size_t i = 0; i < plan.count; ++i) plan.words.at[i] >>= plan.shift;
  plan.pack = plan_pack(plan.words.at.data(), plan.count);
  plan.bits = 8 + plan.pack.bits;
  return true;
}

void write(const Integers& /*integers*/, const Plan& plan, std::string& out) {
  out += static_cast<char>(plan.shift);
  write_packed(plan.words.at.data(), plan.count, plan.pack, out);
}

bool read(ByteReader& in, std::uint64_t first, std::size_t count,
          std::uint64_t* q) {
  const unsigned shift = in.fixed<std::uint8_t>();
  q[0] = first;
  if (shift > 63 || !read_packed(in, count - 1, q + 1)) return false;
  kernels().chain(q + 1, count - 1, first, shift);
  return true;
}

}  // namespace

const Codec kXorCodec = {make_plan, write, read};

}  // namespace prom::chunk
