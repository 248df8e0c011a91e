#include "libprom/alert/matcher.h"

#include <algorithm>
#include <tuple>

#include "libprom/alert/matcher_internal.h"
#include "libprom/base/utf8.h"

namespace prom::alert {
namespace {

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

bool needs_quotes(std::string_view name) {
  while (!name.empty()) {
    const CodePoint point = decode_utf8(name);
    if (is_reserved(point.value)) return true;
    name.remove_prefix(point.size);
  }
  return false;
}

std::string incompatible(std::string_view text, const LabelMatchers& classic) {
  std::string suggestion;
  for (const LabelMatcher& matcher : classic) {
    if (!suggestion.empty()) suggestion += ',';
    suggestion += matcher.to_string();
  }
  return "matchers `" + printable(text) +
         "` are read by the classic grammar only; write them as `" +
         printable(suggestion) + "`";
}

}  // namespace

Result<LabelMatcher> LabelMatcher::create(MatchOp op, std::string name,
                                          std::string value) {
  const bool is_regex = op == MatchOp::kRegex || op == MatchOp::kNotRegex;
  // PromQL's dot matches line feeds, Alertmanager's does not.
  const bool has_dot = is_regex && value.find('.') != std::string::npos;
  auto compiled =
      Matcher::create(op, name, has_dot ? "(?-s:" + value + ")" : value);
  if (!compiled) {
    // The message is about the user's text, not about what is added to it.
    if (auto plain = Matcher::create(op, name, value); !plain)
      return fail(std::move(plain).error());
    return fail(std::move(compiled).error());
  }
  return LabelMatcher(op, std::move(name), std::move(value),
                      std::move(*compiled));
}

std::string LabelMatcher::to_string() const {
  std::string out;
  const std::string_view op = prom::to_string(op_);
  if (needs_quotes(name_)) {
    append_quoted(out, name_);
    out += op;
    append_quoted(out, value_);
    return out;
  }
  out += name_;
  out += op;
  out += '"';
  append_escaped(out, value_);
  out += '"';
  return out;
}

bool LabelMatcher::operator<(const LabelMatcher& other) const {
  return std::tie(name_, value_, op_) <
         std::tie(other.name_, other.value_, other.op_);
}

bool matches_all(const LabelMatchers& matchers, const Labels& labels) {
  return std::all_of(
      matchers.begin(), matchers.end(),
      [&](const LabelMatcher& matcher) { return matcher.matches(labels); });
}

std::string to_string(const LabelMatchers& matchers) {
  std::string out = "{";
  for (const LabelMatcher& matcher : matchers) {
    if (out.size() > 1) out += ',';
    out += matcher.to_string();
  }
  out += '}';
  return out;
}

Result<LabelMatchers> parse_matchers(std::string_view text, MatcherMode mode,
                                     std::string* warning) {
  if (text.size() > kMatcherTextBytesMax)
    return fail(Code::kLimit, "matchers of more than 1 MiB");
  if (mode == MatcherMode::kClassic) return parse_classic_matchers(text);
  auto utf8 = parse_utf8_matchers(text);
  if (mode == MatcherMode::kUtf8) return utf8;
  auto classic = parse_classic_matchers(text);
  if (!classic) return utf8 ? std::move(utf8) : std::move(classic);
  if (!utf8) {
    if (warning != nullptr) *warning = incompatible(text, *classic);
    return classic;
  }
  if (*utf8 != *classic && warning != nullptr)
    *warning = "the classic and the UTF-8 grammar read matchers `" +
               printable(text) + "` differently; the classic one counts";
  return classic;
}

Result<LabelMatcher> parse_matcher(std::string_view text, MatcherMode mode,
                                   std::string* warning) {
  if (text.size() > kMatcherTextBytesMax)
    return fail(Code::kLimit, "a matcher of more than 1 MiB");
  if (mode == MatcherMode::kClassic) return parse_classic_matcher(text);
  if (text.starts_with('{') || text.ends_with('}'))
    return fail(Code::kBadData,
                "unexpected open or close brace: " + std::string(text));
  auto several = parse_utf8_matchers(text);
  Result<LabelMatcher> utf8 = fail(Code::kBadData, "no matchers");
  if (!several) {
    utf8 = fail(std::move(several).error());
  } else if (several->size() == 1) {
    utf8 = std::move(several->front());
  } else if (several->size() > 1) {
    utf8 = fail(Code::kBadData,
                "expected 1 matcher, found " + std::to_string(several->size()));
  }
  if (mode == MatcherMode::kUtf8) return utf8;
  auto classic = parse_classic_matcher(text);
  if (!classic) return utf8 ? std::move(utf8) : std::move(classic);
  if (warning != nullptr && !utf8) *warning = incompatible(text, {*classic});
  return classic;
}

bool is_valid_label_name(std::string_view name, MatcherMode mode) {
  if (mode == MatcherMode::kClassic) return is_legacy_label_name(name);
  return !name.empty() && is_valid_utf8(name);
}

}  // namespace prom::alert
