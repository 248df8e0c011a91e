#include "libprom/scrape/sample_labels.h"

#include <algorithm>
#include <string>
#include <vector>

#include "libprom/base/utf8.h"
#include "libprom/model/relabel.h"

namespace prom::scrape {
namespace {

constexpr std::string_view kExportedPrefix = "exported_";
constexpr std::size_t kShownBytes = 50;

std::string shown(std::string_view text) {
  return printable(text.substr(0, kShownBytes));
}

Status check_names(const Labels& labels, NameValidation validation) {
  const std::string_view name = labels.metric_name();
  if (name.empty()) return fail(Code::kBadData, "a sample has no metric name");
  if (!is_valid_metric_name(name, validation)) {
    return fail(Code::kBadData, "invalid metric name \"" + shown(name) + "\"");
  }
  for (const auto& [label, value] : labels) {
    if (!is_valid_label_name(label, validation)) {
      return fail(Code::kBadData, "invalid label name \"" + shown(label) +
                                      "\" (metric " + shown(name) + ")");
    }
  }
  return {};
}

Status exceeded(std::string_view limit, std::uint64_t allowed,
                std::uint64_t found, const Labels& labels) {
  return fail(Code::kLimit,
              std::string(limit) + " exceeded: " + std::to_string(found) +
                  " of at most " + std::to_string(allowed) + " (metric " +
                  shown(labels.metric_name()) + ")");
}

Status check_limits(const Labels& labels, const Limits& limits) {
  std::uint64_t count = 0;
  for (const auto& [label, value] : labels) {
    ++count;
    if (label.size() > limits.label_name_bytes) {
      return exceeded("label_name_length_limit", limits.label_name_bytes,
                      label.size(), labels);
    }
    if (value.size() > limits.label_value_bytes) {
      return exceeded("label_value_length_limit", limits.label_value_bytes,
                      value.size(), labels);
    }
  }
  if (count > limits.labels)
    return exceeded("label_limit", limits.labels, count, labels);
  if (labels.encoded().size() > limits.series_bytes) {
    return exceeded("series length limit", limits.series_bytes,
                    labels.encoded().size(), labels);
  }
  return {};
}

}  // namespace

Labels join_labels(const Labels& exposed, const Labels& target,
                   bool honor_labels) {
  LabelsBuilder joined(exposed);
  std::vector<LabelView> clashes;
  for (const auto& [name, value] : target) {
    const std::string_view own = exposed.get(name);
    if (own.empty()) {
      joined.set(name, value);
    } else if (!honor_labels) {
      clashes.push_back({name, own});
      joined.set(name, value);
    }
  }
  // Short names first: `exported_x` that a clash of `x` makes must not hide
  // one that the target exposes itself.
  std::ranges::stable_sort(
      clashes, {}, [](const LabelView& label) { return label.name.size(); });
  for (const auto& [name, value] : clashes) {
    std::string free_name(name);
    do {
      free_name.insert(0, kExportedPrefix);
    } while (!joined.get(free_name).empty());
    joined.set(free_name, value);
  }
  return joined.build();
}

Result<std::optional<Labels>> sample_labels(const Labels& exposed,
                                            const Labels& target,
                                            const Job& job) {
  std::optional<Labels> labels =
      join_labels(exposed, target, job.config.honor_labels);
  if (!job.config.metric_relabel_configs.empty())
    labels = relabel(*labels, job.config.metric_relabel_configs);
  if (!labels || labels->empty()) return std::nullopt;
  if (auto ok = check_names(*labels, job.config.validation); !ok)
    return fail(std::move(ok).error());
  if (auto ok = check_limits(*labels, job.limits); !ok)
    return fail(std::move(ok).error());
  return labels;
}

}  // namespace prom::scrape
