#include "libprom/template/executor.h"

#include <algorithm>

#include "libprom/base/utf8.h"
#include "libprom/template/format.h"

namespace prom::templates {
namespace {

// Of a value in a message.
constexpr std::size_t kShownBytesMax = 100;

}  // namespace

// ---- failing

// Go's message: where, in which template, at which node, what.
std::unexpected<Error> Executor::error(std::string message, Code code) const {
  const std::string& text = *tree_->text;
  error_position_ = position_of(text, at_->offset);
  const std::string where = tree_->file + ":" +
                            std::to_string(error_position_.line) + ":" +
                            std::to_string(error_position_.column - 1);
  return fail(code, "template: " + where + ": executing " + quote(tree_->name) +
                        " at <" + at_->to_string() +
                        ">: " + std::move(message));
}

Status Executor::step() {
  if (++steps_ > kStepsMax)
    return error("more than " + std::to_string(kStepsMax) + " steps",
                 Code::kLimit);
  return {};
}

Status Executor::charge(std::size_t bytes) {
  work_bytes_ += bytes;
  if (work_bytes_ > kWorkBytesMax)
    return error(
        "values of more than " + std::to_string(kWorkBytesMax >> 20U) + " MiB",
        Code::kLimit);
  return {};
}

Status Executor::write(std::string_view text) {
  if (out_.size() + text.size() > kOutputBytesMax)
    return error(
        "output of more than " + std::to_string(kOutputBytesMax) + " bytes",
        Code::kLimit);
  out_ += text;
  return {};
}

// ---- nodes that write

Result<std::string> Executor::run(const Tree& tree, const Value& data,
                                  Diagnostic* where) {
  tree_ = &tree;
  at_ = tree.root.get();
  variables_.push_back({"$", data});
  auto done = walk(data, *tree.root);
  if (done) return std::move(out_);
  if (where != nullptr)
    *where = {.file = tree.file,
              .line = error_position_.line,
              .column = error_position_.column,
              .message = done.error().message};
  return fail(std::move(done).error());
}

Executor::Step Executor::walk(const Value& dot, const Node& node) {
  at_ = &node;
  if (auto counted = step(); !counted) return fail(std::move(counted).error());
  Status done;
  switch (node.type) {
    case NodeType::kText:
      if (options_.html) {
        html_.append_literal(out_, node.text);
        done = write({});
      } else {
        done = write(node.text);
      }
      break;
    case NodeType::kAction: {
      auto value = pipeline(dot, *node.pipe);
      if (!value) return fail(std::move(value).error());
      at_ = &node;
      if (node.pipe->variables.empty()) done = print(*value);
      break;
    }
    case NodeType::kTemplate:
      done = walk_template(dot, node);
      break;
    case NodeType::kList:
      return walk_list(dot, node);
    case NodeType::kIf:
    case NodeType::kWith:
      return walk_if_or_with(dot, node);
    case NodeType::kRange:
      return walk_range(dot, node);
    case NodeType::kBreak:
      return Flow::kBreak;
    case NodeType::kContinue:
      return Flow::kContinue;
    default:
      return error("unknown node: " + node.to_string());
  }
  if (!done) return fail(std::move(done).error());
  return Flow::kOn;
}

Executor::Step Executor::walk_list(const Value& dot, const Node& list) {
  for (const NodePtr& node : list.children) {
    auto flow = walk(dot, *node);
    if (!flow || *flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

Executor::Step Executor::walk_if_or_with(const Value& dot, const Node& node) {
  const std::size_t mark = variables_.size();
  auto value = pipeline(dot, *node.pipe);
  if (!value) return fail(std::move(value).error());
  Step flow = Flow::kOn;
  if (value->truth()) {
    flow = walk(node.type == NodeType::kWith ? *value : dot, *node.body);
  } else if (node.otherwise) {
    flow = walk(dot, *node.otherwise);
  }
  variables_.resize(mark);
  return flow;
}

Executor::Step Executor::walk_range(const Value& dot, const Node& node) {
  const std::size_t mark = variables_.size();
  auto value = pipeline(dot, *node.pipe);
  if (!value) return fail(std::move(value).error());
  bool any = false;
  auto flow = iterate(dot, node, value->plain(), any);
  if (flow && !any && node.otherwise) flow = walk(dot, *node.otherwise);
  variables_.resize(mark);
  return flow;
}

Executor::Step Executor::iterate(const Value& /*dot*/, const Node& node,
                                 const Value& over, bool& any) {
  const auto one = [&](const Value& key, const Value& item) {
    any = true;
    return one_iteration(node, key, item);
  };
  switch (over.kind()) {
    case Value::Kind::kNil:
      return Flow::kOn;
    case Value::Kind::kInt:
      for (std::int64_t i = 0; i < over.as_int(); ++i) {
        auto flow = one(Value::integer(i), Value::integer(i));
        if (!flow) return flow;
        if (*flow == Flow::kBreak) break;
      }
      return Flow::kOn;
    case Value::Kind::kList: {
      std::int64_t index = 0;
      for (const Value& item : over.as_list().items) {
        auto flow = one(Value::integer(index++), item);
        if (!flow) return flow;
        if (*flow == Flow::kBreak) break;
      }
      return Flow::kOn;
    }
    case Value::Kind::kMap:
      for (const auto& [key, item] : over.as_map().entries) {
        auto flow = one(Value::string(key), item);
        if (!flow) return flow;
        if (*flow == Flow::kBreak) break;
      }
      return Flow::kOn;
    default:
      at_ = &node;
      return error("range can't iterate over " +
                   to_text(over).substr(0, kShownBytesMax));
  }
}

// One variable is the item; of two the first is the index or key.
Executor::Step Executor::one_iteration(const Node& node, const Value& key,
                                       const Value& item) {
  at_ = &node;
  if (auto counted = step(); !counted) return fail(std::move(counted).error());
  const std::size_t mark = variables_.size();
  const auto& declared = node.pipe->variables;
  const auto assign = [&](const Node& variable, const Value& value) {
    // Declared by the pipeline, so it is there.
    const auto found = std::find_if(
        variables_.rbegin(), variables_.rend(),
        [&](const Variable& v) { return v.name == variable.path[0]; });
    if (found != variables_.rend()) found->value = value;
  };
  if (declared.size() == 1) assign(*declared[0], item);
  if (declared.size() == 2) {
    assign(*declared[0], key);
    assign(*declared[1], item);
  }
  auto flow = walk(item, *node.body);
  variables_.resize(mark);
  return flow;
}

Status Executor::walk_template(const Value& dot, const Node& node) {
  const auto found = set_.trees_.find(node.text);
  if (found == set_.trees_.end())
    return error("template " + quote(node.text) + " not defined");
  if (call_depth_ >= kCallDepthMax)
    return error("exceeded maximum template depth (" +
                     std::to_string(kCallDepthMax) + ")",
                 Code::kLimit);
  Value argument;
  if (node.pipe) {
    auto value = pipeline(dot, *node.pipe);
    if (!value) return fail(std::move(value).error());
    argument = std::move(*value);
  }
  // No variables are inherited.  The tree lives as long as the set, which does
  // not change while this runs.
  const Tree* const caller = std::exchange(tree_, found->second.get());
  const std::size_t base = std::exchange(variables_base_, variables_.size());
  variables_.push_back({"$", argument});
  ++call_depth_;
  auto flow = walk(argument, *tree_->root);
  if (!flow) return fail(std::move(flow).error());
  --call_depth_;
  variables_.resize(variables_base_);
  variables_base_ = base;
  tree_ = caller;
  return {};
}

Status Executor::print(const Value& value) {
  if (options_.html) {
    auto done = html_.append_value(out_, value);
    if (!done) return error(std::move(done).error().message);
    return write({});
  }
  return write(value.is_nil() ? "<no value>" : to_text(value));
}

}  // namespace prom::templates
