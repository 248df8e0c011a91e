// Prometheus' files are big-endian outside of their varints, which are Go's:
// base's varints, zigzag where they are signed.
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "libprom/base/bytes.h"

namespace prom::tsdb {

template <typename T>
  requires std::unsigned_integral<T>
T load_be(const void* at) {
  return std::byteswap(load_le<T>(at));
}

template <typename T>
  requires std::unsigned_integral<T>
void append_be(std::string& out, T value) {
  append_le(out, std::byteswap(value));
}

// Readers in the manner of ByteReader: zero past the end, ok() then is false.
inline std::uint32_t read_be32(ByteReader& in) {
  return std::byteswap(in.fixed<std::uint32_t>());
}
inline std::uint64_t read_be64(ByteReader& in) {
  return std::byteswap(in.fixed<std::uint64_t>());
}
inline double read_be_double(ByteReader& in) {
  return std::bit_cast<double>(read_be64(in));
}
inline std::int64_t read_varint(ByteReader& in) {
  return unzigzag(in.varint());
}
inline void append_signed_varint(std::string& out, std::int64_t value) {
  append_varint(out, zigzag(value));
}

}  // namespace prom::tsdb
