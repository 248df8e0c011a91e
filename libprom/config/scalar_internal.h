// What a plain YAML scalar means, by the rules of Go's YAML 1.1 library that
// upstream reads its files with.  Pure functions; fields.cc uses them where a
// field wants the type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::config {

// true, yes, on, y and their opposites, as written, Capitalised or in CAPITALS.
std::optional<bool> scalar_bool(std::string_view text);

// Decimal, 0x, 0o, 0b and old-style octal 010, underscores ignored.
std::optional<std::int64_t> scalar_int(std::string_view text);
std::optional<std::uint64_t> scalar_uint(std::string_view text);

// 1.5, 1e3, .5, .inf, -.INF, .nan, and what scalar_int reads.
std::optional<double> scalar_float(std::string_view text);

// A size with base-2 units: "512MB", "1.5GiB", "1GB512MB"; a unit is required
// except for "0".  May be negative.  Errors are the sentences of upstream's
// units library.
Result<std::int64_t> parse_size(std::string_view text);

// Go's time.ParseDuration: "300ms", "1h15m30.5s"; no unit above hours.  The
// result is rounded to milliseconds.
Result<std::int64_t> parse_go_duration_ms(std::string_view text);

// RFC 4648, white space ignored.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace prom::config
