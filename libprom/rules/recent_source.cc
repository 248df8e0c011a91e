#include "libprom/rules/recent_source.h"

#include <algorithm>
#include <limits>
#include <set>

namespace prom::rules {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

void insert(RecentSamples::Series& into, const Sample& sample,
            std::size_t& count) {
  const auto at = std::ranges::lower_bound(into.t_ms, sample.t_ms);
  const auto index = at - into.t_ms.begin();
  into.has_histograms |= sample.histogram != nullptr;
  // Within one iteration a later rule may mark stale what an earlier one
  // produced; the first one counts, as the store has it.
  if (at != into.t_ms.end() && *at == sample.t_ms) return;
  into.t_ms.insert(at, sample.t_ms);
  into.value.insert(into.value.begin() + index, sample.value);
  into.histogram.insert(into.histogram.begin() + index, sample.histogram);
  ++count;
}

void erase_front(RecentSamples::Series& series, std::ptrdiff_t count) {
  series.t_ms.erase(series.t_ms.begin(), series.t_ms.begin() + count);
  series.value.erase(series.value.begin(), series.value.begin() + count);
  series.histogram.erase(series.histogram.begin(),
                         series.histogram.begin() + count);
}

// One series of the merged selection.
struct Entry {
  Labels labels;
  std::size_t below = kNone;  // index there
  const RecentSamples::Series* recent = nullptr;
};

// The memory behind one merged series.
struct Merged {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
  std::vector<const FloatHistogram*> histogram;

  void add(std::int64_t t, double v, const FloatHistogram* h) {
    t_ms.push_back(t);
    value.push_back(v);
    histogram.push_back(h);
  }
};

class MergedBatch : public query::SampleBatch {
 public:
  std::unique_ptr<query::SampleBatch> below;
  std::vector<Merged> merged;
};

const FloatHistogram* histogram_at(const SeriesSamples& samples,
                                   std::size_t i) {
  return samples.histogram.empty() ? nullptr : samples.histogram[i];
}

Merged merge(const SeriesSamples& below, const RecentSamples::Series& recent) {
  Merged out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < below.t_ms.size() || j < recent.t_ms.size()) {
    const bool take_recent =
        j < recent.t_ms.size() &&
        (i == below.t_ms.size() || recent.t_ms[j] <= below.t_ms[i]);
    if (!take_recent) {
      out.add(below.t_ms[i], below.value[i], histogram_at(below, i));
      ++i;
      continue;
    }
    if (i < below.t_ms.size() && below.t_ms[i] == recent.t_ms[j]) ++i;
    out.add(recent.t_ms[j], recent.value[j], recent.histogram[j].get());
    ++j;
  }
  return out;
}

class MergedSelection : public query::Selection {
 public:
  MergedSelection(std::unique_ptr<query::Selection> below,
                  std::map<Labels, RecentSamples::Series> recent)
      : below_(std::move(below)), recent_(std::move(recent)) {
    auto next = recent_.begin();
    const std::size_t size = below_ == nullptr ? 0 : below_->size();
    for (std::size_t i = 0; i < size; ++i) {
      Labels labels = below_->labels(i);
      for (; next != recent_.end() && next->first < labels; ++next)
        entries_.push_back({next->first, kNone, &next->second});
      const bool same = next != recent_.end() && next->first == labels;
      entries_.push_back(
          {std::move(labels), i, same ? &next->second : nullptr});
      if (same) ++next;
    }
    for (; next != recent_.end(); ++next)
      entries_.push_back({next->first, kNone, &next->second});
  }

  [[nodiscard]] std::size_t size() const override { return entries_.size(); }
  [[nodiscard]] Labels labels(std::size_t series) const override {
    return entries_[series].labels;
  }
  [[nodiscard]] std::unique_ptr<query::SampleBatch> new_batch() const override {
    auto batch = std::make_unique<MergedBatch>();
    if (below_ != nullptr) batch->below = below_->new_batch();
    return batch;
  }
  [[nodiscard]] std::vector<std::string> warnings() const override {
    return below_ == nullptr ? std::vector<std::string>() : below_->warnings();
  }

