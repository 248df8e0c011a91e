#include "libprom/template/parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/template/lexer.h"
#include "libprom/template/template.h"

namespace prom::templates {
namespace {

// As Go shows a token in "unexpected … in …".
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

bool starts_operand(const Token& token) {
  switch (token.type) {
    case TokenType::kBool:
    case TokenType::kCharConstant:
    case TokenType::kDot:
    case TokenType::kField:
    case TokenType::kIdentifier:
    case TokenType::kNumber:
    case TokenType::kRawString:
    case TokenType::kString:
    case TokenType::kVariable:
    case TokenType::kLeftParen:
      return true;
    case TokenType::kKeyword:
      return token.text == "nil";
    default:
      return false;
  }
}

bool is_literal(NodeType type) {
  return type == NodeType::kBool || type == NodeType::kDot ||
         type == NodeType::kNil || type == NodeType::kNumber ||
         type == NodeType::kString;
}

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

NodePtr Parser::pipeline(std::string_view context) {
  const Level level(*this);
  if (error_) return nullptr;
  NodePtr pipe = make(NodeType::kPipe, peek_non_space().offset);
  if (!declarations(*pipe, context)) return nullptr;
  while (true) {
    const Token& token = peek_non_space();
    if (token.type == TokenType::kRightDelim ||
        token.type == TokenType::kRightParen) {
      if (!check_pipeline(*pipe, context)) return nullptr;
      if (token.type == TokenType::kRightDelim) next();
      return pipe;
    }
    if (!starts_operand(token)) return unexpected(token, context);
    NodePtr one = command();
    if (!one) return nullptr;
    pipe->children.push_back(std::move(one));
  }
}

// "$x :=", "$x =" and, in range, "$i, $x :=".
bool Parser::declarations(Node& pipe, std::string_view context) {
  while (peek_non_space().type == TokenType::kVariable) {
    const std::size_t before = at_;
    const Token& variable = next();
    const Token& after = peek_non_space();
    const bool comma = after.type == TokenType::kChar && after.text == ",";
    const bool ends =
        after.type == TokenType::kAssign || after.type == TokenType::kDeclare;
    if (!comma && !ends) {
      at_ = before;
      return true;
    }
    next();
    NodePtr node = make(NodeType::kVariable, variable.offset);
    node->path = {variable.text};
    pipe.variables.push_back(std::move(node));
    pipe.is_assignment = after.type == TokenType::kAssign;
    variables_.push_back(variable.text);
    if (ends) return true;
    if (context != "range" || pipe.variables.size() >= 2) {
      fail_with("too many declarations in " + std::string(context));
      return false;
    }
    if (peek_non_space().type != TokenType::kVariable) {
      fail_with("range can only initialize variables");
      return false;
    }
  }
  return true;
}

bool Parser::check_pipeline(const Node& pipe, std::string_view context) {
  if (pipe.children.empty()) {
    fail_with("missing value for " + std::string(context));
    return false;
  }
  for (std::size_t i = 1; i < pipe.children.size(); ++i) {
    if (!is_literal(pipe.children[i]->children.front()->type)) continue;
    fail_with("non executable command in pipeline stage " +
              std::to_string(i + 1));
    return false;
  }
  return true;
}

NodePtr Parser::command() {
  NodePtr node = make(NodeType::kCommand, peek_non_space().offset);
  while (true) {
    skip_space();
    NodePtr argument = operand();
    if (error_) return nullptr;
    if (argument) node->children.push_back(std::move(argument));
    const Token& token = peek();
    if (token.type == TokenType::kSpace) continue;
    if (token.type == TokenType::kError) return unexpected(token, "operand");
    if (token.type == TokenType::kPipe) {
      next();
      // A pipe needs a command behind it.
      const Token& behind = peek_non_space();
      if (!starts_operand(behind) && behind.type != TokenType::kError)
        return fail_with("missing value for command");
    } else if (token.type != TokenType::kRightDelim &&
               token.type != TokenType::kRightParen) {
      return fail_with("unexpected " + describe(token) + " in operand");
    }
    break;
  }
  if (node->children.empty()) return fail_with("empty command");
  return node;
}

// A term and the fields behind it; null without error when there is none.
NodePtr Parser::operand() {
  bool found = false;
  NodePtr node = term(found);
  if (!found || !node) return nullptr;
  if (peek().type != TokenType::kField) return node;
  return chain(std::move(node));
}

NodePtr Parser::chain(NodePtr term) {
  if (is_literal(term->type))
    return fail_with("unexpected . after term " + quote(term->to_string()));
  const std::size_t offset = peek().offset;
  if (term->type != NodeType::kField && term->type != NodeType::kVariable) {
    NodePtr node = make(NodeType::kChain, offset);
    node->children.push_back(std::move(term));
    term = std::move(node);
  }
  term->offset = offset;
  while (peek().type == TokenType::kField)
    term->path.push_back(next().text.substr(1));
  return term;
}

NodePtr Parser::term(bool& found) {
  const Token& token = peek();
  found = starts_operand(token);
  if (token.type == TokenType::kError) return unexpected(token, "operand");
  if (!found) return nullptr;
  next();
  if (token.type == TokenType::kLeftParen) {
    NodePtr pipe = pipeline("parenthesized pipeline");
    if (!pipe) return nullptr;
    const Token& close = next();
    if (close.type != TokenType::kRightParen)
      return fail_with("unclosed right paren: unexpected " + describe(close));
    return pipe;
  }
  if (token.type == TokenType::kVariable) return use_variable(token);
  return literal(token);
}

// A term of one token.
NodePtr Parser::literal(const Token& token) {
  NodePtr node = make(NodeType::kDot, token.offset);
  node->text = token.text;
  switch (token.type) {
    case TokenType::kIdentifier:
      node->type = NodeType::kIdentifier;
      node->callee = functions_.find(token.text);
      if (node->callee == nullptr)
        return fail_with("function " + quote(token.text) + " not defined");
      break;
    case TokenType::kKeyword:
      node->type = NodeType::kNil;
      break;
    case TokenType::kField:
      node->type = NodeType::kField;
      node->path = {token.text.substr(1)};
      break;
    case TokenType::kBool:
      node->type = NodeType::kBool;
      node->is_true = token.text == "true";
      break;
    case TokenType::kCharConstant:
    case TokenType::kNumber: {
      node->type = NodeType::kNumber;
      const auto number = parse_number(token.text);
      if (!number)
        return fail_with("illegal number syntax: " + quote(token.text));
      node->number = *number;
      break;
    }
    case TokenType::kString:
    case TokenType::kRawString: {
      node->type = NodeType::kString;
      auto value = unquote(token.text);
      if (!value) return fail_with("invalid syntax");
      node->value = std::move(*value);
      break;
    }
    default:
      break;  // the dot
  }
  return node;
}

NodePtr Parser::use_variable(const Token& token) {
  if (std::ranges::find(variables_, token.text) == variables_.end())
    return fail_with("undefined variable " + quote(token.text));
  NodePtr node = make(NodeType::kVariable, token.offset);
  node->path = {token.text};
  return node;
}

}  // namespace

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
