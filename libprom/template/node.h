// The syntax tree of a template.  Built by the parser, immutable afterwards,
// shared by the sets that contain the template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/template/functions.h"
#include "libprom/template/literal.h"

namespace prom::templates {

enum class NodeType : std::uint8_t {
  kText,
  kAction,      // {{pipe}}
  kPipe,        // children are commands
  kCommand,     // children are arguments, the first what is called
  kIdentifier,  // a function
  kVariable,    // $x.a.b: path is "$x", "a", "b"
  kDot,
  kNil,
  kField,  // .a.b
  kChain,  // (child).a.b
  kBool,
  kNumber,
  kString,
  kTemplate,  // {{template "text" pipe}}
  kIf,
  kRange,
  kWith,
  kList,  // children in sequence
  kBreak,
  kContinue,
  kElse,  // these two only while parsing
  kEnd,
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

// One struct for all types: trees are small, and the executor switches on the
// type anyway.
struct Node {
  NodeType type = NodeType::kText;
  std::size_t offset = 0;  // in the text of the tree, for messages
  // The text; the name of a function or template; a literal as written.
  std::string text;
  std::string value;              // of a string literal
  std::vector<std::string> path;  // of fields, variables, chains
  std::vector<NodePtr> children;
  bool is_assignment = false;        // of a pipe: `=` instead of `:=`
  std::vector<NodePtr> variables;    // that a pipe declares or assigns
  NodePtr pipe;                      // of actions and control structures
  NodePtr body;                      // a list
  NodePtr otherwise;                 // after {{else}}; may be null
  Number number;                     // kNumber
  bool is_true = false;              // kBool
  const Function* callee = nullptr;  // kIdentifier

  // As Go prints it in messages.
  [[nodiscard]] std::string to_string() const;
};

struct Tree {
  std::string name;
  std::string file;                         // the name that was parsed
  std::shared_ptr<const std::string> text;  // the whole of what was parsed
  NodePtr root;                             // a list

  // Nothing but spaces and definitions.
  [[nodiscard]] bool is_empty() const;
};

}  // namespace prom::templates
