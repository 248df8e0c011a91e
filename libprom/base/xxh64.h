// XXH64, seed 0: upstream spreads rule groups over their interval with it.
// Tables and files use hash64 of checksum.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace prom {

std::uint64_t xxh64(std::string_view text);

}  // namespace prom
