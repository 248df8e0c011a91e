// Checksums and hashes.  crc32c guards everything that is written to a disk or
// a pipe; hash64 finds things in tables and is part of the file formats, so it
// never changes.
#pragma once

#include <cstdint>
#include <string_view>

#include "libprom/base/bytes.h"

namespace prom {

// CRC-32C (Castagnoli), RFC 3720 B.4.  Continues from `crc`, the value of the
// bytes before; 0 to begin.  Uses SSE4.2 and PCLMUL where they are there.
std::uint32_t crc32c(Bytes bytes, std::uint32_t crc = 0);
inline std::uint32_t crc32c(std::string_view text, std::uint32_t crc = 0) {
  return crc32c(as_bytes(text), crc);
}
// The same without special instructions; tests hold the two together.
std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t crc = 0);

// XXH3, 64 bits, seed 0.
std::uint64_t hash64(Bytes bytes);
inline std::uint64_t hash64(std::string_view text) {
  return hash64(as_bytes(text));
}

// XXH3, 128 bits, for tables that take equal hashes for equal keys: with a
// random seed nobody can make two keys collide.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Hash128&) const = default;
};
Hash128 hash128(std::string_view text, std::uint64_t seed);

// XXH64, seed 0: upstream's hash of label sets.
std::uint64_t xxh64(std::string_view text);

// FNV-1a, 64 bits; upstream places scrapes within their interval with it.
std::uint64_t fnv1a64(std::string_view text,
                      std::uint64_t seed = 14695981039346656037ULL);

}  // namespace prom
