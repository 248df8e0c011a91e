// Numbers as text, both ways, as Prometheus and Go write and read them.
// Everything that prints or parses a sample value, a bucket bound or a number
// in JSON goes through here, so that the same number is the same text
// everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace prom {

// Parses the whole of `text` as Go's strconv.ParseFloat does: a leading sign,
// "inf", "infinity" and "nan" in any case, decimal and hexadecimal floats,
// underscores between digits.  Too large a magnitude is rejected, as in Go;
// too small a one rounds to zero.  Expositions refuse 'p' and '_' before they
// call this, as upstream does.
std::optional<double> parse_float(std::string_view text);

// Parses the whole of `text` as a decimal integer with an optional sign.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text);

// Appends the shortest text that reads back as the same double:
//   append_float       Go's 'f' format with -1 precision, but 'e' below 1e-6
//                      and from 1e21, as JSON answers of the API use; specials
//                      are "NaN", "+Inf", "-Inf"
//   append_float_go_g  Go's 'g' format with -1 precision, as expositions use:
//                      exponent form below 1e-4 and from 1e6
//                      (a million is "1e+06")
void append_float(std::string& out, double value);
void append_float_go_g(std::string& out, double value);
std::string format_float(double value);

// Go's 'f' format with -1 precision: never an exponent.
std::string format_float_fixed(double value);

void append_int(std::string& out, std::int64_t value);

}  // namespace prom
