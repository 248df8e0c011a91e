#include "libprom/query/memory_source.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <mutex>
#include <numeric>
#include <set>

#include <boost/unordered/unordered_flat_map.hpp>

namespace prom::query {

namespace {

// A series as it is filled; sorted and free of duplicates once settled.
struct StoredSeries {
  Labels labels;
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
  std::vector<const FloatHistogram*> histogram;  // empty while there is none
  std::vector<std::int64_t> start_ms;            // empty while all are unknown
  bool settled = true;
};

bool same_value(const StoredSeries& s, std::size_t a, std::size_t b) {
  const FloatHistogram* x = s.histogram.empty() ? nullptr : s.histogram[a];
  const FloatHistogram* y = s.histogram.empty() ? nullptr : s.histogram[b];
  if (x != nullptr && y != nullptr) return x->equals(*y);
  return x == y && std::bit_cast<std::uint64_t>(s.value[a]) ==
                       std::bit_cast<std::uint64_t>(s.value[b]);
}

template <typename T>
void reorder(std::vector<T>& values, const std::vector<std::size_t>& order) {
  if (values.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(order.size());
  for (const std::size_t i : order) sorted.push_back(values[i]);
  values = std::move(sorted);
}

// Sorts by time; of samples of one time the first stays.  Counts those that
// said something else.
std::size_t settle_series(StoredSeries& s) {
  std::vector<std::size_t> order(s.t_ms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return s.t_ms[i]; });
  std::size_t conflicts = 0;
  std::vector<std::size_t> kept;
  kept.reserve(order.size());
  for (const std::size_t i : order) {
    if (!kept.empty() && s.t_ms[kept.back()] == s.t_ms[i]) {
      if (!same_value(s, kept.back(), i)) ++conflicts;
    } else {
      kept.push_back(i);
    }
  }
  reorder(s.value, kept);
  reorder(s.histogram, kept);
  reorder(s.start_ms, kept);
  reorder(s.t_ms, kept);
  s.settled = true;
  return conflicts;
}

class MemorySelection final : public Selection {
 public:
  MemorySelection(std::vector<const StoredSeries*> series, SelectRange range)
      : series_(std::move(series)), range_(range) {}

  [[nodiscard]] std::size_t size() const override { return series_.size(); }
  [[nodiscard]] Labels labels(std::size_t series) const override {
    return series_[series]->labels;
  }

  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    LabelColumn column;
    column.values.emplace_back();
    column.ids.reserve(series_.size());
    // Keys live as long as the series.
    boost::unordered_flat_map<std::string_view, std::uint32_t> ids;
    ids.emplace(std::string_view(), 0U);
    for (const StoredSeries* series : series_) {
      const std::string_view value = series->labels.get(name);
      const auto next = static_cast<std::uint32_t>(column.values.size());
      const auto [at, is_new] = ids.try_emplace(value, next);
      if (is_new) column.values.emplace_back(value);
      column.ids.push_back(at->second);
    }
    return column;
  }

  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return std::make_unique<SampleBatch>();
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    into.series.clear();
    for (std::size_t i = first; i < first + count; ++i) {
      const StoredSeries& s = *series_[i];
      const auto begin = std::ranges::lower_bound(s.t_ms, range_.min_ms);
      const auto end = std::upper_bound(begin, s.t_ms.end(), range_.max_ms);
      const auto from = static_cast<std::size_t>(begin - s.t_ms.begin());
      const auto size = static_cast<std::size_t>(end - begin);
      SeriesSamples samples;
      samples.t_ms = std::span(s.t_ms).subspan(from, size);
      samples.value = std::span(s.value).subspan(from, size);
      if (!s.histogram.empty()) {
        samples.histogram = std::span(s.histogram).subspan(from, size);
      }
      if (!s.start_ms.empty()) {
        samples.start_ms = std::span(s.start_ms).subspan(from, size);
      }
      into.series.push_back(samples);
    }
    return {};
  }

 private:
  const std::vector<const StoredSeries*> series_;
  const SelectRange range_;
};

bool has_samples(const StoredSeries& series, const SelectRange& range) {
  const auto begin = std::ranges::lower_bound(series.t_ms, range.min_ms);
  return begin != series.t_ms.end() && *begin <= range.max_ms;
}

std::vector<std::string> first_of(const std::set<std::string>& all,
                                  std::size_t limit) {
  std::vector<std::string> result;
  for (const std::string& item : all) {
    if (result.size() == limit) break;
    result.push_back(item);
  }
  return result;
}

}  // namespace

struct MemorySource::Data {
  std::deque<StoredSeries> series;  // pointers to them stay
  boost::unordered_flat_map<Labels, std::size_t, LabelsHash> by_labels;
  std::deque<FloatHistogram> histograms;
  std::vector<const StoredSeries*> sorted;  // by labels
  std::map<std::string, FamilyDescription> families;
  std::size_t conflicts = 0;
  bool settled = true;
  std::mutex mutex;  // guards settling
};

MemorySource::MemorySource() : data_(std::make_unique<Data>()) {}
MemorySource::~MemorySource() = default;
MemorySource::MemorySource(MemorySource&&) noexcept = default;
MemorySource& MemorySource::operator=(MemorySource&&) noexcept = default;

std::size_t MemorySource::series(const Labels& labels) {
  const auto [at, is_new] =
      data_->by_labels.try_emplace(labels, data_->series.size());
  if (is_new) {
    data_->series.emplace_back().labels = labels;
    data_->settled = false;
  }
  return at->second;
}

