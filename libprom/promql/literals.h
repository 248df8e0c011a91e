// What the literals of an expression stand for.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace prom::promql {

// The value of a kNumber token: decimal, octal with a leading 0, hexadecimal,
// with underscores, Inf, NaN.  Fails with upstream's message.
std::expected<double, std::string> number_value(std::string_view token);

// The text of a kString token.  The lexer has checked its escapes.
std::string string_value(std::string_view token);

// Seconds as a duration.  Fractions of a millisecond are cut off.
// REQUIRES: not NaN; saturates beyond 292 years.
std::int64_t seconds_to_ms(double seconds);

// Upstream keeps durations in 63 bits of nanoseconds.
constexpr double kDurationSecondsMax = 9223372036.854775807;

}  // namespace prom::promql
