// The parser of templates, in two files: parser.cc has what stands between
// actions and what controls the flow, parser_pipeline.cc what computes a value.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/template/lexer.h"
#include "libprom/template/parser.h"
#include "libprom/template/template.h"

namespace prom::templates {

// As Go shows a token in "unexpected … in …".
std::string describe(const Token& token);

// Recursive descent over the tokens.  A function that fails returns null and
// leaves the reason in error_; callers return null, too.
class Parser {
 public:
  Parser(std::string_view name, std::string_view text,
         const Functions& functions)
      : file_(name),
        text_(std::make_shared<const std::string>(text)),
        functions_(functions),
        tokens_(tokenize(text)) {}

  Result<std::vector<std::shared_ptr<const Tree>>> run(Diagnostic* where);

 private:
  // ---- tokens
  const Token& next() {
    const Token& token = tokens_[at_];
    seen_ = std::max(seen_, at_);
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  const Token& peek() {
    seen_ = std::max(seen_, at_);
    return tokens_[at_];
  }
  void skip_space() {
    while (peek().type == TokenType::kSpace) next();
  }
  const Token& next_non_space() {
    skip_space();
    return next();
  }
  const Token& peek_non_space() {
    skip_space();
    return peek();
  }
  bool expect(TokenType type, std::string_view context);

  // ---- failure
  std::nullptr_t fail_with(std::string message);
  std::nullptr_t unexpected(const Token& token, std::string_view context);
  // Counts a level of nesting for as long as it lives.
  struct Level {
    explicit Level(Parser& parser) : of(parser) {
      if (++of.depth_ > kNestingMax)
        of.fail_with("nested deeper than " + std::to_string(kNestingMax));
    }
    ~Level() { --of.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& of;
  };

  // ---- grammar
  NodePtr make(NodeType type, std::size_t offset) const {
    auto node = std::make_unique<Node>();
    node->type = type;
    node->offset = offset;
    return node;
  }
  NodePtr item_list(NodePtr& terminator);
  NodePtr text_or_action();
  NodePtr action();
  NodePtr control(NodeType type, std::string_view word);
  NodePtr else_part(Node& node, std::string_view word, NodePtr terminator);
  NodePtr else_control();
  NodePtr end_control();
  NodePtr loop_control(NodeType type, std::string_view word);
  NodePtr template_control();
  NodePtr block_control();
  bool definition();
  std::optional<std::string> template_name(const Token& token,
                                           std::string_view context);
  NodePtr pipeline(std::string_view context);
  bool declarations(Node& pipe, std::string_view context);
  bool check_pipeline(const Node& pipe, std::string_view context);
  NodePtr command();
  NodePtr operand();
  NodePtr chain(NodePtr term);
  NodePtr term(bool& found);
  NodePtr literal(const Token& token);
  NodePtr use_variable(const Token& token);
  bool add_tree(std::string name, NodePtr root);

  std::string file_;
  std::shared_ptr<const std::string> text_;
  const Functions& functions_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t seen_ = 0;          // the furthest token that was looked at
  std::size_t action_start_ = 0;  // offset of the action being parsed
  bool in_action_ = false;
  std::size_t depth_ = 0;
  std::size_t range_depth_ = 0;
  std::vector<std::string> variables_ = {"$"};
  std::vector<std::shared_ptr<Tree>> trees_;
  std::optional<Diagnostic> error_;
};

}  // namespace prom::templates
