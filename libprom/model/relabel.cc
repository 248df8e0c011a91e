#include "libprom/model/relabel.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include <openssl/evp.h>

#include "libprom/base/bytes.h"
#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"

namespace prom {
namespace {

constexpr std::array<std::pair<RelabelAction, std::string_view>, 11> kActions =
    {{{RelabelAction::kReplace, "replace"},
      {RelabelAction::kKeep, "keep"},
      {RelabelAction::kDrop, "drop"},
      {RelabelAction::kKeepEqual, "keepequal"},
      {RelabelAction::kDropEqual, "dropequal"},
      {RelabelAction::kHashMod, "hashmod"},
      {RelabelAction::kLabelMap, "labelmap"},
      {RelabelAction::kLabelDrop, "labeldrop"},
      {RelabelAction::kLabelKeep, "labelkeep"},
      {RelabelAction::kLowercase, "lowercase"},
      {RelabelAction::kUppercase, "uppercase"}}};

bool has_reference(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

bool is_default(const Regex& regex) {
  // The very expression, not one that was written the same way: upstream
  // refuses `regex: (.*)` where no regex belongs.
  return &regex.pattern() == &RelabelConfig::default_regex().pattern();
}

// Classic names, with $1 and ${name} anywhere.
bool is_legacy_template(std::string_view text) {
  static const Regex kRegex =
      Regex::compile(R"((?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+)").value();
  return kRegex.matches(text);
}

bool is_valid_template(std::string_view text, NameValidation validation) {
  return validation == NameValidation::kUtf8
             ? is_valid_label_name(text, validation)
             : is_legacy_template(text);
}

std::unexpected<Error> bad(std::string message) {
  return fail(Code::kConfig, std::move(message));
}

bool needs_target(RelabelAction action) {
  switch (action) {
    case RelabelAction::kReplace:
    case RelabelAction::kHashMod:
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
    case RelabelAction::kKeepEqual:
    case RelabelAction::kDropEqual:
      return true;
    case RelabelAction::kKeep:
    case RelabelAction::kDrop:
    case RelabelAction::kLabelMap:
    case RelabelAction::kLabelDrop:
    case RelabelAction::kLabelKeep:
      return false;
  }
  return false;
}

bool is_valid_target(const RelabelConfig& config) {
  if (!needs_target(config.action)) return true;
  const bool is_template = config.action == RelabelAction::kReplace &&
                           has_reference(config.target_label);
  return is_template
             ? is_valid_template(config.target_label, config.validation)
             : is_valid_label_name(config.target_label, config.validation);
}

// The values of the source labels, joined.
std::string source_of(const LabelsBuilder& labels,
                      const RelabelConfig& config) {
  std::string source;
  for (std::size_t i = 0; i < config.source_labels.size(); ++i) {
    if (i != 0) source += config.separator;
    source += labels.get(config.source_labels[i]);
  }
  return source;
}

// Upstream takes the second half of the digest as a big-endian number.
std::uint64_t md5_tail(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  const int ok = EVP_Digest(text.data(), text.size(), digest.data(), nullptr,
                            EVP_md5(), nullptr);
  assert(ok == 1);
  static_cast<void>(ok);
  std::uint64_t tail = 0;
  for (std::size_t i = 8; i < 16; ++i) tail = tail << 8U | digest[i];
  return tail;
}

void replace(LabelsBuilder& labels, const RelabelConfig& config,
             std::string_view source) {
  if (source.empty() && is_default(config.regex) &&
      !has_reference(config.target_label) &&
      !has_reference(config.replacement)) {
    labels.set(config.target_label, config.replacement);
    return;
  }
  std::string target;
  if (!config.regex.expand(source, config.target_label, target)) return;
  if (!is_valid_label_name(target, config.validation)) return;
  std::string value;
  config.regex.expand(source, config.replacement, value);
  labels.set(target, value);
}

void map_names(LabelsBuilder& labels, const RelabelConfig& config) {
  const auto before = labels.all();
  for (const auto& [name, value] : before) {
    std::string target;
    if (config.regex.expand(name, config.replacement, target) &&
        !target.empty())
      labels.set(target, value);
  }
}

void remove_names(LabelsBuilder& labels, const Regex& regex, bool matching) {
  const auto before = labels.all();
  for (const auto& [name, value] : before) {
    if (regex.matches(name) == matching) labels.remove(name);
  }
}

// Applies one rule; false when it drops the set.
bool apply(LabelsBuilder& labels, const RelabelConfig& config) {
  const std::string source = source_of(labels, config);
  switch (config.action) {
    case RelabelAction::kDrop:
      return !config.regex.matches(source);
    case RelabelAction::kKeep:
      return config.regex.matches(source);
    case RelabelAction::kDropEqual:
      return labels.get(config.target_label) != source;
    case RelabelAction::kKeepEqual:
      return labels.get(config.target_label) == source;
    case RelabelAction::kReplace:
      replace(labels, config, source);
      break;
    case RelabelAction::kLowercase:
      labels.set(config.target_label, to_lower(source));
      break;
    case RelabelAction::kUppercase:
      labels.set(config.target_label, to_upper(source));
      break;
    case RelabelAction::kHashMod:
      labels.set(config.target_label,
                 std::to_string(md5_tail(source) % config.modulus));
      break;
    case RelabelAction::kLabelMap:
      map_names(labels, config);
      break;
    case RelabelAction::kLabelDrop:
      remove_names(labels, config.regex, true);
      break;
    case RelabelAction::kLabelKeep:
      remove_names(labels, config.regex, false);
      break;
  }
  return true;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Both sorted by name.
std::vector<RelabelStep::Change> difference(const Pairs& before,
                                            const Pairs& after) {
  std::vector<RelabelStep::Change> changes;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() ||
        (old != before.end() && old->first < now->first)) {
      changes.push_back({old->first, old->second, ""});
      ++old;
    } else if (old == before.end() || now->first < old->first) {
      changes.push_back({now->first, "", now->second});
      ++now;
    } else {
      if (old->second != now->second)
        changes.push_back({old->first, old->second, now->second});
      ++old;
      ++now;
    }
  }
  return changes;
}

}  // namespace

bool is_valid_label_name(std::string_view name, NameValidation validation) {
  if (validation == NameValidation::kLegacy) return is_legacy_label_name(name);
  return !name.empty() && is_valid_utf8(name);
}

bool is_valid_metric_name(std::string_view name, NameValidation validation) {
  if (validation == NameValidation::kLegacy) return is_legacy_metric_name(name);
  return !name.empty() && is_valid_utf8(name);
}

std::string_view to_string(RelabelAction action) {
  for (const auto& [known, name] : kActions) {
    if (known == action) return name;
  }
  return "";
}

std::optional<RelabelAction> parse_relabel_action(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const auto& [action, name] : kActions) {
    if (name == lower) return action;
  }
  return std::nullopt;
}

