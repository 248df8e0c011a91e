// Little-endian integers at unaligned addresses, and bounded reading.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace prom {

static_assert(std::endian::native == std::endian::little,
              "files and frames are little-endian; so are the machines we "
              "build for");

using Bytes = std::span<const std::byte>;

template <typename T>
  requires std::integral<T> || std::floating_point<T>
T load_le(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

template <typename T>
  requires std::integral<T> || std::floating_point<T>
void store_le(void* at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename T>
void append_le(std::string& out, T value) {
  char raw[sizeof(T)];
  store_le(raw, value);
  out.append(raw, sizeof(T));
}

// LEB128: seven bits a byte, least significant first, at most ten bytes.
inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^
         static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^
         -static_cast<std::int64_t>(value & 1U);
}

// Reads a buffer front to back without ever leaving it.  A read past the end
// yields zero and makes ok() false for good, so a decoder may read a whole
// structure and check once.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}
  explicit ByteReader(std::string_view text) : rest_(as_bytes(text)) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

  template <typename T>
  T fixed() {
    if (rest_.size() < sizeof(T)) return spoil<T>();
    const T value = load_le<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    return spoil<std::uint64_t>();
  }

  Bytes take(std::size_t size) {
    if (rest_.size() < size) return spoil<Bytes>();
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  // A varint length and that many bytes.
  std::string_view text() {
    const std::uint64_t size = varint();
    if (!ok_ || size > rest_.size()) return spoil<std::string_view>();
    return as_text(take(static_cast<std::size_t>(size)));
  }

 private:
  template <typename T>
  T spoil() {
    ok_ = false;
    rest_ = {};
    return T{};
  }

  Bytes rest_;
  bool ok_ = true;
};

}  // namespace prom
