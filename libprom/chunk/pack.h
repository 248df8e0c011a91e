// Small unsigned words in as few bits as the widest of them needs, least
// significant bit first and without gaps.  Words that are much wider than the
// others are patched: their high bits follow, with their positions.
//
//   u8 width (0-64), with bit 7 set when there are patches
//   the low `width` bits of all words
//   patches: u8 count (1-255), u8 width (1-64), u8 position of each, high bits
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/chunk/kernels.h"

namespace prom::chunk {

struct PackPlan {
  unsigned width = 0;
  unsigned patches = 0;
  unsigned patch_width = 0;
  std::size_t bits = 0;  // that the whole will take
};

// The cheapest plan.  REQUIRES: at most kFrameValues words.
PackPlan plan_pack(const std::uint64_t* words, std::size_t count);

void write_packed(const std::uint64_t* words, std::size_t count,
                  const PackPlan& plan, std::string& out);

// False when the bytes make no sense.  `into` as for a kernel.
// REQUIRES: count <= kFrameValues; kOverread behind the bytes of `in`.
[[nodiscard]] bool read_packed(ByteReader& in, std::size_t count,
                               std::uint64_t* into);

// The packed bits alone.
void append_bits(const std::uint64_t* words, std::size_t count, unsigned width,
                 std::string& out);
[[nodiscard]] bool read_bits(ByteReader& in, std::size_t count, unsigned width,
                             std::uint64_t* into);

}  // namespace prom::chunk
