#include <cmath>

#include "libprom/base/json_writer.h"
#include "libprom/config/scalar_internal.h"
#include "libprom/config/yaml_internal.h"

namespace prom::config {
namespace {

void write_scalar(JsonWriter& json, const YamlNode& node) {
  if (node.is_plain) {
    if (const auto flag = scalar_bool(node.text)) {
      json.boolean(*flag);
      return;
    }
    if (const auto integer = scalar_int(node.text)) {
      json.integer(*integer);
      return;
    }
    if (const auto number = scalar_float(node.text);
        number && std::isfinite(*number)) {
      json.number(*number);
      return;
    }
  }
  json.string(node.text);
}

// Recurses at most kYamlDepthMax deep: deeper documents are not parsed.
void write(JsonWriter& json, const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      json.null();
      return;
    case YamlNode::Kind::kScalar:
      write_scalar(json, node);
      return;
    case YamlNode::Kind::kSequence:
      json.begin_array();
      for (const YamlNode* item : node.items) write(json, *item);
      json.end_array();
      return;
    case YamlNode::Kind::kMap:
      json.begin_object();
      for (const auto& [key, value] : node.pairs) {
        json.key(key->text);
        write(json, *value);
      }
      json.end_object();
      return;
  }
}

}  // namespace

std::string to_json(const YamlNode& node) {
  std::string text;
  JsonWriter json(text);
  write(json, node);
  return text;
}

}  // namespace prom::config
