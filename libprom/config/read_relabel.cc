#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

void read_action(Fields& fields, RelabelAction& into) {
  std::string action = "replace";
  fields.text("action", action);
  if (action.empty())
    return fields.error("action", "relabel action cannot be empty");
  if (const auto known = parse_relabel_action(action)) {
    into = *known;
  } else {
    fields.error("action", "unknown relabel action " + quote(action));
  }
}

void read_regex(Fields& fields, Regex& into) {
  if (fields.find("regex") == nullptr) return;
  std::string pattern;
  fields.text("regex", pattern);
  auto regex = Regex::compile(pattern);
  if (regex) {
    into = std::move(*regex);
  } else {
    fields.error("regex", "error parsing regexp: " + regex.error().message);
  }
}

// Reads one rule; false when a part of it is wrong.
void read_rule(FileReader& file, const YamlNode& node,
               NameValidation validation, RelabelConfigs& into) {
  const bool had_failed = file.failed();
  RelabelConfig config;
  config.validation = validation;
  Fields fields(file, node, "relabel_config");
  fields.texts("source_labels", config.source_labels);
  fields.text("separator", config.separator);
  fields.text("target_label", config.target_label);
  fields.count("modulus", config.modulus);
  fields.text("replacement", config.replacement);
  read_regex(fields, config.regex);
  read_action(fields, config.action);
  fields.done();
  for (const std::string& name : config.source_labels) {
    if (!is_valid_label_name(name, NameValidation::kUtf8))
      fields.error("source_labels", quote(name) + " is not a valid label name");
  }
  // What does not read does not validate either; one message is enough.
  const Status status = validate(config);
  if (!status && file.failed() == had_failed)
    file.error(node, status.error().message);
  into.push_back(std::move(config));
}

}  // namespace

void read_relabel_configs(Fields& fields, std::string_view key,
                          std::string_view if_null, NameValidation validation,
                          RelabelConfigs& into) {
  fields.each(key, [&](const YamlNode& node) {
    if (node.is_null()) return fields.file().error(node, std::string(if_null));
    read_rule(fields.file(), node, validation, into);
  });
}

}  // namespace prom::config
