// The text of a request target: path, query and form bodies.  Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prom::http {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// Decodes %XX; nullopt when a percent sign is not followed by two hexadecimal
// digits.
std::optional<std::string> percent_decode(std::string_view text);

// Encodes everything but the unreserved characters of RFC 3986, so that the
// result is one path segment or one query value.
std::string percent_encode(std::string_view text);

// Reads "a=1&b=x%20y+z" as application/x-www-form-urlencoded: a query or the
// body of a form.  Pairs keep their order.  As in Go, a pair with a malformed
// escape or a semicolon is left out and the rest is kept.
Parameters parse_form(std::string_view text);

struct Target {
  std::string path;  // decoded; begins with '/', or is "*"
  Parameters query;
};

// Splits a target in origin form ("/a?b=c"), absolute form
// ("http://host/a?b=c") or asterisk form.  nullopt when it is none of them, or
// when its path holds a malformed escape or a NUL.
std::optional<Target> parse_target(std::string_view text);

}  // namespace prom::http
