#include "libprom/model/regex_shape.h"

#include <algorithm>
#include <optional>

#include "libprom/base/utf8.h"

namespace prom {
namespace {

constexpr int kDepthMax = 8;
// A guard against [0-9][0-9][0-9] before a very long literal.
constexpr std::size_t kCombinedBytesMax = 1UL << 20U;
constexpr std::string_view kMeta = R"(\.+*?()|[]{}^$)";

bool is_meta(char c) {
  return kMeta.find(c) != std::string_view::npos;
}
// Escaped punctuation stands for itself; letters and digits mean something.
bool is_escapable(char c) {
  const auto u = static_cast<unsigned char>(c);
  const bool is_word = c == '_' || (c >= '0' && c <= '9') ||
                       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return u > 0x20 && u < 0x7F && !is_word;
}

// Reads an expression whose language is finite: literals, groups, choices and
// small character classes.  nullopt for anything else.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view pattern) : rest_(pattern) {}

  std::optional<std::vector<std::string>> read() {
    auto all = choice(0);
    if (!all || !rest_.empty()) return std::nullopt;
    return all;
  }

 private:
  using Words = std::vector<std::string>;

  std::optional<Words> choice(int depth) {
    if (depth > kDepthMax) return std::nullopt;
    Words all;
    while (true) {
      auto words = sequence(depth);
      if (!words) return std::nullopt;
      std::ranges::move(*words, std::back_inserter(all));
      if (!rest_.starts_with('|')) return all;
      rest_.remove_prefix(1);
    }
  }

  std::optional<Words> sequence(int depth) {
    Words words(1);
    std::size_t bytes = 0;
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      auto next = atom(depth);
      if (!next || starts_repeat()) return std::nullopt;
      bytes += next->front().size();
      if (words.size() > 1 && words.size() * bytes > kCombinedBytesMax)
        return std::nullopt;
      if (next->size() == 1) {
        for (std::string& word : words) word += next->front();
        continue;
      }
      const bool is_first = words.size() == 1 && words[0].empty();
      if (!is_first && words.size() * next->size() > kCombinedLiteralsMax)
        return std::nullopt;
      Words combined;
      combined.reserve(words.size() * next->size());
      for (const std::string& head : words) {
        for (const std::string& tail : *next) combined.push_back(head + tail);
      }
      words = std::move(combined);
    }
    return words;
  }

  [[nodiscard]] bool starts_repeat() const {
    return !rest_.empty() && (rest_[0] == '*' || rest_[0] == '+' ||
                              rest_[0] == '?' || rest_[0] == '{');
  }

  std::optional<Words> atom(int depth) {
    const char c = rest_[0];
    if (c == '(') return group(depth);
    if (c == '[') return char_class();
    if (c == '\\') {
      if (rest_.size() < 2 || !is_escapable(rest_[1])) return std::nullopt;
      Words word{std::string(1, rest_[1])};
      rest_.remove_prefix(2);
      return word;
    }
    if (is_meta(c)) return std::nullopt;
    // A whole run of plain characters, less the last if it is repeated.
    std::size_t size = 0;
    while (size < rest_.size() && !is_meta(rest_[size])) ++size;
    Words word{std::string(rest_.substr(0, size))};
    rest_.remove_prefix(size);
    return word;
  }

  std::optional<Words> group(int depth) {
    rest_.remove_prefix(1);
    if (rest_.starts_with("?:")) {
      rest_.remove_prefix(2);
    } else if (rest_.starts_with('?')) {
      return std::nullopt;
    }
    auto words = choice(depth + 1);
    if (!words || !rest_.starts_with(')')) return std::nullopt;
    rest_.remove_prefix(1);
    return words;
  }

  // [abc0-9-]: ASCII members and ranges only, a hyphen first or last.
  std::optional<Words> char_class() {
    rest_.remove_prefix(1);
    std::string members;
    while (!rest_.empty() && rest_[0] != ']') {
      const char first = rest_[0];
      const bool at_edge = members.empty() || rest_.substr(1).starts_with(']');
      if (first == '-' ? !at_edge : !is_class_member(first))
        return std::nullopt;
      rest_.remove_prefix(1);
      members += first;
      const bool is_range =
          rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']';
      if (!is_range) continue;
      if (first == '-' || rest_[1] < first || !is_class_member(rest_[1]))
        return std::nullopt;
      for (int c = first + 1; c <= rest_[1]; ++c)
        members += static_cast<char>(c);
      rest_.remove_prefix(2);
    }
    if (rest_.empty() || members.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    std::ranges::sort(members);
    members.erase(std::ranges::unique(members).begin(), members.end());
    Words words;
    for (const char c : members) words.emplace_back(1, c);
    return words;
  }

  static bool is_class_member(char c) {
    return static_cast<unsigned char>(c) < 0x80 && c != '-' &&
           (c == '.' || !is_meta(c));
  }

  std::string_view rest_;
};

// Walks a pattern token by token, so that parentheses and bars inside classes,
// escapes and \Q…\E are not mistaken for structure.
class Tokens {
 public:
  explicit Tokens(std::string_view pattern) : rest_(pattern) {}