void MemorySource::add(std::size_t series, std::int64_t t_ms, double value,
                       std::int64_t start_ms) {
  StoredSeries& s = data_->series[series];
  if (!s.t_ms.empty() && t_ms <= s.t_ms.back()) {
    s.settled = false;
    data_->settled = false;
  }
  if (start_ms != 0) s.start_ms.resize(s.t_ms.size());
  s.t_ms.push_back(t_ms);
  s.value.push_back(value);
  if (!s.histogram.empty()) s.histogram.push_back(nullptr);
  if (start_ms != 0 || !s.start_ms.empty()) s.start_ms.push_back(start_ms);
}

void MemorySource::add(std::size_t series, std::int64_t t_ms,
                       FloatHistogram histogram, std::int64_t start_ms) {
  add(series, t_ms, 0.0, start_ms);
  StoredSeries& s = data_->series[series];
  data_->histograms.push_back(std::move(histogram));
  s.histogram.resize(s.t_ms.size());
  s.histogram.back() = &data_->histograms.back();
}

void MemorySource::describe(const FamilyDescription& family) {
  FamilyDescription& known = data_->families[family.family];
  known.family = family.family;
  if (!family.type.empty()) known.type = family.type;
  if (!family.help.empty()) known.help = family.help;
  if (!family.unit.empty()) known.unit = family.unit;
}

namespace {

// Keeps only the histograms that samples point to, once most are unused.
template <typename Data>
void drop_histograms(Data& data) {
  std::size_t used = 0;
  for (const StoredSeries& s : data.series)
    used += s.histogram.size() -
            static_cast<std::size_t>(std::ranges::count(s.histogram, nullptr));
  if (data.histograms.size() <= 2 * used + 1024) return;
  std::deque<FloatHistogram> kept;
  for (StoredSeries& s : data.series) {
    for (const FloatHistogram*& histogram : s.histogram) {
      if (histogram != nullptr) histogram = &kept.emplace_back(*histogram);
    }
  }
  data.histograms = std::move(kept);
}

template <typename T>
void drop_front(std::vector<T>& values, std::ptrdiff_t count) {
  if (!values.empty()) values.erase(values.begin(), values.begin() + count);
}

}  // namespace

void MemorySource::forget_before(std::int64_t t_ms) {
  settle();
  for (StoredSeries& s : data_->series) {
    const std::ptrdiff_t count =
        std::ranges::lower_bound(s.t_ms, t_ms) - s.t_ms.begin();
    if (count == 0) continue;
    drop_front(s.value, count);
    drop_front(s.histogram, count);
    drop_front(s.start_ms, count);
    drop_front(s.t_ms, count);
  }
  drop_histograms(*data_);
}

Result<std::vector<FamilyDescription>> MemorySource::metadata() const {
  std::vector<FamilyDescription> all;
  all.reserve(data_->families.size());
  for (const auto& [name, family] : data_->families) all.push_back(family);
  return all;
}

void MemorySource::clear() {
  data_ = std::make_unique<Data>();
}

std::size_t MemorySource::series_count() const {
  return data_->series.size();
}

std::size_t MemorySource::sample_count() const {
  settle();
  std::size_t count = 0;
  for (const StoredSeries& s : data_->series) count += s.t_ms.size();
  return count;
}

std::size_t MemorySource::conflicts() const {
  settle();
  return data_->conflicts;
}

SelectRange MemorySource::span() const {
  settle();
  SelectRange span;
  bool first = true;
  for (const StoredSeries& s : data_->series) {
    if (s.t_ms.empty()) continue;
    span.min_ms =
        first ? s.t_ms.front() : std::min(span.min_ms, s.t_ms.front());
    span.max_ms = first ? s.t_ms.back() : std::max(span.max_ms, s.t_ms.back());
    first = false;
  }
  return span;
}

void MemorySource::settle() const {
  const std::lock_guard lock(data_->mutex);
  if (data_->settled) return;
  data_->sorted.clear();
  for (StoredSeries& s : data_->series) {
    if (!s.settled) data_->conflicts += settle_series(s);
    data_->sorted.push_back(&s);
  }
  std::ranges::sort(data_->sorted,
                    [](const StoredSeries* a, const StoredSeries* b) {
                      return a->labels < b->labels;
                    });
  data_->settled = true;
}

Result<std::unique_ptr<Selection>> MemorySource::select(
    const Matchers& matchers, const SelectRange& range) const {
  settle();
  std::vector<const StoredSeries*> found;
  for (const StoredSeries* s : data_->sorted) {
    if (matches_all(matchers, s->labels) && has_samples(*s, range)) {
      found.push_back(s);
    }
  }
  return std::make_unique<MemorySelection>(std::move(found), range);
}

Result<std::vector<std::string>> MemorySource::label_names(
    const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  settle();
  std::set<std::string> names;
  for (const StoredSeries* s : data_->sorted) {
    if (!matches_all(matchers, s->labels) || !has_samples(*s, range)) continue;
    for (const LabelView& label : s->labels) names.emplace(label.name);
  }
  return first_of(names, limit);
}

Result<std::vector<std::string>> MemorySource::label_values(
    std::string_view name, const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  settle();
  std::set<std::string> values;
  for (const StoredSeries* s : data_->sorted) {
    if (!matches_all(matchers, s->labels) || !has_samples(*s, range)) continue;
    const std::string_view value = s->labels.get(name);
    if (!value.empty()) values.emplace(value);
  }
  return first_of(values, limit);
}

}  // namespace prom::query
