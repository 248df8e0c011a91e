#include "libprom/template/node.h"

#include <algorithm>

#include "libprom/base/utf8.h"

namespace prom::templates {
namespace {

std::string joined(const std::vector<NodePtr>& nodes,
                   std::string_view separator) {
  std::string text;
  for (const NodePtr& node : nodes) {
    if (!text.empty()) text += separator;
    text += node->to_string();
  }
  return text;
}

std::string pipe_text(const Node& pipe) {
  std::string text;
  if (!pipe.variables.empty())
    text = joined(pipe.variables, ", ") + (pipe.is_assignment ? " = " : " := ");
  return text + joined(pipe.children, " | ");
}

std::string command_text(const Node& command) {
  std::string text;
  for (const NodePtr& argument : command.children) {
    if (!text.empty()) text += ' ';
    const bool parens = argument->type == NodeType::kPipe;
    text += parens ? "(" + argument->to_string() + ")" : argument->to_string();
  }
  return text;
}

std::string chain_text(const Node& chain) {
  const Node& base = *chain.children.front();
  std::string text = base.type == NodeType::kPipe ? "(" + base.to_string() + ")"
                                                  : base.to_string();
  for (const std::string& name : chain.path) text += "." + name;
  return text;
}

std::string control_text(const Node& node, std::string_view word) {
  std::string text = "{{" + std::string(word) + " " + node.pipe->to_string() +
                     "}}" + node.body->to_string();
  if (node.otherwise) text += "{{else}}" + node.otherwise->to_string();
  return text + "{{end}}";
}

std::string field_text(const Node& field) {
  std::string text;
  for (const std::string& name : field.path) text += "." + name;
  return text;
}

std::string variable_text(const Node& variable) {
  std::string text;
  for (const std::string& name : variable.path)
    text += (text.empty() ? "" : ".") + name;
  return text;
}

}  // namespace

std::string Node::to_string() const {
  switch (type) {
    case NodeType::kText:
    case NodeType::kIdentifier:
    case NodeType::kBool:
    case NodeType::kNumber:
    case NodeType::kString:
      return text;
    case NodeType::kAction:
      return "{{" + pipe->to_string() + "}}";
    case NodeType::kPipe:
      return pipe_text(*this);
    case NodeType::kCommand:
      return command_text(*this);
    case NodeType::kVariable:
      return variable_text(*this);
    case NodeType::kDot:
      return ".";
    case NodeType::kNil:
      return "nil";
    case NodeType::kField:
      return field_text(*this);
    case NodeType::kChain:
      return chain_text(*this);
    case NodeType::kTemplate:
      return "{{template " + quote(text) +
             (pipe ? " " + pipe->to_string() : "") + "}}";
    case NodeType::kIf:
      return control_text(*this, "if");
    case NodeType::kRange:
      return control_text(*this, "range");
    case NodeType::kWith:
      return control_text(*this, "with");
    case NodeType::kList:
      return joined(children, "");
    case NodeType::kBreak:
      return "{{break}}";
    case NodeType::kContinue:
      return "{{continue}}";
    case NodeType::kElse:
      return "{{else}}";
    case NodeType::kEnd:
      return "{{end}}";
  }
  return {};
}

bool Tree::is_empty() const {
  return std::ranges::all_of(root->children, [](const NodePtr& node) {
    return node->type == NodeType::kText &&
           node->text.find_first_not_of(" \t\r\n") == std::string::npos;
  });
}

}  // namespace prom::templates
