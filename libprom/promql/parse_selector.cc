// What stands in braces, and lists of labels.
#include "libprom/base/utf8.h"
#include "libprom/promql/literals.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

// A keyword that may be a label in by (…), on (…).
bool is_label_word(TokenKind kind) {
  if (kind == TokenKind::kWithout) return false;
  return kind == TokenKind::kIdentifier || is_keyword(kind) ||
         kind == TokenKind::kAtan2 || is_metric_name(kind);
}

std::optional<MatchOp> match_op_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAssign:
      return MatchOp::kEqual;
    case TokenKind::kNotEqual:
      return MatchOp::kNotEqual;
    case TokenKind::kRegexMatch:
      return MatchOp::kRegex;
    case TokenKind::kRegexNotMatch:
      return MatchOp::kNotRegex;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool is_metric_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kAnd:
    case TokenKind::kOr:
    case TokenKind::kUnless:
    case TokenKind::kBy:
    case TokenKind::kWithout:
    case TokenKind::kOffset:
    case TokenKind::kFill:
    case TokenKind::kFillLeft:
    case TokenKind::kFillRight:
    case TokenKind::kAnchored:
    case TokenKind::kSmoothed:
    case TokenKind::kStart:
    case TokenKind::kEnd:
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMaxOf:
    case TokenKind::kMinOf:
      return true;
    default:
      return is_aggregation(kind);
  }
}

ExprPtr Parser::operand_selector() {
  if (peek().kind == TokenKind::kLeftBrace) return selector(std::nullopt);
  if (!is_metric_name(peek().kind)) return stuck();
  return selector(take());
}

ExprPtr Parser::selector(std::optional<Token> name) {
  VectorSelector node;
  const std::size_t begin = name ? name->range.begin : peek().range.begin;
  if (peek().kind == TokenKind::kLeftBrace && !label_matchers(node.matchers))
    return nullptr;
  if (name) {
    node.name = text_of(*name);
    node.matchers.push_back(
        Matcher::equal(std::string(kMetricName), node.name));
  }
  return make_expr(std::move(node), {begin, last_end_}, ValueType::kVector);
}

// -- {name="value", "name"=~"value", "metric"}

bool Parser::label_matchers(Matchers& matchers) {
  take();
  while (!take_if(TokenKind::kRightBrace)) {
    bool ok = label_matcher(matchers);
    if (ok && peek().kind == TokenKind::kRightBrace) continue;
    if (ok && !take_if(TokenKind::kComma)) {
      unexpected("label matching", "\",\" or \"}\"");
      ok = false;
    }
    if (!ok && !skip_matcher()) return false;
  }
  return true;
}

// After a mistake, to the next matcher.
bool Parser::skip_matcher() {
  tree_has_holes_ = true;
  while (true) {
    const TokenKind kind = peek().kind;
    if (kind == TokenKind::kEof || kind == TokenKind::kError) return false;
    if (kind == TokenKind::kRightBrace) return true;
    take();
    if (kind == TokenKind::kComma) return true;
  }
}

bool Parser::label_matcher(Matchers& matchers) {
  const TokenKind kind = peek().kind;
  if (kind != TokenKind::kIdentifier && kind != TokenKind::kString) {
    unexpected("label matching", "identifier or \"}\"");
    return false;
  }
  const Token label = take();
  const bool quoted_name = kind == TokenKind::kString;
  std::string name =
      quoted_name ? string_value(text_of(label)) : std::string(text_of(label));
  const auto op = match_op_of(peek().kind);
  if (!op) {
    // A quoted name alone is the metric's.
    if (quoted_name) {
      matchers.push_back(
          Matcher::equal(std::string(kMetricName), std::move(name)));
      return true;
    }
    unexpected("label matching", "label matching operator");
    return false;
  }
  take();
  if (peek().kind != TokenKind::kString) {
    unexpected("label matching", "string");
    return false;
  }
  const Token value = take();
  auto matcher =
      Matcher::create(*op, std::move(name), string_value(text_of(value)));
  if (matcher) {
    matchers.push_back(*std::move(matcher));
  } else {
    report({label.range.begin, value.range.end},
           "error parsing regexp: " + matcher.error().message);
  }
  return true;
}

// -- (label, "label") of by, without, on, ignoring, group_left, group_right

bool Parser::grouping_labels(std::vector<std::string>& labels) {
  if (!take_if(TokenKind::kLeftParen)) {
    unexpected("grouping opts", "\"(\"");
    return false;
  }
  while (!take_if(TokenKind::kRightParen)) {
    if (!grouping_label(labels)) return false;
    if (peek().kind == TokenKind::kRightParen) continue;
    if (!take_if(TokenKind::kComma)) {
      unexpected("grouping opts", "\",\" or \")\"");
      return false;
    }
  }
  return true;
}

bool Parser::grouping_label(std::vector<std::string>& labels) {
  const TokenKind kind = peek().kind;
  if (kind != TokenKind::kString && !is_label_word(kind)) {
    unexpected("grouping opts", "label");
    return false;
  }
  const Token token = take();
  const std::string_view text = text_of(token);
  std::string label =
      kind == TokenKind::kString ? string_value(text) : std::string(text);
  if (label.empty() || !is_valid_utf8(label)) {
    report(token.range, "invalid label name for grouping: " + quote(label));
  }
  labels.push_back(std::move(label));
  return true;
}

// -- A series: name{label="value"}

bool Parser::metric(std::vector<LabelPair>& labels) {
  std::optional<std::string> name;
  if (is_metric_name(peek().kind)) name = text_of(take());
  if (peek().kind == TokenKind::kLeftBrace && !label_set(labels)) return false;
  if (name) labels.emplace_back(kMetricName, *std::move(name));
  return true;
}

bool Parser::label_set(std::vector<LabelPair>& labels) {
  take();
  while (!take_if(TokenKind::kRightBrace)) {
    if (!label_set_item(labels)) return false;
    if (peek().kind == TokenKind::kRightBrace) continue;
    if (!take_if(TokenKind::kComma)) {
      unexpected("label set", "\",\" or \"}\"");
      return false;
    }
  }
  return true;
}

bool Parser::label_set_item(std::vector<LabelPair>& labels) {
  const TokenKind kind = peek().kind;
  if (kind != TokenKind::kIdentifier && kind != TokenKind::kString) {
    unexpected("label set", "identifier or \"}\"");
    return false;
  }
  const Token label = take();
  const bool quoted_name = kind == TokenKind::kString;
  std::string name =
      quoted_name ? string_value(text_of(label)) : std::string(text_of(label));
  if (!take_if(TokenKind::kAssign)) {
    if (quoted_name) {
      labels.emplace_back(kMetricName, std::move(name));
      return true;
    }
    unexpected("label set", "\"=\"");
    return false;
  }
  if (peek().kind != TokenKind::kString) {
    unexpected("label set", "string");
    return false;
  }
  labels.emplace_back(std::move(name), string_value(text_of(take())));
  return true;
}

}  // namespace prom::promql
