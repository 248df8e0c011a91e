// The parser's state and rules, shared by the files that implement it:
// parser.cc (tokens, messages, entry points), parse_expression.cc (operators
// and their operands), parse_modifiers.cc (brackets, offset, @, matching),
// parse_selector.cc (braces and label lists), parse_duration.cc.
// Visible inside of promql/ only.
//
// A rule returns its node, or null when the text cannot go on.  The reason is
// then either reported already, or `stuck_` is set and the current token is to
// blame: the rule nearest around that knows what it expected reports it, as
// upstream's grammar does with its error productions.  Mistakes that leave the
// structure clear are reported at once and parsing goes on.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/promql/lexer.h"
#include "libprom/promql/parser.h"

namespace prom::promql {

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options)
      : text_(text), options_(options), lexer_(text) {}

  Parsed<ExprPtr> whole_expression();
  Parsed<Matchers> whole_selector();
  Parsed<Labels> whole_metric();
  // A metric at the beginning of the text; `end` is where it ends.
  Parsed<Labels> metric_prefix(std::size_t& end);

 private:
  using LabelPair = std::pair<std::string, std::string>;

  // -- parser.cc: tokens and messages
  const Token& peek();
  Token take();
  bool take_if(TokenKind kind);
  // Takes a token of that kind or gets stuck.
  bool expect(TokenKind kind);
  [[nodiscard]] std::string_view text_of(const Token& token) const {
    return lexer_.text_of(token);
  }
  void report(TextRange range, std::string message, std::string hint = {});
  // Blames the current token.  Always returns null, to be returned.
  std::nullptr_t unexpected(std::string_view context,
                            std::string_view expected);
  std::nullptr_t stuck();
  [[nodiscard]] std::string describe(const Token& token) const;
  [[nodiscard]] std::string keyword_hint(const Token& token) const;
  Diagnostics failure();
  bool count_operator(TextRange range);

  // -- parse_expression.cc
  ExprPtr binary(int precedence_min);
  ExprPtr signed_operand();
  ExprPtr operand();
  ExprPtr primary();
  ExprPtr number();
  ExprPtr string();
  ExprPtr parenthesised();
  ExprPtr aggregate(const Token& op);
  ExprPtr finish_aggregate(Aggregate node, std::vector<ExprPtr> args,
                           TextRange range);
  bool aggregate_clause(Aggregate& node);
  ExprPtr call(const Token& name);
  bool arguments(std::vector<ExprPtr>& args);
  bool another_argument();
  double literal(const Token& token);

  // -- parse_modifiers.cc
  static void separate_offset(Expr& lhs, BinaryOp op);
  bool binary_modifiers(Binary& node);
  bool group_modifier(VectorMatching& matching);
  bool fill_modifiers(VectorMatching& matching);
  std::optional<double> fill_value();
  std::optional<double> unsigned_number();
  ExprPtr bracketed(ExprPtr expr);
  ExprPtr matrix(ExprPtr expr, DurationValue range, TextRange brackets);
  ExprPtr subquery(ExprPtr expr, DurationValue range);
  ExprPtr with_offset(ExprPtr expr);
  ExprPtr with_at(ExprPtr expr);
  std::optional<At> at_time(const Expr& expr);
  ExprPtr with_extension(ExprPtr expr);

  // -- parse_selector.cc
  ExprPtr operand_selector();
  ExprPtr selector(std::optional<Token> name);
  bool label_matchers(Matchers& matchers);
  bool label_matcher(Matchers& matchers);
  bool skip_matcher();
  bool grouping_labels(std::vector<std::string>& labels);
  bool grouping_label(std::vector<std::string>& labels);
  bool metric(std::vector<LabelPair>& labels);
  bool label_set(std::vector<LabelPair>& labels);
  bool label_set_item(std::vector<LabelPair>& labels);

  // -- parse_duration.cc
  using DurationPtr = std::unique_ptr<DurationExpr>;
  DurationPtr duration(int precedence_min);
  DurationPtr continue_duration(DurationPtr lhs, int precedence_min);
  DurationPtr signed_duration();
  DurationPtr duration_operand();
  DurationPtr duration_literal();
  DurationPtr duration_call(const Token& name);
  DurationPtr duration_parenthesised();
  DurationPtr offset_duration();
  DurationPtr apply_sign(const Token& sign, DurationPtr inner);
  std::optional<DurationValue> positive_duration();
  std::optional<DurationValue> offset_value();

  // Counts a level of nesting while it lives.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    // False, and reported, when the level is one too many.
    [[nodiscard]] bool ok() const;

   private:
    Parser& parser_;
  };

  const std::string_view text_;
  const ParseOptions options_;
  Lexer lexer_;
  Token current_;
  bool has_current_ = false;
  std::size_t last_end_ = 0;  // where the last token taken ends
  bool stuck_ = false;
  // A rule had to leave something out, so types cannot be checked.
  bool tree_has_holes_ = false;
  int nesting_ = 0;
  int operators_ = 0;
  Diagnostics diagnostics_;
};

// Tokens that can be the name of a metric, and that can begin an expression.
bool is_metric_name(TokenKind kind);
bool begins_expression(TokenKind kind);

// check.cc: types, arguments and matching; fills in what depends on types.
// Calls `report` for each mistake in upstream's order, with a message and a
// hint that may be empty.
using Report = std::function<void(TextRange, std::string, std::string)>;
void check_types(Expr& expr, const Report& report);

}  // namespace prom::promql
