#include <algorithm>

#include "libprom/base/utf8.h"
#include "libprom/template/builtin_functions.h"
#include "libprom/template/executor.h"
#include "libprom/template/time.h"

namespace prom::templates {
namespace {

struct Arity {
  std::size_t fixed = 0;
  bool variadic = false;  // the last parameter repeats, also zero times
};

Arity arity_of(std::string_view signature) {
  if (!signature.ends_with('*')) return {signature.size(), false};
  return {signature.size() - 2, true};
}

char parameter_at(std::string_view signature, std::size_t index) {
  const Arity arity = arity_of(signature);
  return signature[std::min(index, arity.fixed)];
}

bool may_be_nil(char parameter) {
  return parameter == 'a' || parameter == 'l' || parameter == 'z' ||
         parameter == 'm' || parameter == 'q' || parameter == 'p';
}

// In HTML the context decides how to escape, so Go replaces these two when a
// template still has them at the end of a pipeline.
bool is_context_escaper(std::string_view name) {
  return name == "html" || name == "urlquery";
}

}  // namespace

Result<Value> Executor::pipeline(const Value& dot, const Node& pipe) {
  at_ = &pipe;
  Value value;
  Final final = nullptr;
  for (const NodePtr& node : pipe.children) {
    auto next = command(dot, *node, final);
    if (!next) return next;
    value = std::move(*next);
    final = &value;
  }
  for (const NodePtr& variable : pipe.variables) {
    const std::string& name = variable->path[0];
    if (!pipe.is_assignment) {
      variables_.push_back({name, value});
      continue;
    }
    const auto end =
        variables_.rend() - static_cast<std::ptrdiff_t>(variables_base_);
    const auto found =
        std::find_if(variables_.rbegin(), end,
                     [&](const Variable& known) { return known.name == name; });
    if (found == end) return error("undefined variable: " + name);
    found->value = value;
  }
  return value;
}

Status Executor::not_a_function(std::span<const NodePtr> arguments,
                                Final final) {
  if (arguments.size() > 1 || final != nullptr)
    return error("can't give argument to non-function " +
                 arguments[0]->to_string());
  return {};
}

Result<Value> Executor::command(const Value& dot, const Node& node,
                                Final final) {
  if (auto counted = step(); !counted) return fail(std::move(counted).error());
  const Node& first = *node.children.front();
  const std::span<const NodePtr> arguments = node.children;
  switch (first.type) {
    case NodeType::kField:
      at_ = &first;
      return field_chain(dot, dot, first, first.path, arguments, final);
    case NodeType::kChain:
      return chain(dot, first, arguments, final);
    case NodeType::kIdentifier:
      return function(dot, first, node, arguments, final);
    case NodeType::kVariable:
      return variable(dot, first, arguments, final);
    case NodeType::kPipe:
      if (auto alone = not_a_function(arguments, final); !alone)
        return fail(std::move(alone).error());
      return pipeline(dot, first);
    default:
      break;
  }
  at_ = &first;
  if (auto alone = not_a_function(arguments, final); !alone)
    return fail(std::move(alone).error());
  switch (first.type) {
    case NodeType::kBool:
      return Value::boolean(first.is_true);
    case NodeType::kDot:
      return dot;
    case NodeType::kNumber:
      return constant(first);
    case NodeType::kString:
      return Value::string(first.value);
    case NodeType::kNil:
      return error("nil is not a command");
    default:
      return error("can't evaluate command " + quote(first.to_string()));
  }
}

Result<Value> Executor::constant(const Node& node) {
  at_ = &node;
  const bool written_as_float =
      !node.text.starts_with('\'') && !node.text.starts_with("0x") &&
      !node.text.starts_with("0X") &&
      node.text.find_first_of(".eEpP") != std::string::npos;
  if (node.number.is_float && written_as_float)
    return Value::number(node.number.float_value);
  if (node.number.is_int) return Value::integer(node.number.int_value);
  if (node.number.is_uint_only) return error(node.text + " overflows int");
  return Value::number(node.number.float_value);
}

// ---- fields, methods, variables

Result<Value> Executor::variable(const Value& dot, const Node& node,
                                 std::span<const NodePtr> arguments,
                                 Final final) {
  at_ = &node;
  const auto end =
      variables_.rend() - static_cast<std::ptrdiff_t>(variables_base_);
  const auto found = std::find_if(
      variables_.rbegin(), end,
      [&](const Variable& known) { return known.name == node.path[0]; });
  if (found == end) return error("undefined variable: " + node.path[0]);
  if (node.path.size() == 1) {
    if (!arguments.empty())
      if (auto alone = not_a_function(arguments, final); !alone)
        return fail(std::move(alone).error());
    return found->value;
  }
  return field_chain(dot, found->value, node, std::span(node.path).subspan(1),
                     arguments, final);
}

Result<Value> Executor::chain(const Value& dot, const Node& node,
                              std::span<const NodePtr> arguments, Final final) {
  at_ = &node;
  auto base = argument(dot, 'a', *node.children.front());
  if (!base) return base;
  return field_chain(dot, std::move(*base), node, node.path, arguments, final);
}

Result<Value> Executor::field_chain(const Value& dot, Value receiver,
                                    const Node& node,
                                    std::span<const std::string> path,
                                    std::span<const NodePtr> arguments,
                                    Final final) {
  for (const std::string& name : path.first(path.size() - 1)) {
    auto next = field(dot, name, node, {}, nullptr, receiver);
    if (!next) return next;
    receiver = std::move(*next);
  }
  // If it is a method, it gets the arguments.
  return field(dot, path.back(), node, arguments, final, receiver);
}

Result<Value> Executor::field(const Value& dot, const std::string& name,
                              const Node& node,
                              std::span<const NodePtr> arguments, Final final,
                              const Value& receiver) {
  if (receiver.is_nil()) {
    if (options_.missing_key == MissingKey::kError)
      return error("nil data; no entry for key " + quote(name));
    return Value();
  }
  const bool is_time = receiver.kind() == Value::Kind::kTime;
  if (is_time || receiver.kind() == Value::Kind::kDuration) {
    const TimeMethod* method =
        is_time ? find_time_method(name) : find_duration_method(name);
    if (method != nullptr) {
      const Target target{name, method->signature, &node};
      auto values = evaluate_arguments(dot, target, arguments, final);
      if (!values) return fail(std::move(values).error());
      values->insert(values->begin(), receiver);
      return finished_call(method->call(*values), target);
    }
  }
  const bool has_arguments = arguments.size() > 1 || final != nullptr;
  if (receiver.kind() == Value::Kind::kObject) {
    const Object& object = receiver.as_object();
    if (const Object::Method* method = object.find_method(name)) {
      const Target target{name, method->signature, &node};
      auto values = evaluate_arguments(dot, target, arguments, final);
      if (!values) return fail(std::move(values).error());
      return finished_call(method->call(object, *values), target);
    }
    if (const Object::Field* found = object.find_field(name)) {
      if (has_arguments)
        return error(name + " has arguments but cannot be invoked as function");
      return found->value;
    }
  }
  const Value& plain = receiver.plain();
  if (plain.kind() != Value::Kind::kMap)
    return error("can't evaluate field " + name + " in type " +
                 receiver.type_name());
  if (has_arguments) return error(name + " is not a method but has arguments");
  return map_entry(plain.as_map(), name);
}

Result<Value> Executor::map_entry(const Map& map, const std::string& name) {
  const auto found = map.entries.find(name);
  if (found != map.entries.end()) return found->second;
  switch (options_.missing_key) {
    case MissingKey::kDefault:
      return Value();
    case MissingKey::kZero:
      return map.missing;
    case MissingKey::kError:
      break;
  }
  return error("map has no entry for key " + quote(name));
}

// ---- functions

Result<Value> Executor::function(const Value& dot, const Node& node,
                                 const Node& command,
                                 std::span<const NodePtr> arguments,
                                 Final final) {
  at_ = &node;
  const Target target{node.text, node.callee->signature, &command};
  if (is_short_circuit(node.text)) {
    if (arguments.size() < 2 && final == nullptr)
      return error("wrong number of args for " + node.text +
                   ": want at least 1 got 0");
    return short_circuit(dot, node.text == "or", arguments, final);
  }
  auto values = evaluate_arguments(dot, target, arguments, final);
  if (!values) return fail(std::move(values).error());
  if (options_.html && is_context_escaper(node.text)) {
    const bool url = node.text == "urlquery";
    if (!url) return Value::string(arguments_text(*values));
    auto escaped = node.callee->call(*values, options_.environment);
    if (!escaped) return finished_call(std::move(escaped), target);
    return Value::trusted(escaped->as_string(), Trust::kUrl);
  }
  return finished_call(node.callee->call(*values, options_.environment),
                       target);
}

Result<Value> Executor::short_circuit(const Value& dot, bool is_or,
                                      std::span<const NodePtr> arguments,
                                      Final final) {
  Value value;
  for (const NodePtr& node : arguments.subspan(arguments.empty() ? 0 : 1)) {
    auto next = argument(dot, 'a', *node);
    if (!next) return next;
    value = std::move(*next);
    if (value.truth() == is_or) return value;
  }
  return final == nullptr ? value : *final;
}

Result<Value> Executor::finished_call(Result<Value> result,
                                      const Target& target) {
  if (!result) {
    at_ = target.command;
    const Code code = result.error().code;
    return error("error calling " + std::string(target.name) + ": " +
                     std::move(result).error().message,
                 code);
  }
  if (auto charged = charge(result->weight()); !charged)
    return fail(std::move(charged).error());
  if (result->depth() > kValueDepthMax)
    return error("values nested deeper than " + std::to_string(kValueDepthMax),
                 Code::kLimit);
  return result;
}

// The first of `arguments`, when there are any, is the function itself.
Result<std::vector<Value>> Executor::evaluate_arguments(
    const Value& dot, const Target& target, std::span<const NodePtr> arguments,
    Final final) {
  if (!arguments.empty()) arguments = arguments.subspan(1);
  const Arity arity = arity_of(target.signature);
  const std::size_t count = arguments.size() + (final != nullptr ? 1 : 0);
  const std::string name(target.name);
  if (arity.variadic ? count < arity.fixed : count != arity.fixed)
    return error("wrong number of args for " + name + ": want " +
                 (arity.variadic ? "at least " : "") +
                 std::to_string(arity.fixed) + " got " +
                 std::to_string(arity.variadic ? arguments.size() : count));
  std::vector<Value> values;
  values.reserve(count + 1);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto value =
        argument(dot, parameter_at(target.signature, i), *arguments[i]);
    if (!value) return fail(std::move(value).error());
    values.push_back(std::move(*value));
  }
  if (final != nullptr) {
    auto value =
        validated(*final, parameter_at(target.signature, arguments.size()));
    if (!value) return fail(std::move(value).error());
    values.push_back(std::move(*value));
  }
  return values;
}

