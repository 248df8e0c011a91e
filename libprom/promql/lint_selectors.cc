// Checks of matchers.
#include "libprom/base/utf8.h"
#include "libprom/promql/lexer.h"
#include "libprom/promql/lint_internal.h"

namespace prom::promql {
namespace {

// Where each matcher of a selector stands.  The tree does not say, so its
// text is read again; matchers are kept in the order in which they are written.
std::vector<TextRange> matcher_ranges(std::string_view text, TextRange range) {
  std::vector<TextRange> ranges;
  Lexer lexer(text.substr(range.begin, range.end - range.begin));
  Token token = lexer.next();
  if (token.kind != TokenKind::kLeftBrace) token = lexer.next();
  bool begins = true;
  while (true) {
    token = lexer.next();
    switch (token.kind) {
      case TokenKind::kEof:
      case TokenKind::kError:
      case TokenKind::kRightBrace:
        return ranges;
      case TokenKind::kComma:
        begins = true;
        break;
      default:
        if (begins) ranges.push_back({range.begin + token.range.begin, 0});
        ranges.back().end = range.begin + token.range.end;
        begins = false;
    }
  }
}

bool is_regex(const Matcher& matcher) {
  return matcher.op() == MatchOp::kRegex || matcher.op() == MatchOp::kNotRegex;
}

std::string spelled(const Matcher& matcher, MatchOp op) {
  auto changed = Matcher::create(op, matcher.name(), matcher.value());
  return changed ? changed->to_string() : std::string();
}

bool ends_with_anchor(std::string_view pattern) {
  if (!pattern.ends_with('$')) return false;
  std::size_t slashes = 0;
  for (std::size_t i = pattern.size() - 1; i > 0 && pattern[i - 1] == '\\'; --i)
    ++slashes;
  return slashes % 2 == 0;
}

void check_regex(const Matcher& matcher, TextRange range, Findings& findings) {
  const std::string& pattern = matcher.value();
  const bool positive = matcher.op() == MatchOp::kRegex;
  if (pattern == ".*") {
    findings.add(
        "regex-matches-all", range,
        positive ? "matches every series, with or without the label"
                 : "excludes every series",
        positive ? "leave it out, or use .+ if the label has to be set" : "");
    return;
  }
  if (pattern.starts_with('^') || ends_with_anchor(pattern)) {
    findings.add("regex-anchored", range,
                 "the expression is anchored at both ends anyway");
    return;
  }
  const bool is_plain =
      pattern.find_first_of("\\.+*?()|[]{}^$") == std::string::npos;
  if (is_plain) {
    findings.add("regex-literal", range, "the expression is a plain string",
                 "write " + spelled(matcher, positive ? MatchOp::kEqual
                                                      : MatchOp::kNotEqual));
  }
}

// True when no value can satisfy both.
bool exclude_each_other(const Matcher& a, const Matcher& b) {
  if (a.op() == MatchOp::kEqual) return !b.matches(a.value());
  if (b.op() == MatchOp::kEqual) return !a.matches(b.value());
  return false;
}

void check_pair(const Matcher& a, const Matcher& b, TextRange range,
                Findings& findings) {
  if (a.name() != b.name()) return;
  if (a == b) {
    findings.add("duplicate-matcher", range, "the matcher is there already");
  } else if (exclude_each_other(a, b)) {
    findings.add(
        "contradicting-matchers", range,
        "no series matches both " + a.to_string() + " and " + b.to_string());
  }
}

}  // namespace

void lint_selectors(const LintNode& node, Findings& findings) {
  const VectorSelector* selector = nullptr;
  TextRange range = node.expr.range;
  if (const auto* matrix = node.expr.as<MatrixSelector>()) {
    selector = &matrix->selector;
    range = matrix->selector_range;
  } else {
    selector = node.expr.as<VectorSelector>();
  }
  if (selector == nullptr || selector->matchers.empty()) return;
  const std::vector<TextRange> ranges = matcher_ranges(node.text, range);
  // The name before the braces is the last matcher and has no range there.
  for (std::size_t i = 0; i < selector->matchers.size(); ++i) {
    const TextRange place = i < ranges.size() ? ranges[i] : range;
    const Matcher& matcher = selector->matchers[i];
    if (is_regex(matcher)) check_regex(matcher, place, findings);
    for (std::size_t j = 0; j < i; ++j)
      check_pair(selector->matchers[j], matcher, place, findings);
  }
}

}  // namespace prom::promql
