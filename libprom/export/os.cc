// os-release
#include <array>
#include <map>

#include "libprom/base/number.h"
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

// NAME=value lines; the value may stand in quotes.
Fields parse_os_release(std::string_view text) {
  Fields fields;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t equal = line.find('=');
    if (equal == std::string_view::npos || line.starts_with('#')) continue;
    std::string_view value = line.substr(equal + 1);
    const bool in_quotes = value.size() >= 2 && value.back() == value[0] &&
                           (value[0] == '"' || value[0] == '\'');
    if (in_quotes) value = value.substr(1, value.size() - 2);
    std::string plain;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && in_quotes && i + 1 < value.size()) ++i;
      plain += value[i];
    }
    fields.emplace(line.substr(0, equal), std::move(plain));
  }
  return fields;
}

struct Label {
  std::string_view label;
  std::string_view field;
};
constexpr std::array<Label, 12> kLabels = {{
    {"build_id", "BUILD_ID"},
    {"id", "ID"},
    {"id_like", "ID_LIKE"},
    {"image_id", "IMAGE_ID"},
    {"image_version", "IMAGE_VERSION"},
    {"name", "NAME"},
    {"pretty_name", "PRETTY_NAME"},
    {"variant", "VARIANT"},
    {"variant_id", "VARIANT_ID"},
    {"version", "VERSION"},
    {"version_codename", "VERSION_CODENAME"},
    {"version_id", "VERSION_ID"},
}};

// "12", "22.04.3" without what is behind the second point.
std::optional<double> version_number(std::string_view version) {
  const std::size_t point = version.find('.');
  if (point != std::string_view::npos)
    version = version.substr(0, version.find('.', point + 1));
  return parse_float(version);
}

}  // namespace

Status collect_os(const Host& host, Families& families) {
  Result<std::string> text = read_text(host.root + "/etc/os-release");
  if (!text) text = read_text(host.root + "/usr/lib/os-release");
  if (!text) return fail(Code::kMissing, "no os-release");
  const Fields fields = parse_os_release(*text);
  const auto get = [&](std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  };
  LabelsBuilder labels;
  for (const Label& label : kLabels) labels.set(label.label, get(label.field));
  families.gauge("node_os_info",
                 "What the operating system is; the value is always 1.", 1,
                 labels.build());
  if (const auto version = version_number(get("VERSION_ID"))) {
    families.gauge("node_os_version",
                   "Version of the operating system, as far as the first "
                   "point's digits go.",
                   *version,
                   {{"id", get("ID")},
                    {"id_like", get("ID_LIKE")},
                    {"name", get("NAME")}});
  }
  return {};
}

}  // namespace prom::exports