Result<Value> Executor::argument(const Value& dot, char parameter,
                                 const Node& node) {
  if (auto counted = step(); !counted) return fail(std::move(counted).error());
  at_ = &node;
  const auto checked = [&](Result<Value> value) {
    return value ? validated(std::move(*value), parameter) : std::move(value);
  };
  switch (node.type) {
    case NodeType::kDot:
      return validated(dot, parameter);
    case NodeType::kNil:
      if (may_be_nil(parameter)) return Value();
      return error("cannot assign nil to " +
                   std::string(parameter_type(parameter)));
    case NodeType::kField:
      return checked(field_chain(dot, dot, node, node.path, {}, nullptr));
    case NodeType::kVariable:
      return checked(variable(dot, node, {}, nullptr));
    case NodeType::kPipe:
      return checked(pipeline(dot, node));
    case NodeType::kIdentifier:
      return checked(function(dot, node, node, {}, nullptr));
    case NodeType::kChain:
      return checked(chain(dot, node, {}, nullptr));
    default:
      return literal(parameter, node);
  }
}

// A literal takes the type of the parameter when it can.
Result<Value> Executor::literal(char parameter, const Node& node) {
  const bool is_number = node.type == NodeType::kNumber;
  switch (parameter) {
    case 'a':
      if (node.type == NodeType::kBool) return Value::boolean(node.is_true);
      if (node.type == NodeType::kString) return Value::string(node.value);
      return constant(node);
    case 's':
      if (node.type == NodeType::kString) return Value::string(node.value);
      return error("expected string; found " + node.to_string());
    case 'b':
      if (node.type == NodeType::kBool) return Value::boolean(node.is_true);
      return error("expected bool; found " + node.to_string());
    case 'i':
      if (is_number && node.number.is_int)
        return Value::integer(node.number.int_value);
      return error("expected integer; found " + node.to_string());
    case 'd':  // Go's Duration is an integer
      if (is_number && node.number.is_int)
        return Value::duration({node.number.int_value});
      return error("expected integer; found " + node.to_string());
    case 'f':
      if (is_number) return Value::number(node.number.float_value);
      return error("expected float; found " + node.to_string());
    default:
      return error("can't handle " + node.to_string() + " for arg of type " +
                   std::string(parameter_type(parameter)));
  }
}

Result<Value> Executor::validated(Value value, char parameter) {
  if (value.is_nil()) {
    if (may_be_nil(parameter)) return value;
    return error("invalid value; expected " +
                 std::string(parameter_type(parameter)));
  }
  if (accepts(parameter, value)) return value;
  return error("wrong type for value; expected " +
               std::string(parameter_type(parameter)) + "; got " +
               value.type_name());
}

}  // namespace prom::templates
