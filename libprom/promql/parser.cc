#include "libprom/promql/parser.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

constexpr std::array<std::string_view, 3> kFeatures = {
    "promql-experimental-functions", "promql-extended-range-selectors",
    "promql-binop-fill-modifiers"};

// At most ten characters of a token are shown.
std::string shown(std::string_view text) {
  constexpr std::size_t kCharactersMax = 10;
  if (text.size() <= kCharactersMax) return quote(text);
  std::size_t size = 0;
  for (std::size_t i = 0; i < kCharactersMax && size < text.size(); ++i)
    size += decode_utf8(text.substr(size)).size;
  return quote(text.substr(0, size)) + "...";
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

ParseOptions ParseOptions::all() {
  ParseOptions options;
  for (const std::string_view feature : kFeatures) options.enable(feature);
  return options;
}

bool ParseOptions::enable(std::string_view feature) {
  if (feature == kFeatures[0]) {
    experimental_functions = true;
  } else if (feature == kFeatures[1]) {
    extended_range_selectors = true;
  } else if (feature == kFeatures[2]) {
    fill_modifiers = true;
  } else {
    // Duration expressions are part of the language by now.
    return feature == "promql-duration-expr";
  }
  return true;
}

// -- Tokens

const Token& Parser::peek() {
  if (!has_current_) {
    current_ = lexer_.next();
    has_current_ = true;
    if (current_.kind == TokenKind::kError)
      report(current_.range, lexer_.error());
  }
  return current_;
}

Token Parser::take() {
  const Token token = peek();
  has_current_ = false;
  last_end_ = token.range.end;
  return token;
}

bool Parser::take_if(TokenKind kind) {
  if (peek().kind != kind) return false;
  take();
  return true;
}

bool Parser::expect(TokenKind kind) {
  if (take_if(kind)) return true;
  stuck_ = true;
  return false;
}

bool Parser::Nesting::ok() const {
  if (parser_.nesting_ <= kNestingMax) return true;
  parser_.report(parser_.peek().range, "expression is nested deeper than " +
                                           std::to_string(kNestingMax) +
                                           " levels");
  return false;
}

bool Parser::count_operator(TextRange range) {
  if (++operators_ <= kOperatorsMax) return true;
  report(range, "expression has more than " + std::to_string(kOperatorsMax) +
                    " operators");
  return false;
}

// -- Messages

void Parser::report(TextRange range, std::string message, std::string hint) {
  if (diagnostics_.size() >= kDiagnosticsMax) return;
  Diagnostic diagnostic;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  if (!text_.empty()) {
    const TextPosition position = position_of(text_, range.begin);
    diagnostic.line = position.line;
    diagnostic.column = position.column;
    const std::size_t width =
        range.end > range.begin ? range.end - range.begin : std::size_t{1};
    diagnostic.width = static_cast<std::uint32_t>(width);
  }
  diagnostics_.push_back(std::move(diagnostic));
}

std::nullptr_t Parser::stuck() {
  peek();
  stuck_ = true;
  return nullptr;
}

std::nullptr_t Parser::unexpected(std::string_view context,
                                  std::string_view expected) {
  stuck_ = false;
  const Token& token = peek();
  // What the lexer reported is not reported twice.
  if (token.kind == TokenKind::kError) return nullptr;
  std::string message = "unexpected " + describe(token);
  if (!context.empty()) message.append(" in ").append(context);
  if (!expected.empty()) message.append(", expected ").append(expected);
  report(token.range, std::move(message), keyword_hint(token));
  return nullptr;
}

std::string Parser::describe(const Token& token) const {
  const std::string text(text_of(token));
  switch (token.kind) {
    case TokenKind::kEof:
      return "end of input";
    case TokenKind::kIdentifier:
      return "identifier " + quote(text);
    case TokenKind::kMetricIdentifier:
      return "metric identifier " + quote(text);
    case TokenKind::kString:
      return "string " + shown(text);
    case TokenKind::kNumber:
      return "number " + shown(text);
    case TokenKind::kDuration:
      return "duration " + shown(text);
    default:
      break;
  }
  if (is_keyword(token.kind)) return "<" + text + ">";
  if (is_operator(token.kind)) return "<op:" + text + ">";
  if (is_aggregation(token.kind)) return "<aggr:" + text + ">";
  return shown(text);
}

// A word where none can stand may be a misspelt keyword.
std::string Parser::keyword_hint(const Token& token) const {
  if (token.kind == TokenKind::kAssign) return "did you mean `==`?";
  if (token.kind != TokenKind::kIdentifier) return {};
  static const std::vector<std::string> kWords = {
      "and",      "or",         "unless",      "atan2", "by",
      "without",  "on",         "ignoring",    "bool",  "offset",
      "smoothed", "group_left", "group_right", "fill",  "anchored"};
  const auto near = suggestions(lowered(text_of(token)), kWords);
  return near.empty() ? "" : "did you mean `" + near.front() + "`?";
}

Diagnostics Parser::failure() {
  if (stuck_) unexpected("", "");
  assert(!diagnostics_.empty());
  return std::move(diagnostics_);
}

// -- Entry points

Parsed<ExprPtr> Parser::whole_expression() {
  if (peek().kind == TokenKind::kEof) {
    report({}, "no expression found in input");
    return std::unexpected(failure());
  }
  ExprPtr expr = binary(0);
  if (expr != nullptr && peek().kind != TokenKind::kEof) {
    stuck();
    expr = nullptr;
  }
  if (expr == nullptr) return std::unexpected(failure());
  if (!tree_has_holes_) {
    check_types(*expr,
                [this](TextRange range, std::string message, std::string hint) {
                  report(range, std::move(message), std::move(hint));
                });
  }
  if (!diagnostics_.empty()) return std::unexpected(failure());
  return expr;
}

Parsed<Matchers> Parser::whole_selector() {
  ExprPtr expr = operand_selector();
  if (expr != nullptr && peek().kind != TokenKind::kEof) {
    stuck();
    expr = nullptr;
  }
  if (expr == nullptr || !diagnostics_.empty())
    return std::unexpected(failure());
  return std::move(expr->as<VectorSelector>()->matchers);
}

Parsed<Labels> Parser::whole_metric() {
  std::size_t end = 0;
  Parsed<Labels> labels = metric_prefix(end);
  if (!labels) return labels;
  if (peek().kind != TokenKind::kEof) {
    stuck();
    return std::unexpected(failure());
  }
  return labels;
}

Parsed<Labels> Parser::metric_prefix(std::size_t& end) {
  std::vector<LabelPair> labels;
  if (!metric(labels) || !diagnostics_.empty())
    return std::unexpected(failure());
  end = last_end_;
  std::vector<LabelView> views;
  views.reserve(labels.size());
  for (const auto& [name, value] : labels) views.push_back({name, value});
  return Labels::from(std::move(views));
}

namespace {

// Runs one of the parser's rules on a text of acceptable size.
template <typename T>
Parsed<T> run(std::string_view text, const ParseOptions& options,
              Parsed<T> (Parser::*rule)()) {
  if (text.size() > kExpressionBytesMax) {
    Diagnostic diagnostic;
    diagnostic.line = 1;
    diagnostic.column = 1;
    diagnostic.message = "expression is longer than " +
                         std::to_string(kExpressionBytesMax) + " bytes";
    return std::unexpected(Diagnostics{std::move(diagnostic)});
  }
  Parser parser(text, options);
  return (parser.*rule)();
}

}  // namespace

Parsed<ExprPtr> parse(std::string_view text, const ParseOptions& options) {
  return run(text, options, &Parser::whole_expression);
}

Parsed<Matchers> parse_selector(std::string_view text) {
  return run(text, {}, &Parser::whole_selector);
}

Parsed<Labels> parse_metric(std::string_view text) {
  return run(text, {}, &Parser::whole_metric);
}

std::string error_text(const Diagnostics& diagnostics) {
  assert(!diagnostics.empty());
  const Diagnostic& first = diagnostics.front();
  const std::string place = first.line == 0 ? "unknown position"
                                            : std::to_string(first.line) + ":" +
                                                  std::to_string(first.column);
  return place + ": parse error: " + first.message;
}

Error to_error(const Diagnostics& diagnostics) {
  return {Code::kBadData, error_text(diagnostics)};
}

}  // namespace prom::promql
