#include "libprom/exposition/registry.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "libprom/base/number.h"
#include "libprom/exposition/text.h"
#include "libprom/model/sample.h"

namespace prom::exposition {
namespace {

void append_value_line(std::string& out, double value) {
  out += ' ';
  append_float_go_g(out, value);
  out += '\n';
}

void append_bounded(std::string& out, std::string_view name,
                    const Labels& labels, std::string_view label, double bound,
                    double value) {
  std::string text;
  append_float_go_g(text, bound);
  append_series(out, name, labels, {label, text});
  append_value_line(out, value);
}

void append_sum_and_count(std::string& out, std::string_view name,
                          const Labels& labels, double sum,
                          std::uint64_t count) {
  append_series(out, std::string(name) + "_sum", labels);
  append_value_line(out, sum);
  append_series(out, std::string(name) + "_count", labels);
  append_value_line(out, static_cast<double>(count));
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  assert(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) {
  // NaN compares as above every bound: it counts in +Inf only, as upstream.
  const auto at =
      std::ranges::find_if(bounds_, [&](double b) { return value <= b; });
  const auto index = static_cast<std::size_t>(at - bounds_.begin());
  counts_[index].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot;
  std::uint64_t total = 0;
  for (const auto& count : counts_) {
    total += count.load(std::memory_order_relaxed);
    snapshot.cumulative.push_back(total);
  }
  snapshot.sum = sum_.load(std::memory_order_relaxed);
  return snapshot;
}

Summary::Summary(std::vector<double> quantiles)
    : quantiles_(std::move(quantiles)) {}

void Summary::observe(double value) {
  const std::lock_guard lock(mutex_);
  if (latest_.size() < kObservationsMax) {
    latest_.push_back(value);
  } else {
    latest_[count_ % kObservationsMax] = value;
  }
  ++count_;
  sum_ += value;
}

Summary::Snapshot Summary::snapshot() const {
  Snapshot snapshot;
  std::vector<double> sorted;
  {
    const std::lock_guard lock(mutex_);
    sorted = latest_;
    snapshot.count = count_;
    snapshot.sum = sum_;
  }
  // NaN has no place in an order.
  std::erase_if(sorted, [](double value) { return std::isnan(value); });
  std::ranges::sort(sorted);
  for (const double q : quantiles_) {
    if (sorted.empty()) {
      snapshot.values.push_back(normal_nan());
      continue;
    }
    const double rank = std::ceil(q * static_cast<double>(sorted.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    snapshot.values.push_back(sorted[std::min(index, sorted.size() - 1)]);
  }
  return snapshot;
}

const std::vector<double>& default_bounds() {
  static const std::vector<double> kBounds = {
      0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  return kBounds;
}

Registry::Family& Registry::family(std::string_view name, std::string_view help,
                                   Kind kind) {
  assert(is_legacy_metric_name(name));
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(name, Family{kind, std::string(help), {}}).first;
  }
  assert(found->second.kind == kind);
  return found->second;
}

Counter& Registry::counter(std::string_view name, std::string_view help,
                           const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& all = family(name, help, Kind::kCounter).series;
  auto found = all.find(labels);
  if (found == all.end())
    found = all.emplace(labels, std::make_unique<Counter>()).first;
  return *std::get<std::unique_ptr<Counter>>(found->second);
}

Gauge& Registry::gauge(std::string_view name, std::string_view help,
                       const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& all = family(name, help, Kind::kGauge).series;
  auto found = all.find(labels);
  if (found == all.end())
    found = all.emplace(labels, std::make_unique<Gauge>()).first;
  return *std::get<std::unique_ptr<Gauge>>(found->second);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               const std::vector<double>& bounds,
                               const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& all = family(name, help, Kind::kHistogram).series;
  auto found = all.find(labels);
  if (found == all.end())
    found = all.emplace(labels, std::make_unique<Histogram>(bounds)).first;
  return *std::get<std::unique_ptr<Histogram>>(found->second);
}

Summary& Registry::summary(std::string_view name, std::string_view help,
                           const std::vector<double>& quantiles,
                           const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& all = family(name, help, Kind::kSummary).series;
  auto found = all.find(labels);
  if (found == all.end())
    found = all.emplace(labels, std::make_unique<Summary>(quantiles)).first;
  return *std::get<std::unique_ptr<Summary>>(found->second);
}

void Registry::counter_from(std::string_view name, std::string_view help,
                            const Labels& labels, Read read) {
  const std::lock_guard lock(mutex_);
  family(name, help, Kind::kCounter)
      .series.insert_or_assign(labels, std::move(read));
}

void Registry::gauge_from(std::string_view name, std::string_view help,
                          const Labels& labels, Read read) {
  const std::lock_guard lock(mutex_);
  family(name, help, Kind::kGauge)
      .series.insert_or_assign(labels, std::move(read));
}

void Registry::remove(std::string_view name, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  const auto found = families_.find(name);
  if (found != families_.end()) found->second.series.erase(labels);
}

void Registry::remove_all(LabelView label) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    std::erase_if(family.series, [&](const auto& entry) {
      return entry.first.get(label.name) == label.value;
    });
  }
}

void Registry::append(std::string& out, std::string_view name,
                      const Labels& labels, const Series& series) {
  const auto simple = [&](double value) {
    append_series(out, name, labels);
    append_value_line(out, value);
  };
  if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&series)) {
    simple((*counter)->value());
  } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&series)) {
    simple((*gauge)->value());
  } else if (const auto* read = std::get_if<Read>(&series)) {
    simple((*read)());
  } else if (const auto* histogram =
                 std::get_if<std::unique_ptr<Histogram>>(&series)) {
    const Histogram::Snapshot now = (*histogram)->snapshot();
    const std::vector<double>& bounds = (*histogram)->bounds();
    const std::string bucket = std::string(name) + "_bucket";
    for (std::size_t i = 0; i < now.cumulative.size(); ++i) {
      append_bounded(out, bucket, labels, "le",
                     i < bounds.size() ? bounds[i] : HUGE_VAL,
                     static_cast<double>(now.cumulative[i]));
    }
    append_sum_and_count(out, name, labels, now.sum, now.cumulative.back());
  } else {
    const Summary& summary = *std::get<std::unique_ptr<Summary>>(series);
    const Summary::Snapshot now = summary.snapshot();
    for (std::size_t i = 0; i < now.values.size(); ++i) {
      append_bounded(out, name, labels, "quantile", summary.quantiles()[i],
                     now.values[i]);
    }
    append_sum_and_count(out, name, labels, now.sum, now.count);
  }
}

std::string Registry::text() const {
  constexpr std::array<std::string_view, 4> kTypes = {"counter", "gauge",
                                                      "histogram", "summary"};
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) {
    if (family.series.empty()) continue;
    append_help(out, name, family.help);
    append_type(out, name, kTypes.at(static_cast<std::size_t>(family.kind)));
    for (const auto& [labels, series] : family.series)
      append(out, name, labels, series);
  }
  return out;
}

}  // namespace prom::exposition
