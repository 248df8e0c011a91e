// What a regular expression is, seen without a regex engine: most expressions
// that people write are a literal, a choice between literals, or a literal
// with `.*` around it.  Used by matcher.cc only; pure text in, values out.
//
// The reader here knows a subset of RE2's syntax.  What it does not know is
// kGeneral, so it is never wrong, only less useful; regex_shape_test.cc holds
// it against RE2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace prom {

struct RegexShape {
  enum class Kind {
    kGeneral,   // needs the engine
    kLiterals,  // exactly one of `literals`
    kAny,       // .*
    kNonEmpty,  // .+
    kAffix,     // prefix .* or .*suffix or .*middle.*, see below
  };

  Kind kind = Kind::kGeneral;
  std::vector<std::string> literals;  // kLiterals: sorted, unique
  // kAffix: `text`, after .* or .+ when `open_front`, before one when
  // `open_back`; the counts say how many bytes the open ends need at least.
  std::string text;
  bool open_front = false;
  bool open_back = false;
  bool front_non_empty = false;
  bool back_non_empty = false;

  // A literal that every match begins with, for every kind.
  std::string prefix;
  // For kGeneral: literals that every match ends with, and has behind the
  // prefix; both may be empty.  Most texts are refused by them alone.
  std::string suffix;
  std::string middle;
  // The expression has capturing groups, other than one around all of it.
  bool has_inner_groups = false;
  // One capturing group around all of it: $1 is the whole match.
  bool has_outer_group = false;
};

// A choice of more literals than this made by combining parts, as in
// "(a|b)[0-9]{2}", is left to the engine; plain a|b|c may have any number.
constexpr std::size_t kCombinedLiteralsMax = 1024;

RegexShape shape_of(std::string_view pattern);

// RE2's spelling of what Go accepts: (?<name>…) becomes (?P<name>…).  Returns
// false for \C, which matches single bytes and which Go refuses.
bool translate_go_regex(std::string_view pattern, std::string& out);

// The longest alternative at the top level, in bytes.
std::size_t longest_alternative(std::string_view pattern);

}  // namespace prom
