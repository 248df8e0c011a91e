// Relabelling: rules that rewrite, keep or drop label sets.  Targets, samples
// and alerts pass through it.  Exact to Prometheus 3.14, model/relabel.
//
// A RelabelConfig is plain data that is checked once with validate() and then
// used from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"

namespace prom {

// Which names are legal: any UTF-8, or the classic character set.
enum class NameValidation { kUtf8, kLegacy };
bool is_valid_label_name(std::string_view name, NameValidation validation);
bool is_valid_metric_name(std::string_view name, NameValidation validation);

enum class RelabelAction {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};
std::string_view to_string(RelabelAction action);
// In any case, "KeepEqual"; nullopt for an unknown action.
std::optional<RelabelAction> parse_relabel_action(std::string_view text);

struct RelabelConfig {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  Regex regex = default_regex();
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  RelabelAction action = RelabelAction::kReplace;
  // Names that a rule makes up and that are not valid are not set.
  NameValidation validation = NameValidation::kUtf8;

  // (.*), compiled once.
  static const Regex& default_regex();

  // One line as a file would say it: "drop source_labels=[a, b] regex=x|y",
  // leaving out what is default.
  [[nodiscard]] std::string to_string() const;
};

using RelabelConfigs = std::vector<RelabelConfig>;

// Whether the fields fit the action.  Errors are upstream's sentences.
Status validate(const RelabelConfig& config);

// Applies the rules in order.  False: the set is dropped, and `labels` is as
// the dropping rule saw it.
bool relabel(LabelsBuilder& labels, const RelabelConfigs& configs);
// The same on a value; nullopt when it is dropped.
std::optional<Labels> relabel(const Labels& labels,
                              const RelabelConfigs& configs);

// What one rule did, for `prom-discover --trace-relabel`.
struct RelabelStep {
  std::size_t rule = 0;  // index into the configs
  bool kept = true;
  struct Change {
    std::string name;
    std::string before;  // empty: was not there
    std::string after;   // empty: is gone
  };
  std::vector<Change> changes;  // by name
};
// As relabel(); `steps` gets one entry per rule that ran.
bool trace_relabel(LabelsBuilder& labels, const RelabelConfigs& configs,
                   std::vector<RelabelStep>& steps);

}  // namespace prom