  // The next token: one escape, class, group opening or character; empty at
  // the end.
  std::string_view next() {
    std::size_t size = 1;
    if (rest_.empty()) return {};
    if (rest_.starts_with("\\Q")) {
      const std::size_t end = rest_.find("\\E");
      size = end == std::string_view::npos ? rest_.size() : end + 2;
    } else if (rest_[0] == '\\') {
      size = std::min<std::size_t>(2, rest_.size());
    } else if (rest_[0] == '[') {
      size = class_size();
    } else if (rest_.starts_with("(?")) {
      size = 2;
    }
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return token;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  // Of "[^]a[:alpha:]\]]": to the closing bracket, or the end without one.
  [[nodiscard]] std::size_t class_size() const {
    std::size_t i = 1;
    if (i < rest_.size() && rest_[i] == '^') ++i;
    if (i < rest_.size() && rest_[i] == ']') ++i;
    while (i < rest_.size() && rest_[i] != ']') {
      if (rest_[i] == '\\') {
        i += 2;
      } else if (rest_.substr(i).starts_with("[:")) {
        const std::size_t end = rest_.find(":]", i + 2);
        i = end == std::string_view::npos ? i + 1 : end + 2;
      } else {
        ++i;
      }
    }
    return std::min(i + 1, rest_.size());
  }

  std::string_view rest_;
};

struct Structure {
  std::size_t longest_alternative = 0;
  bool has_top_level_choice = false;
  bool has_groups = false;
  // The first token opens a group whose end is the end of the pattern.
  bool is_one_group = false;
};

Structure structure_of(std::string_view pattern) {
  Structure found;
  Tokens tokens(pattern);
  std::size_t alternative_begin = 0;
  long depth = 0;
  bool left_first_group = !pattern.starts_with('(');
  for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
    const std::size_t end = pattern.size() - tokens.rest().size();
    if (token == "(" || token == "(?") {
      ++depth;
      const bool named = token == "(?" && (tokens.rest().starts_with('P') ||
                                           tokens.rest().starts_with('<'));
      found.has_groups = found.has_groups || token == "(" || named;
    } else if (token == ")") {
      --depth;
      if (depth == 0 && end != pattern.size()) left_first_group = true;
    } else if (token == "|" && depth == 0) {
      found.has_top_level_choice = true;
      found.longest_alternative =
          std::max(found.longest_alternative, end - 1 - alternative_begin);
      alternative_begin = end;
    }
  }
  found.longest_alternative =
      std::max(found.longest_alternative, pattern.size() - alternative_begin);
  found.is_one_group =
      !left_first_group && depth == 0 && pattern.ends_with(')');
  return found;
}

// The literal at the front of `text` and how many bytes of `text` it took.
std::string leading_literal(std::string_view text, std::size_t& taken) {
  std::string literal;
  std::size_t last_begin = 0;
  std::size_t last_taken = 0;
  taken = 0;
  while (taken < text.size()) {
    const std::size_t step = text[taken] == '\\' ? 2 : 1;
    if (step == 2 &&
        (taken + 1 >= text.size() || !is_escapable(text[taken + 1])))
      break;
    if (step == 1 && is_meta(text[taken])) break;
    const char c = text[taken + step - 1];
    const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (!continues) {
      last_begin = literal.size();
      last_taken = taken;
    }
    literal += c;
    taken += step;
  }
  // A repeat applies to the last character alone.
  if (taken < text.size() && (text[taken] == '*' || text[taken] == '+' ||
                              text[taken] == '?' || text[taken] == '{')) {
    literal.resize(last_begin);
    taken = last_taken;
  }
  return literal;
}

// Escapes of one letter that stand for one character or for none.
bool is_short_escape(char c) {
  constexpr std::string_view kShort = "dDwWsSbBAzntrfva";
  return kShort.find(c) != std::string_view::npos;
}

// The runs of literal characters outside of all groups, which every match has
// in this order: the last one as the suffix when it ends the expression, and
// the longest of those between it and the first.  Gives up on all that may
// change the meaning of what follows.  REQUIRES: no choice at the top level.
void read_required(std::string_view pattern, RegexShape& shape) {
  std::vector<std::string> runs(1);
  Tokens tokens(pattern);
  long depth = 0;
  bool in_repeat = false;  // a{2,3}
  for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
    const char c = token.back();
    const bool flags = token == "(?" && !tokens.rest().starts_with(':') &&
                       !tokens.rest().starts_with('P') &&
                       !tokens.rest().starts_with('<');
    const bool escape = token[0] == '\\';
    if (flags || (escape && (token.size() != 2 ||
                             !(is_escapable(c) || is_short_escape(c)))))
      return;
    if (token == "(" || token == "(?") ++depth;
    const bool literal = depth == 0 && !in_repeat &&
                         (escape ? is_escapable(c)
                                 : token.size() == 1 && !is_meta(c) &&
                                       static_cast<unsigned char>(c) < 0x80);
    if (literal) {
      runs.back() += c;
      continue;
    }
    if (token == ")") --depth;
    // A repeat applies to the character before it.
    const bool repeat =
        token == "*" || token == "+" || token == "?" || token == "{";
    if (depth == 0 && repeat && !runs.back().empty()) runs.back().pop_back();
    in_repeat = token == "{" || (in_repeat && token != "}");
    if (!runs.back().empty() || runs.size() == 1) runs.emplace_back();
  }
  if (depth != 0 || runs.size() == 1) return;
  shape.suffix = std::move(runs.back());
  runs.pop_back();
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].size() > shape.middle.size()) shape.middle = runs[i];
  }
}

