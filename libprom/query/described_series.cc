#include "libprom/query/described_series.h"

#include <cmath>
#include <limits>
#include <map>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"

namespace prom::query {

namespace {

using promql::HistogramDescription;
using promql::SequenceItem;

void set_side(const std::vector<double>& counts, std::int32_t offset,
              std::vector<BucketSpan>& spans, std::vector<double>& buckets) {
  buckets = counts;
  if (!counts.empty()) {
    spans.push_back({offset, static_cast<std::uint32_t>(counts.size())});
  }
}

FloatHistogram histogram_of(const HistogramDescription& description) {
  FloatHistogram h;
  h.schema = description.schema;
  h.sum = description.sum;
  h.count = description.count;
  h.zero_count = description.zero_count;
  h.zero_threshold = description.zero_threshold;
  h.custom_values = description.custom_values;
  set_side(description.buckets, description.offset, h.positive_spans,
           h.positive_buckets);
  set_side(description.negative_buckets, description.negative_offset,
           h.negative_spans, h.negative_buckets);
  if (description.counter_reset_hint) {
    h.counter_reset_hint =
        static_cast<CounterResetHint>(*description.counter_reset_hint);
  }
  return h;
}

Status append_histograms(const SequenceItem& item,
                         std::vector<DescribedValue>& values) {
  FloatHistogram current = histogram_of(item.histogram);
  const FloatHistogram change = histogram_of(item.histogram_increment);
  for (std::size_t i = 0; i < item.count; ++i) {
    if (i > 0 && item.histogram_change != SequenceItem::Change::kNone) {
      const auto merged = item.histogram_change == SequenceItem::Change::kAdd
                              ? current.add(change)
                              : current.subtract(change);
      if (!merged) return fail(merged.error());
    }
    values.push_back(
        {false, 0, current, item.histogram.counter_reset_hint.has_value()});
  }
  return {};
}

}  // namespace

Result<std::vector<DescribedValue>> expand(
    const promql::SeriesDescription& description) {
  std::vector<DescribedValue> values;
  for (const SequenceItem& item : description.items) {
    if (item.kind == SequenceItem::Kind::kHistogram) {
      auto appended = append_histograms(item, values);
      if (!appended) return fail(std::move(appended).error());
      continue;
    }
    double value = item.value;
    for (std::size_t i = 0; i < item.count; ++i) {
      const bool omitted = item.kind == SequenceItem::Kind::kOmitted;
      values.push_back({omitted, omitted ? 0 : value, std::nullopt, false});
      if (item.increment != 0) value += item.increment;
    }
  }
  return values;
}

namespace {

// What upstream's storage answers about counter resets: it cuts a new chunk at
// a reset and at a change of layout, says nothing about the first histogram of
// a chunk and "no reset" about the others.  Gauges stay gauges.
class HintSetter {
 public:
  void see_float() { has_before_ = false; }

  void set(FloatHistogram& histogram) {
    if (is_stale_nan(histogram.sum)) return;
    using enum CounterResetHint;
    FloatHistogram plain = histogram;
    plain.counter_reset_hint = kUnknown;
    if (histogram.counter_reset_hint != kGauge) {
      const bool continues =
          has_before_ && histogram.counter_reset_hint != kReset &&
          histogram.schema == before_.schema &&
          histogram.zero_threshold == before_.zero_threshold &&
          !plain.is_reset_since(before_);
      histogram.counter_reset_hint = continues ? kNotReset : kUnknown;
    }
    has_before_ = histogram.counter_reset_hint != kGauge;
    before_ = std::move(plain);
  }

 private:
  FloatHistogram before_;
  bool has_before_ = false;  // and it was no gauge
};

}  // namespace

Status load(const std::vector<DescribedSeries>& series, MemorySource& into) {
  for (const DescribedSeries& one : series) {
    const std::size_t number = into.series(one.labels);
    HintSetter hints;
    for (const DescribedSample& sample : one.samples) {
      if (!sample.histogram) {
        if (!is_stale_nan(sample.value)) hints.see_float();
        into.add(number, sample.t_ms, sample.value, sample.start_ms);
        continue;
      }
      auto valid = sample.histogram->validate();
      if (!valid) {
        return fail(std::move(valid).error().in(one.labels.to_string()));
      }
      FloatHistogram histogram = *sample.histogram;
      hints.set(histogram);
      into.add(number, sample.t_ms, std::move(histogram), sample.start_ms);
    }
  }
  return {};
}

namespace {

// A classic histogram at one time, as far as it was seen.
struct Classic {
  std::map<double, double> buckets;  // cumulative, by upper bound
  std::optional<double> count;
  double sum = 0;
};

Result<FloatHistogram> convert(const Classic& classic) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  std::map<double, double> buckets = classic.buckets;
  const double count =
      classic.count.value_or(buckets.empty() ? 0 : buckets.rbegin()->second);
  buckets.try_emplace(kInf, count);
  FloatHistogram h;
  h.schema = kCustomBucketsSchema;
  h.count = count;
  h.sum = classic.sum;
  h.positive_spans.push_back({0, static_cast<std::uint32_t>(buckets.size())});
  double before = 0;
  for (const auto& [bound, cumulative] : buckets) {
    if (cumulative < before) {
      return fail(Code::kBadData, "bucket counts are not cumulative");
    }
    h.positive_buckets.push_back(cumulative - before);
    before = cumulative;
    if (bound != kInf) h.custom_values.push_back(bound);
  }
  if (before != count) return fail(Code::kBadData, "count mismatch");
  h.compact();
  return h;
}

enum class Part { kNone, kBucket, kCount, kSum };

Part part_of(std::string_view name, std::string_view& base) {
  const auto cut = [&](std::string_view suffix) {
    if (!name.ends_with(suffix)) return false;
    base = name.substr(0, name.size() - suffix.size());
    return true;
  };
  if (cut("_bucket")) return Part::kBucket;
  if (cut("_count")) return Part::kCount;
  if (cut("_sum")) return Part::kSum;
  return Part::kNone;
}

}  // namespace

Result<std::vector<DescribedSeries>> to_custom_buckets(
    const std::vector<DescribedSeries>& series) {
  std::map<Labels, std::map<std::int64_t, Classic>> histograms;
  for (const DescribedSeries& one : series) {
    std::string_view base;
    const Part part = part_of(one.labels.metric_name(), base);
    if (part == Part::kNone) continue;
    std::optional<double> bound;
    if (part == Part::kBucket) {
      bound = parse_float(one.labels.get("le"));
      if (!bound || std::isnan(*bound)) continue;
    }
    LabelsBuilder builder(one.labels);
    builder.set(kMetricName, std::string(base)).remove("le");
    auto& by_time = histograms[builder.build()];
    for (const DescribedSample& sample : one.samples) {
      if (sample.histogram) continue;
      Classic& classic = by_time[sample.t_ms];
      if (part == Part::kBucket) {
        classic.buckets.try_emplace(*bound, sample.value);
      } else if (part == Part::kCount) {
        classic.count = sample.value;
      } else {
        classic.sum = sample.value;
      }
    }
  }
  std::vector<DescribedSeries> result;
  for (const auto& [labels, by_time] : histograms) {
    DescribedSeries one;
    one.labels = labels;
    for (const auto& [time, classic] : by_time) {
      auto histogram = convert(classic);
      if (!histogram) return fail(std::move(histogram).error());
      one.samples.push_back({time, 0, 0, std::move(*histogram)});
    }
    result.push_back(std::move(one));
  }
  return result;
}

}  // namespace prom::query
