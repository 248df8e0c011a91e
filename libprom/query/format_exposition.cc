// Results as expositions: text, OpenMetrics, and files for node_exporter's
// textfile collector.
#include <algorithm>
#include <limits>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/exposition/text.h"
#include "libprom/exposition/writer.h"
#include "libprom/query/format.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

using Kind = exposition::Format;

// What was written is handed on once it is this long.
constexpr std::size_t kDrainBytes = std::size_t{64} << 10;

class Exposition {
 public:
  Exposition(Kind format, bool with_time, os::Output& out)
      : out_(out), writer_(text_, format), with_time_(with_time) {}

  void type(std::string_view family, exposition::MetricType type) {
    writer_.metadata({.kind = exposition::Metadata::Kind::kType,
                      .family = std::string(family),
                      .type = type,
                      .text = {}});
  }

  void sample(const Labels& labels, double value, std::int64_t t_ms) {
    writer_.sample(labels, value,
                   with_time_ ? std::optional(t_ms) : std::nullopt);
    if (text_.size() >= kDrainBytes) drain();
  }

  // As a classic histogram, with a bucket for each that is populated.
  void histogram(const Labels& labels, const FloatHistogram& histogram,
                 std::int64_t t_ms) {
    const std::string name(labels.metric_name());
    LabelsBuilder bucket(labels);
    bucket.set(kMetricName, name + "_bucket");
    double total = 0;
    for (const HistogramBucket& one : histogram.buckets()) {
      total += one.count;
      if (one.count == 0 || one.upper == kInfinity) continue;
      write_bucket(bucket, one.upper, total, t_ms);
    }
    // Observations of NaN are in no bucket, but all are in the last one.
    write_bucket(bucket, kInfinity, histogram.count, t_ms);
    LabelsBuilder rest(labels);
    sample(rest.set(kMetricName, name + "_sum").build(), histogram.sum, t_ms);
    sample(rest.set(kMetricName, name + "_count").build(), histogram.count,
           t_ms);
  }

  void finish() {
    writer_.finish();
    drain();
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  void write_bucket(LabelsBuilder& labels, double bound, double count,
                    std::int64_t t_ms) {
    std::string le;
    exposition::append_canonical_float(le, bound);
    sample(labels.set("le", le).build(), count, t_ms);
  }

  void drain() {
    out_.write(text_);
    text_.clear();
  }

  os::Output& out_;
  std::string text_;
  exposition::Writer writer_;
  const bool with_time_;
};

// Series with names, those of a family beside each other.
std::vector<Series> named_series(const QueryResult& result, const View& view) {
  std::vector<Series> all = result.series;
  if (result.type == promql::ValueType::kScalar) {
    Series& scalar = all.emplace_back();
    scalar.floats.push_back(result.scalar);
  }
  for (Series& series : all) {
    if (!series.labels.metric_name().empty()) continue;
    series.labels =
        LabelsBuilder(series.labels).set(kMetricName, view.metric_name).build();
  }
  std::ranges::stable_sort(all, [](const Series& a, const Series& b) {
    const auto names = a.labels.metric_name() <=> b.labels.metric_name();
    return names != 0 ? names < 0 : a.labels < b.labels;
  });
  return all;
}

void keep_last(Series& series) {
  const auto newest = [](const auto& points) {
    return points.empty() ? std::numeric_limits<std::int64_t>::min()
                          : points.back().t_ms;
  };
  const bool is_float = newest(series.floats) >= newest(series.histograms);
  if (is_float && !series.floats.empty()) {
    series.floats = {series.floats.back()};
    series.histograms.clear();
  } else if (!series.histograms.empty()) {
    series.histograms = {series.histograms.back()};
    series.floats.clear();
  }
}

void write_exposition(const std::vector<Series>& all, Kind format,
                      bool with_time, os::Output& out) {
  Exposition exposition(format, with_time, out);
  std::string_view family;
  for (const Series& series : all) {
    const std::string_view name = series.labels.metric_name();
    if (name != family && !series.histograms.empty())
      exposition.type(name, exposition::MetricType::kHistogram);
    family = name;
    for (const FloatPoint& point : series.floats)
      exposition.sample(series.labels, point.value, point.t_ms);
    for (const HistogramPoint& point : series.histograms)
      exposition.histogram(series.labels, *point.histogram, point.t_ms);
  }
  exposition.finish();
}

}  // namespace

void write_text(const QueryResult& result, const View& view, os::Output& out) {
  write_exposition(named_series(result, view), Kind::kText, true, out);
}

void write_openmetrics(const QueryResult& result, const View& view,
                       os::Output& out) {
  write_exposition(named_series(result, view), Kind::kOpenMetrics, true, out);
}

void write_textfile(const QueryResult& result, const View& view,
                    os::Output& out) {
  std::vector<Series> all = named_series(result, view);
  for (Series& series : all) keep_last(series);
  write_exposition(all, Kind::kText, false, out);
}

}  // namespace prom::query