// Strips ".*" or ".+" from the front.
bool take_wildcard(std::string_view& text, bool& non_empty) {
  if (!text.starts_with(".*") && !text.starts_with(".+")) return false;
  non_empty = text[1] == '+';
  text.remove_prefix(2);
  return true;
}

bool read_affix(std::string_view text, RegexShape& shape) {
  shape.open_front = take_wildcard(text, shape.front_non_empty);
  if (text.empty()) {
    if (!shape.open_front) return false;
    shape.kind = shape.front_non_empty ? RegexShape::Kind::kNonEmpty
                                       : RegexShape::Kind::kAny;
    return true;
  }
  std::size_t taken = 0;
  shape.text = leading_literal(text, taken);
  if (shape.text.empty()) return false;
  text.remove_prefix(taken);
  shape.open_back = take_wildcard(text, shape.back_non_empty);
  if (!text.empty()) return false;
  shape.kind = RegexShape::Kind::kAffix;
  if (!shape.open_front) shape.prefix = shape.text;
  return true;
}

std::string common_prefix(const std::vector<std::string>& sorted) {
  const std::string& first = sorted.front();
  const std::string& last = sorted.back();
  const auto [end, unused] = std::ranges::mismatch(first, last);
  return {first.begin(), end};
}

}  // namespace

RegexShape shape_of(std::string_view pattern) {
  RegexShape shape;
  if (!is_valid_utf8(pattern)) return shape;
  const Structure structure = structure_of(pattern);
  std::string_view inner = pattern;
  if (structure.is_one_group && !inner.starts_with("(?")) {
    inner = inner.substr(1, inner.size() - 2);
    shape.has_outer_group = true;
  } else if (structure.is_one_group && inner.starts_with("(?:")) {
    inner = inner.substr(3, inner.size() - 4);
  }
  const Structure inside = structure_of(inner);
  shape.has_inner_groups = inside.has_groups;

  LiteralReader reader(inner);
  if (auto words = reader.read()) {
    std::ranges::sort(*words);
    words->erase(std::ranges::unique(*words).begin(), words->end());
    shape.kind = RegexShape::Kind::kLiterals;
    shape.literals = std::move(*words);
    shape.prefix = common_prefix(shape.literals);
    return shape;
  }
  if (read_affix(inner, shape)) return shape;
  if (!inside.has_top_level_choice) {
    std::size_t taken = 0;
    shape.prefix = leading_literal(inner, taken);
    read_required(inner, shape);
  }
  return shape;
}

bool translate_go_regex(std::string_view pattern, std::string& out) {
  Tokens tokens(pattern);
  out.clear();
  for (auto token = tokens.next(); !token.empty(); token = tokens.next()) {
    if (token == "\\C") return false;
    out += token;
    const std::string_view rest = tokens.rest();
    if (token == "(?" && rest.starts_with('<') && !rest.starts_with("<=") &&
        !rest.starts_with("<!"))
      out += 'P';
  }
  return true;
}

std::size_t longest_alternative(std::string_view pattern) {
  return structure_of(pattern).longest_alternative;
}

}  // namespace prom
