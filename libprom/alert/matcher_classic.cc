// The classic grammar of matchers: a tolerant one, with values that need no
// quotes and escapes that may be spurious.
#include <optional>

#include "libprom/alert/matcher_internal.h"
#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

bool is_ascii_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name_char(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == ':' || (!first && c >= '0' && c <= '9');
}

std::optional<MatchOp> take_operator(std::string_view& text) {
  struct Spelling {
    std::string_view text;
    MatchOp op;
  };
  // "=~" before "=", which is its beginning.
  static constexpr Spelling kSpellings[] = {{"=~", MatchOp::kRegex},
                                            {"=", MatchOp::kEqual},
                                            {"!=", MatchOp::kNotEqual},
                                            {"!~", MatchOp::kNotRegex}};
  for (const Spelling& spelling : kSpellings) {
    if (!text.starts_with(spelling.text)) continue;
    text.remove_prefix(spelling.text.size());
    return spelling.op;
  }
  return std::nullopt;
}

Result<std::string> unescape(std::string_view raw) {
  const auto bad_quote = [&] {
    return fail(
        Code::kBadData,
        "matcher value contains unescaped double quote: " + std::string(raw));
  };
  std::string_view text = raw;
  bool wants_quote = text.starts_with('"');
  if (wants_quote) text.remove_prefix(1);
  if (!is_valid_utf8(text))
    return fail(Code::kBadData,
                "matcher value not valid UTF-8: " + printable(raw));
  std::string value;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool last = i + 1 == text.size();
    if (escaped) {
      escaped = false;
      if (c == 'n') {
        value += '\n';
      } else {
        if (c != '"' && c != '\\') value += '\\';
        value += c;
      }
    } else if (c == '\\' && !last) {
      escaped = true;
    } else if (c == '"') {
      if (!wants_quote || !last) return bad_quote();
      wants_quote = false;
    } else {
      value += c;
    }
  }
  if (wants_quote) return bad_quote();
  return value;
}

}  // namespace

Result<LabelMatcher> parse_classic_matcher(std::string_view text) {
  std::string_view rest = trim(text);
  std::size_t size = 0;
  while (size < rest.size() && is_name_char(rest[size], size == 0)) ++size;
  const std::string name(rest.substr(0, size));
  rest = trim(rest.substr(size));
  const auto op = take_operator(rest);
  if (name.empty() || !op)
    return fail(Code::kBadData, "bad matcher format: " + std::string(text));
  auto value = unescape(trim(rest));
  if (!value) return fail(std::move(value).error());
  return LabelMatcher::create(*op, name, std::move(*value));
}

Result<LabelMatchers> parse_classic_matchers(std::string_view text) {
  if (text.starts_with('{')) text.remove_prefix(1);
  if (text.ends_with('}')) text.remove_suffix(1);
  // Commas in quotes do not separate; escaped quotes do not quote.
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  bool quoted = false;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ',' && !quoted) {
      pieces.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    } else if (c == '"') {
      if (!escaped) quoted = !quoted;
      escaped = false;
    } else if (c == '\\') {
      escaped = !escaped;
    } else {
      escaped = false;
    }
  }
  if (const auto last = trim(text.substr(begin)); !last.empty())
    pieces.push_back(last);

  LabelMatchers matchers;
  for (const std::string_view piece : pieces) {
    auto matcher = parse_classic_matcher(piece);
    if (!matcher) return fail(std::move(matcher).error());
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

}  // namespace prom::alert