  Status read(std::size_t first, std::size_t count,
              query::SampleBatch& into) const override {
    auto& batch = dynamic_cast<MergedBatch&>(into);
    batch.series.assign(count, {});
    batch.merged.assign(count, {});
    // Entries are in the order of the selection below, so theirs is one run.
    std::size_t begin = kNone;
    std::size_t end = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      const std::size_t below = entries_[i].below;
      if (below == kNone) continue;
      begin = std::min(begin, below);
      end = below + 1;
    }
    if (begin != kNone) {
      auto done = below_->read(begin, end - begin, *batch.below);
      if (!done) return done;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Entry& entry = entries_[first + i];
      SeriesSamples below;
      if (entry.below != kNone)
        below = batch.below->series[entry.below - begin];
      if (entry.recent == nullptr) {
        batch.series[i] = below;
        continue;
      }
      batch.merged[i] = merge(below, *entry.recent);
      const bool histograms =
          entry.recent->has_histograms || !below.histogram.empty();
      batch.series[i].t_ms = batch.merged[i].t_ms;
      batch.series[i].value = batch.merged[i].value;
      if (histograms) batch.series[i].histogram = batch.merged[i].histogram;
    }
    return {};
  }

 private:
  std::unique_ptr<query::Selection> below_;
  const std::map<Labels, RecentSamples::Series> recent_;
  std::vector<Entry> entries_;
};

std::vector<std::string> first_of(const std::set<std::string>& names,
                                  std::size_t limit) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (out.size() >= limit) break;
    out.push_back(name);
  }
  return out;
}

}  // namespace

// ---- RecentSamples

void RecentSamples::add(std::span<const Sample> samples) {
  const std::lock_guard lock(mutex_);
  for (const Sample& sample : samples)
    insert(series_[sample.labels], sample, count_);
  if (count_ > kSamplesMax) shrink();
}

void RecentSamples::forget_before(std::int64_t t_ms) {
  const std::lock_guard lock(mutex_);
  for (auto at = series_.begin(); at != series_.end();) {
    Series& series = at->second;
    const auto old =
        std::ranges::lower_bound(series.t_ms, t_ms) - series.t_ms.begin();
    erase_front(series, old);
    count_ -= static_cast<std::size_t>(old);
    at = series.t_ms.empty() ? series_.erase(at) : std::next(at);
  }
}

// Drops the older half of each series, or the series with one sample.
void RecentSamples::shrink() {
  for (auto at = series_.begin(); at != series_.end();) {
    const auto size = static_cast<std::ptrdiff_t>(at->second.t_ms.size());
    const std::ptrdiff_t dropped = (size + 1) / 2;
    erase_front(at->second, dropped);
    count_ -= static_cast<std::size_t>(dropped);
    at = at->second.t_ms.empty() ? series_.erase(at) : std::next(at);
  }
}

std::map<Labels, RecentSamples::Series> RecentSamples::select(
    const Matchers& matchers, const query::SelectRange& range) const {
  const std::lock_guard lock(mutex_);
  std::map<Labels, Series> found;
  for (const auto& [labels, series] : series_) {
    if (series.t_ms.back() < range.min_ms || series.t_ms.front() > range.max_ms)
      continue;
    if (matches_all(matchers, labels)) found.emplace(labels, series);
  }
  return found;
}

// ---- RecentSource

Result<std::unique_ptr<query::Selection>> RecentSource::select(
    const Matchers& matchers, const query::SelectRange& range) const {
  auto recent = recent_->select(matchers, range);
  std::unique_ptr<query::Selection> below;
  if (below_ != nullptr) {
    auto selected = below_->select(matchers, range);
    if (!selected || recent.empty()) return selected;
    below = std::move(*selected);
  }
  return std::make_unique<MergedSelection>(std::move(below), std::move(recent));
}

Result<std::vector<std::string>> RecentSource::label_names(
    const Matchers& matchers, const query::SelectRange& range,
    std::size_t limit) const {
  std::set<std::string> names;
  for (const auto& [labels, series] : recent_->select(matchers, range))
    for (const auto& [name, value] : labels) names.emplace(name);
  if (below_ != nullptr) {
    auto below = below_->label_names(matchers, range, limit);
    if (!below) return below;
    names.insert(below->begin(), below->end());
  }
  return first_of(names, limit);
}

Result<std::vector<std::string>> RecentSource::label_values(
    std::string_view name, const Matchers& matchers,
    const query::SelectRange& range, std::size_t limit) const {
  std::set<std::string> values;
  for (const auto& [labels, series] : recent_->select(matchers, range))
    if (labels.has(name)) values.emplace(labels.get(name));
  if (below_ != nullptr) {
    auto below = below_->label_values(name, matchers, range, limit);
    if (!below) return below;
    values.insert(below->begin(), below->end());
  }
  return first_of(values, limit);
}

}  // namespace prom::rules
