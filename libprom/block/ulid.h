// Identifiers of blocks that sort by the time they were made: 48 bits of
// milliseconds, 80 random bits, 26 characters of Crockford's base 32.
// https://github.com/ulid/spec
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace prom::block {

struct Ulid {
  std::array<std::uint8_t, 16> bytes{};

  // `random` is of good quality.
  static Ulid make(std::int64_t t_ms, std::uint64_t random_high,
                   std::uint64_t random_low);
  static std::optional<Ulid> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] std::int64_t t_ms() const;

  auto operator<=>(const Ulid&) const = default;
};

}  // namespace prom::block
