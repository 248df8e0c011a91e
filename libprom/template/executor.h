// Runs one template.  Lives for one execution; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/template/html_context.h"
#include "libprom/template/node.h"
#include "libprom/template/template.h"

namespace prom::templates {

class Executor {
 public:
  // Borrows all of them.
  Executor(const TemplateSet& set, const ExecuteOptions& options)
      : set_(set), options_(options) {}

  // `where` may be null; it receives the position of an error.
  Result<std::string> run(const Tree& tree, const Value& data,
                          Diagnostic* where);

 private:
  enum class Flow : std::uint8_t { kOn, kBreak, kContinue };
  using Step = Result<Flow>;
  struct Variable {
    std::string_view name;
    Value value;
  };
  // What the command before in a pipeline gave; null for the first one.
  using Final = const Value*;
  // What evaluating a call needs to know about its target.
  struct Target {
    std::string_view name;
    std::string_view signature;
    const Node* command;  // blamed for an error of the function
  };

  // executor.cc: nodes that write
  Step walk(const Value& dot, const Node& node);
  Step walk_list(const Value& dot, const Node& list);
  Step walk_if_or_with(const Value& dot, const Node& node);
  Step walk_range(const Value& dot, const Node& node);
  Step iterate(const Value& dot, const Node& node, const Value& over,
               bool& any);
  Step one_iteration(const Node& node, const Value& key, const Value& item);
  Status walk_template(const Value& dot, const Node& node);
  Status print(const Value& value);
  Status write(std::string_view text);

  // evaluate.cc: nodes that have a value
  Result<Value> pipeline(const Value& dot, const Node& pipe);
  Result<Value> command(const Value& dot, const Node& node, Final final);
  Result<Value> field_chain(const Value& dot, Value receiver, const Node& node,
                            std::span<const std::string> path,
                            std::span<const NodePtr> arguments, Final final);
  Result<Value> field(const Value& dot, const std::string& name,
                      const Node& node, std::span<const NodePtr> arguments,
                      Final final, const Value& receiver);
  Result<Value> map_entry(const Map& map, const std::string& name);
  Result<Value> variable(const Value& dot, const Node& node,
                         std::span<const NodePtr> arguments, Final final);
  Result<Value> chain(const Value& dot, const Node& node,
                      std::span<const NodePtr> arguments, Final final);
  Result<Value> function(const Value& dot, const Node& node,
                         const Node& command,
                         std::span<const NodePtr> arguments, Final final);
  Result<Value> short_circuit(const Value& dot, bool is_or,
                              std::span<const NodePtr> arguments, Final final);
  Result<std::vector<Value>> evaluate_arguments(
      const Value& dot, const Target& target,
      std::span<const NodePtr> arguments, Final final);
  Result<Value> argument(const Value& dot, char parameter, const Node& node);
  Result<Value> literal(char parameter, const Node& node);
  Result<Value> constant(const Node& node);
  Result<Value> validated(Value value, char parameter);
  Result<Value> finished_call(Result<Value> result, const Target& target);
  Status not_a_function(std::span<const NodePtr> arguments, Final final);

  // failing
  [[nodiscard]] std::unexpected<Error> error(std::string message,
                                             Code code = Code::kBadData) const;
  Status step();
  Status charge(std::size_t bytes);

  const TemplateSet& set_;
  const ExecuteOptions& options_;
  const Tree* tree_ = nullptr;
  const Node* at_ = nullptr;  // the node that an error is about
  std::vector<Variable> variables_;
  std::size_t variables_base_ = 0;  // of the template that runs
  std::size_t call_depth_ = 0;
  std::uint64_t steps_ = 0;
  std::size_t work_bytes_ = 0;
  std::string out_;
  HtmlContext html_;
  mutable TextPosition error_position_{0, 0};
};

}  // namespace prom::templates
