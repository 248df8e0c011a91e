#include "libprom/model/regex_expand.h"

#include <algorithm>

#include <re2/re2.h>

namespace prom {
namespace {

// Go writes a group's name with letters and digits of any script.
const re2::RE2& group_name_regex() {
  static const re2::RE2 kRegex(R"([\pL\p{Nd}_]+)");
  return kRegex;
}

std::size_t group_name_size(std::string_view text) {
  re2::StringPiece found;
  const re2::StringPiece piece(text.data(), text.size());
  if (!group_name_regex().Match(piece, 0, piece.size(), re2::RE2::ANCHOR_START,
                                &found, 1))
    return 0;
  return found.size();
}

}  // namespace

GroupReference group_reference(std::string_view text) {
  GroupReference found;
  const bool braced = text.starts_with('{');
  const std::string_view rest = text.substr(braced ? 1 : 0);
  const std::size_t size = group_name_size(rest);
  if (size == 0) return found;
  if (braced && (size >= rest.size() || rest[size] != '}')) return found;
  found.name = rest.substr(0, size);
  found.size = size + (braced ? 2 : 0);
  constexpr std::size_t kDigitsMax = 8;
  const bool digits = std::ranges::all_of(
      found.name, [](char c) { return c >= '0' && c <= '9'; });
  if (digits && size <= kDigitsMax && (found.name[0] != '0' || size == 1))
    found.number = std::stoi(std::string(found.name));
  return found;
}

}  // namespace prom
