// One value for a whole column.  The detail of the column's tag says how it is
// stored: 0 to 8 are that many high bytes of its bits, the others being zero;
// 9 is a whole number as a zigzag varint.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/base/bytes.h"

namespace prom::chunk {

// Appends the tag of the column and the value.
void append_constant(std::uint64_t bits, std::string& out);

// False when the bytes make no sense.
[[nodiscard]] bool read_constant(ByteReader& in, unsigned detail,
                                 std::uint64_t& bits);

}  // namespace prom::chunk
