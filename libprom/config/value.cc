#include "libprom/config/value.h"

#include <cmath>

#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/config/readers_internal.h"
#include "libprom/config/scalar_internal.h"

namespace prom::config {
namespace {

Value scalar_value(const YamlNode& node) {
  if (!node.is_plain) return {node.text};
  if (const auto flag = scalar_bool(node.text)) return {*flag};
  if (const auto whole = scalar_int(node.text)) return {*whole};
  if (const auto real = scalar_float(node.text)) return {*real};
  return {node.text};
}

void append_number(std::string& out, double number) {
  // JSON has no such numbers; a text is the nearest that a reader can take.
  if (!std::isfinite(number)) {
    append_json_string(out, format_float(number));
  } else {
    append_float(out, number);
  }
}

}  // namespace

bool Value::operator==(const Value& other) const {
  return data == other.data;
}

// Nesting is bounded by the YAML that the node came from.
Value value_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return {};
    case YamlNode::Kind::kScalar:
      return scalar_value(node);
    case YamlNode::Kind::kSequence: {
      ValueList list;
      for (const YamlNode* item : node.items) list.push_back(value_of(*item));
      return {std::move(list)};
    }
    case YamlNode::Kind::kMap: {
      ValueMap map;
      for (const auto& [key, value] : node.pairs) {
        if (key->is_scalar()) map.push_back({key->text, value_of(*value)});
      }
      return {std::move(map)};
    }
  }
  return {};
}

Result<Value> parse_value(std::string_view text) {
  const auto document = parse_yaml(text);
  if (!document) return fail(Code::kBadData, document.error().to_string());
  if (!document->errors.empty())
    return fail(Code::kBadData, document->errors.front().to_string());
  return value_of(*document->root);
}

void append_json(std::string& out, const Value& value) {
  struct Append {
    std::string& out;
    void operator()(std::monostate /*null*/) const { out += "null"; }
    void operator()(bool flag) const { out += flag ? "true" : "false"; }
    void operator()(std::int64_t number) const { append_int(out, number); }
    void operator()(double number) const { append_number(out, number); }
    void operator()(const std::string& text) const {
      append_json_string(out, text);
    }
    void operator()(const ValueList& list) const {
      out += '[';
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (i != 0) out += ',';
        append_json(out, list[i]);
      }
      out += ']';
    }
    void operator()(const ValueMap& map) const {
      out += '{';
      for (std::size_t i = 0; i < map.size(); ++i) {
        if (i != 0) out += ',';
        append_json_string(out, map[i].name);
        out += ':';
        append_json(out, map[i].value);
      }
      out += '}';
    }
  };
  std::visit(Append{out}, value.data);
}

}  // namespace prom::config
