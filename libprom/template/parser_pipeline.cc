#include <algorithm>
#include <utility>

#include "libprom/base/utf8.h"
#include "libprom/template/parser_internal.h"

namespace prom::templates {
namespace {

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

}  // namespace

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

}  // namespace prom::templates
