#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/template/parser_internal.h"

namespace prom::templates {
std::string describe(const Token& token) {
  constexpr std::size_t kShownMax = 10;
  switch (token.type) {
    case TokenType::kEnd:
      return "EOF";
    case TokenType::kError:
      return token.text;
    case TokenType::kKeyword:
      return "<" + token.text + ">";
    default:
      break;
  }
  if (token.text.size() <= kShownMax) return quote(token.text);
  return quote(std::string_view(token.text).substr(0, kShownMax)) + "...";
}

// ---- failure

std::nullptr_t Parser::fail_with(std::string message) {
  if (error_) return nullptr;
  const std::size_t offset = tokens_[seen_].offset;
  const TextPosition position = position_of(*text_, offset);
  error_ = Diagnostic{.file = file_,
                      .line = position.line,
                      .column = position.column,
                      .message = std::move(message)};
  return nullptr;
}

std::nullptr_t Parser::unexpected(const Token& token,
                                  std::string_view context) {
  if (token.type != TokenType::kError)
    return fail_with("unexpected " + describe(token) + " in " +
                     std::string(context));
  // An error of the lexer; say where the action began when that was earlier.
  std::string message = token.text;
  const std::uint32_t began = position_of(*text_, action_start_).line;
  if (in_action_ && began != position_of(*text_, token.offset).line) {
    message += message.ends_with(" action") ? "" : " in action";
    message += " started at " + file_ + ":" + std::to_string(began);
  }
  return fail_with(std::move(message));
}

bool Parser::expect(TokenType type, std::string_view context) {
  const Token& token = next_non_space();
  if (token.type == type) return true;
  unexpected(token, context);
  return false;
}

// ---- templates

Result<std::vector<std::shared_ptr<const Tree>>> Parser::run(
    Diagnostic* where) {
  NodePtr root = make(NodeType::kList, 0);
  while (!error_ && peek().type != TokenType::kEnd) {
    if (peek().type == TokenType::kLeftDelim) {
      const std::size_t delim = at_;
      next();
      const Token& word = next_non_space();
      if (word.type == TokenType::kKeyword && word.text == "define") {
        if (!definition()) break;
        continue;
      }
      at_ = delim;
    }
    NodePtr node = text_or_action();
    if (!node) break;
    if (node->type == NodeType::kEnd || node->type == NodeType::kElse) {
      fail_with("unexpected " + node->to_string());
      break;
    }
    root->children.push_back(std::move(node));
  }
  if (!error_) add_tree(file_, std::move(root));
  if (error_) {
    if (where != nullptr) *where = *error_;
    return fail(Code::kBadData, "template: " + file_ + ":" +
                                    std::to_string(error_->line) + ": " +
                                    error_->message);
  }
  return std::vector<std::shared_ptr<const Tree>>(trees_.begin(), trees_.end());
}

bool Parser::add_tree(std::string name, NodePtr root) {
  auto tree =
      std::make_shared<Tree>(std::move(name), file_, text_, std::move(root));
  const auto known = std::ranges::find(trees_, tree->name, &Tree::name);
  if (known == trees_.end()) {
    trees_.push_back(std::move(tree));
  } else if ((*known)->is_empty()) {
    *known = std::move(tree);
  } else if (!tree->is_empty()) {
    fail_with("template: multiple definition of template " + quote(tree->name));
    return false;
  }
  return true;
}

// After {{define.
bool Parser::definition() {
  constexpr std::string_view kContext = "define clause";
  const auto name = template_name(next_non_space(), kContext);
  if (!name || !expect(TokenType::kRightDelim, kContext)) return false;
  auto outer_variables = std::exchange(variables_, {"$"});
  const std::size_t outer_ranges = std::exchange(range_depth_, 0);
  NodePtr end;
  NodePtr root = item_list(end);
  if (!root) return false;
  variables_ = std::move(outer_variables);
  range_depth_ = outer_ranges;
  if (end->type != NodeType::kEnd) {
    fail_with("unexpected " + end->to_string() + " in " +
              std::string(kContext));
    return false;
  }
  return add_tree(*name, std::move(root));
}

std::optional<std::string> Parser::template_name(const Token& token,
                                                 std::string_view context) {
  if (token.type != TokenType::kString && token.type != TokenType::kRawString) {
    unexpected(token, context);
    return std::nullopt;
  }
  auto name = unquote(token.text);
  if (!name) fail_with("invalid syntax");
  return name;
}

// ---- lists and actions

NodePtr Parser::item_list(NodePtr& terminator) {
  const Level level(*this);
  if (error_) return nullptr;
  NodePtr list = make(NodeType::kList, peek_non_space().offset);
  while (peek_non_space().type != TokenType::kEnd) {
    NodePtr node = text_or_action();
    if (!node) return nullptr;
    if (node->type == NodeType::kEnd || node->type == NodeType::kElse) {
      terminator = std::move(node);
      return list;
    }
    list->children.push_back(std::move(node));
  }
  return fail_with("unexpected EOF");
}

NodePtr Parser::text_or_action() {
  const Token& token = next_non_space();
  if (token.type == TokenType::kText) {
    NodePtr node = make(NodeType::kText, token.offset);
    node->text = token.text;
    return node;
  }
  if (token.type != TokenType::kLeftDelim) return unexpected(token, "input");
  action_start_ = token.offset;
  in_action_ = true;
  NodePtr node = action();
  in_action_ = false;
  return node;
}

NodePtr Parser::action() {
  const Token& token = peek_non_space();
  if (token.type == TokenType::kKeyword && token.text != "nil") {
    const std::string& word = token.text;
    next();
    if (word == "block") return block_control();
    if (word == "break") return loop_control(NodeType::kBreak, word);
    if (word == "continue") return loop_control(NodeType::kContinue, word);
    if (word == "else") return else_control();
    if (word == "end") return end_control();
    if (word == "if") return control(NodeType::kIf, word);
    if (word == "range") return control(NodeType::kRange, word);
    if (word == "template") return template_control();
    if (word == "with") return control(NodeType::kWith, word);
    return unexpected(token, "command");
  }
  NodePtr node = make(NodeType::kAction, token.offset);
  node->pipe = pipeline("command");
  return node->pipe ? std::move(node) : nullptr;
}

NodePtr Parser::control(NodeType type, std::string_view word) {
  const Level level(*this);
  if (error_) return nullptr;
  const std::size_t outer_variables = variables_.size();
  NodePtr node = make(type, peek_non_space().offset);
  node->pipe = pipeline(word);
  if (!node->pipe) return nullptr;
  if (type == NodeType::kRange) ++range_depth_;
  NodePtr terminator;
  node->body = item_list(terminator);
  if (type == NodeType::kRange) --range_depth_;
  if (!node->body) return nullptr;
  if (terminator->type == NodeType::kElse) {
    node->otherwise = else_part(*node, word, std::move(terminator));
    if (!node->otherwise) return nullptr;
  }
  variables_.resize(outer_variables);
  return node;
}

// After {{else}}, or between {{else and the word of {{else if … and {{else
// with …, which continue with a node of the same type and share its {{end}}.
NodePtr Parser::else_part(Node& node, std::string_view word,
                          NodePtr terminator) {
  const Token& token = peek_non_space();
  if (node.type != NodeType::kRange && token.type == TokenType::kKeyword &&
      token.text == word) {
    next();
    NodePtr list = make(NodeType::kList, terminator->offset);
    NodePtr inner = control(node.type, word);
    if (!inner) return nullptr;
    list->children.push_back(std::move(inner));
    return list;
  }
  NodePtr end;
  NodePtr list = item_list(end);
  if (list && end->type != NodeType::kEnd)
    return fail_with("expected end; found " + end->to_string());
  return list;
}

NodePtr Parser::else_control() {
  const Token& token = peek_non_space();
  const bool continues = token.type == TokenType::kKeyword &&
                         (token.text == "if" || token.text == "with");
  NodePtr node = make(NodeType::kElse, token.offset);
  if (!continues && !expect(TokenType::kRightDelim, "else")) return nullptr;
  return node;
}

NodePtr Parser::end_control() {
  NodePtr node = make(NodeType::kEnd, peek_non_space().offset);
  return expect(TokenType::kRightDelim, "end") ? std::move(node) : nullptr;
}

NodePtr Parser::loop_control(NodeType type, std::string_view word) {
  NodePtr node = make(type, peek_non_space().offset);
  if (!expect(TokenType::kRightDelim, "{{" + std::string(word) + "}}"))
    return nullptr;
  if (range_depth_ == 0)
    return fail_with("{{" + std::string(word) + "}} outside {{range}}");
  return node;
}

NodePtr Parser::template_control() {
  constexpr std::string_view kContext = "template clause";
  const Token& token = next_non_space();
  const auto name = template_name(token, kContext);
  if (!name) return nullptr;
  NodePtr node = make(NodeType::kTemplate, token.offset);
  node->text = *name;
  if (peek_non_space().type == TokenType::kRightDelim) {
    next();
    return node;
  }
  node->pipe = pipeline(kContext);
  return node->pipe ? std::move(node) : nullptr;
}

// {{block "name" pipe}} … {{end}} defines a template and calls it.
NodePtr Parser::block_control() {
  constexpr std::string_view kContext = "block clause";
  const Token& token = next_non_space();
  const auto name = template_name(token, kContext);
  if (!name) return nullptr;
  NodePtr node = make(NodeType::kTemplate, token.offset);
  node->text = *name;
  node->pipe = pipeline(kContext);
  if (!node->pipe) return nullptr;
  auto outer_variables = std::exchange(variables_, {"$"});
  const std::size_t outer_ranges = std::exchange(range_depth_, 0);
  NodePtr end;
  NodePtr root = item_list(end);
  if (!root) return nullptr;
  variables_ = std::move(outer_variables);
  range_depth_ = outer_ranges;
  if (end->type != NodeType::kEnd)
    return fail_with("unexpected " + end->to_string() + " in " +
                     std::string(kContext));
  return add_tree(*name, std::move(root)) ? std::move(node) : nullptr;
}

// ---- pipelines

Result<std::vector<std::shared_ptr<const Tree>>> parse_trees(
    std::string_view name, std::string_view text, const Functions& functions,
    Diagnostic* where) {
  if (text.size() > kTextBytesMax)
    return fail(Code::kLimit, "template: " + std::string(name) +
                                  ": longer than " +
                                  std::to_string(kTextBytesMax) + " bytes");
  return Parser(name, text, functions).run(where);
}

}  // namespace prom::templates
