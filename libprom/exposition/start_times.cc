#include "libprom/exposition/start_times.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace prom::exposition {
namespace {

constexpr std::string_view kCreated = "_created";
constexpr std::array<std::string_view, 4> kSuffixes = {"_total", "_bucket",
                                                       "_count", "_sum"};

// 0 for what is no time.
std::int64_t to_milliseconds(double seconds) {
  constexpr double kSecondsMax = 9e15;
  if (!(std::fabs(seconds) < kSecondsMax)) return 0;
  return static_cast<std::int64_t>(seconds * 1000);
}

}  // namespace

void StartTimes::see(std::uint32_t ref, MetricType type, const Labels& labels) {
  if (ref >= series_.size()) series_.resize(ref + std::size_t{1});
  Series& series = series_[ref];
  series = Series();
  const bool has_start = type == MetricType::kCounter ||
                         type == MetricType::kHistogram ||
                         type == MetricType::kSummary;
  if (!has_start) return;
  std::string_view name = labels.metric_name();
  if (name.ends_with(kCreated)) {
    series.created = any_created_ = true;
    name.remove_suffix(kCreated.size());
  } else {
    const auto suffix = std::ranges::find_if(
        kSuffixes, [&](std::string_view s) { return name.ends_with(s); });
    if (suffix != kSuffixes.end()) name.remove_suffix(suffix->size());
  }
  LabelsBuilder same(labels);
  same.set(kMetricName, std::string(name));
  if (type == MetricType::kHistogram) same.remove("le");
  if (type == MetricType::kSummary) same.remove("quantile");
  const auto next = static_cast<std::uint32_t>(groups_.size());
  series.group = groups_.try_emplace(same.build().hash(), next).first->second;
}

void StartTimes::find(const std::vector<TargetEntry>& entries,
                      std::vector<std::int64_t>& starts) {
  starts.clear();
  if (!any_created_) return;
  start_of_.assign(groups_.size(), 0);
  for (const TargetEntry& entry : entries) {
    const Series& series = series_[entry.ref];
    if (series.created) start_of_[series.group] = to_milliseconds(entry.value);
  }
  starts.reserve(entries.size());
  for (const TargetEntry& entry : entries) {
    const Series& series = series_[entry.ref];
    const bool has_start = series.group != kNone && !series.created;
    starts.push_back(has_start ? start_of_[series.group] : 0);
  }
}

void StartTimes::forget() {
  series_.clear();
  groups_.clear();
  any_created_ = false;
}

}  // namespace prom::exposition