const Regex& RelabelConfig::default_regex() {
  static const Regex kRegex = Regex::compile("(.*)").value();
  return kRegex;
}

std::string RelabelConfig::to_string() const {
  std::string out(prom::to_string(action));
  if (!source_labels.empty()) {
    out += " source_labels=[";
    for (std::size_t i = 0; i < source_labels.size(); ++i) {
      if (i != 0) out += ", ";
      out += printable(source_labels[i]);
    }
    out += ']';
  }
  const auto field = [&](std::string_view name, std::string_view value) {
    out += ' ';
    out += name;
    out += '=';
    append_quoted(out, value);
  };
  if (separator != ";") field("separator", separator);
  if (!is_default(regex)) field("regex", regex.pattern());
  if (modulus != 0) out += " modulus=" + std::to_string(modulus);
  if (!target_label.empty()) field("target_label", target_label);
  if (replacement != "$1") field("replacement", replacement);
  return out;
}

Status validate(const RelabelConfig& config) {
  const RelabelAction action = config.action;
  const std::string name(to_string(action));
  if (action == RelabelAction::kHashMod && config.modulus == 0)
    return bad("relabel configuration for hashmod requires non-zero modulus");
  if (needs_target(action) && config.target_label.empty())
    return bad("relabel configuration for " + name +
               " action requires 'target_label' value");
  if (!is_valid_target(config))
    return bad(quote(config.target_label) + " is invalid 'target_label' for " +
               name + " action");
  const bool equality = action == RelabelAction::kDropEqual ||
                        action == RelabelAction::kKeepEqual;
  const bool case_change = action == RelabelAction::kLowercase ||
                           action == RelabelAction::kUppercase;
  if ((equality || case_change) && config.replacement != "$1")
    return bad("'replacement' can not be set for " + name + " action");
  if (action == RelabelAction::kLabelMap &&
      !is_valid_template(config.replacement, config.validation))
    return bad(quote(config.replacement) + " is invalid 'replacement' for " +
               name + " action");
  const bool only_defaults = config.modulus == 0 && config.separator == ";" &&
                             config.replacement == "$1";
  if (equality && !(only_defaults && is_default(config.regex)))
    return bad(name +
               " action requires only 'source_labels' and `target_label`, and "
               "no other fields");
  const bool by_name = action == RelabelAction::kLabelDrop ||
                       action == RelabelAction::kLabelKeep;
  if (by_name && !(only_defaults && config.source_labels.empty() &&
                   config.target_label.empty()))
    return bad(name + " action requires only 'regex', and no other fields");
  return {};
}

bool relabel(LabelsBuilder& labels, const RelabelConfigs& configs) {
  return std::ranges::all_of(configs, [&](const RelabelConfig& config) {
    return apply(labels, config);
  });
}

std::optional<Labels> relabel(const Labels& labels,
                              const RelabelConfigs& configs) {
  LabelsBuilder builder(labels);
  if (!relabel(builder, configs)) return std::nullopt;
  return builder.build();
}

bool trace_relabel(LabelsBuilder& labels, const RelabelConfigs& configs,
                   std::vector<RelabelStep>& steps) {
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const Pairs before = labels.all();
    const bool kept = apply(labels, configs[i]);
    steps.push_back({i, kept, difference(before, labels.all())});
    if (!kept) return false;
  }
  return true;
}

}  // namespace prom
