#include <nlohmann/json.hpp>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/config/load.h"
#include "libprom/config/readers_internal.h"
#include "libprom/config/sd/exec.h"
#include "libprom/os/file.h"

// Target groups as JSON, from files and HTTP servers, and as YAML.

namespace prom::config {
namespace {

using Json = nlohmann::json;

constexpr int kJsonDepthMax = 8;

std::unexpected<Diagnostics> refused(const std::string& source,
                                     std::string message) {
  Diagnostic finding;
  finding.file = source;
  finding.message = std::move(message);
  return std::unexpected(Diagnostics{std::move(finding)});
}

// Reads one group; a text says what is wrong, empty when nothing is.
std::string read_json_group(const Json& json, TargetGroup& into) {
  if (json.is_null()) return "nil target group item found";
  if (!json.is_object()) return "a target group must be an object";
  for (const auto& [key, value] : json.items()) {
    if (key == "targets" && (value.is_array() || value.is_null())) {
      for (const Json& target : value) {
        if (!target.is_string()) return "targets must hold strings";
        into.targets.push_back(
            Labels{{"__address__", target.get_ref<const std::string&>()}});
      }
    } else if (key == "labels" && (value.is_object() || value.is_null())) {
      std::vector<LabelView> labels;
      for (const auto& [name, text] : value.items()) {
        if (!text.is_string()) return "labels must be strings";
        if (!is_valid_label_name(name, NameValidation::kUtf8))
          return quote(name) + " is not a valid label name";
        labels.push_back({name, text.get_ref<const std::string&>()});
      }
      into.labels = Labels::from(std::move(labels));
    } else if (key == "targets" || key == "labels") {
      return key + " has the wrong type";
    } else {
      return "unknown field " + quote(key);
    }
  }
  return "";
}

Loaded<std::vector<TargetGroup>> parse_json_groups(std::string_view text,
                                                   const std::string& source) {
  bool is_deep = false;
  const auto limit = [&](int depth, Json::parse_event_t /*event*/,
                         Json& /*value*/) {
    is_deep = is_deep || depth > kJsonDepthMax;
    return depth <= kJsonDepthMax;
  };
  const Json json = Json::parse(text, limit, /*allow_exceptions=*/false);
  if (json.is_discarded() || is_deep) return refused(source, "invalid JSON");
  if (json.is_null()) return {};
  if (!json.is_array()) return refused(source, "expected a list of groups");
  std::vector<TargetGroup> groups(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (const std::string problem = read_json_group(json[i], groups[i]);
        !problem.empty())
      return refused(source, problem + " (index " + std::to_string(i) + ")");
  }
  return groups;
}

Loaded<std::vector<TargetGroup>> parse_yaml_groups(std::string_view text,
                                                   const std::string& path) {
  auto document = parse_yaml(text);
  if (!document) {
    document.error().file = path;
    return std::unexpected(Diagnostics{document.error()});
  }
  FileReader file(path, text);
  file.add(document->errors);
  std::vector<TargetGroup> groups;
  const YamlNode& root = *document->root;
  if (!root.is_null() && !root.is_sequence())
    file.error(
        root, "expected a list of groups, not " + std::string(kind_name(root)));
  for (const YamlNode* item : root.items) {
    if (item->is_null())
      file.error(*item, "nil target group item found (index " +
                            std::to_string(groups.size()) + ")");
    read_target_group(file, *item, groups.emplace_back());
  }
  if (file.failed()) return std::unexpected(file.take_findings());
  return groups;
}

void name_sources(std::vector<TargetGroup>& groups, const std::string& source,
                  std::string_view meta_label) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].source = source + ":" + std::to_string(i);
    groups[i].labels =
        LabelsBuilder(groups[i].labels).set(meta_label, source).build();
  }
}

// The URL without user and password, which belong in no label.
std::string without_credentials(const std::string& url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string::npos) return url;
  const std::size_t end = url.find_first_of("/?#", begin + 3);
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == std::string::npos || at < begin) return url;
  return url.substr(0, begin + 3) + url.substr(at + 1);
}

}  // namespace

Loaded<std::vector<TargetGroup>> load_file_sd(const std::string& path) {
  auto text = os::read_file(path, kYamlBytesMax);
  if (!text) return refused("", text.error().message);
  const bool is_json = to_lower(path).ends_with(".json");
  auto groups =
      is_json ? parse_json_groups(*text, path) : parse_yaml_groups(*text, path);
  if (groups) name_sources(*groups, path, "__meta_filepath");
  return groups;
}

Loaded<std::vector<TargetGroup>> parse_http_sd(std::string_view json,
                                               const std::string& url) {
  const std::string shown = without_credentials(url);
  auto groups = parse_json_groups(json, shown);
  if (groups) name_sources(*groups, shown, "__meta_url");
  return groups;
}

Loaded<std::vector<TargetGroup>> parse_exec_sd(std::string_view text,
                                               const std::string& name) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const bool is_json = begin != std::string_view::npos && text[begin] == '[';
  auto groups =
      is_json ? parse_json_groups(text, name) : parse_yaml_groups(text, name);
  if (groups) name_sources(*groups, name, "__meta_exec_command");
  return groups;
}

}  // namespace prom::config
