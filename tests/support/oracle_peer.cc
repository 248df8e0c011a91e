#include "tests/support/oracle_peer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"
#include "libprom/promql/parser.h"

namespace prom::test {

using query::MemorySource;
using query::QueryResult;
using query::Series;

OracleData data_of(const query::Source& source) {
  OracleData data;
  const auto all = Matcher::create(MatchOp::kRegex, "__name__", ".*");
  constexpr std::int64_t kTimeMax = std::int64_t{1} << 60;
  const auto selection = source.select({*all}, {-kTimeMax, kTimeMax});
  if (!selection) return data;
  const auto batch = (*selection)->new_batch();
  for (std::size_t i = 0; i < (*selection)->size(); ++i) {
    if (!(*selection)->read(i, 1, *batch)) continue;
    auto& samples = data[(*selection)->labels(i)];
    const SeriesSamples& from = batch->series.front();
    for (std::size_t at = 0; at < from.t_ms.size(); ++at) {
      OracleSample& sample = samples[from.t_ms[at]];
      if (!from.histogram.empty() && from.histogram[at] != nullptr) {
        sample.value.histogram = to_oracle(*from.histogram[at]);
      } else {
        sample.value.number = from.value[at];
      }
      if (!from.start_ms.empty()) sample.start_ms = from.start_ms[at];
    }
  }
  return data;
}

MemorySource source_of(const OracleData& data) {
  MemorySource source;
  for (const auto& [labels, samples] : data) {
    const std::size_t number = source.series(labels);
    for (const auto& [time, sample] : samples) {
      if (sample.value.histogram) {
        source.add(number, time, to_model(*sample.value.histogram),
                   sample.start_ms);
      } else {
        source.add(number, time, sample.value.number, sample.start_ms);
      }
    }
  }
  return source;
}

namespace {

std::vector<std::string> texts(const OracleNotes& notes, std::string_view query,
                               const char* kind) {
  std::vector<std::string> all;
  for (const auto& [text, where] : notes) {
    const TextPosition place = position_of(query, where);
    all.push_back(std::string("PromQL ") + kind + ": " + text + " (" +
                  std::to_string(place.line) + ":" +
                  std::to_string(place.column) + ")");
  }
  return all;
}

Series series_of(const Labels& labels,
                 const std::map<std::int64_t, OracleValue>& values) {
  Series series;
  series.labels = labels;
  for (const auto& [time, value] : values) {
    if (value.histogram) {
      series.histograms.push_back({time, std::make_shared<const FloatHistogram>(
                                             to_model(*value.histogram))});
    } else {
      series.floats.push_back({time, value.number});
    }
  }
  return series;
}

}  // namespace

Result<QueryResult> oracle_query(const OracleData& data, std::string_view query,
                                 const OracleTimes& times,
                                 const query::EngineOptions& options,
                                 double noise) {
  const auto parsed = promql::parse(query, options.parse);
  if (!parsed) return fail(promql::to_error(parsed.error()));
  const bool instant = times.step_ms == 0;
  const promql::ValueType type = (*parsed)->type;
  if (!instant && (type == promql::ValueType::kString ||
                   type == promql::ValueType::kMatrix)) {
    return fail(Code::kBadData, "invalid expression type for range query");
  }
  const OracleOptions with{
      options.delayed_name_removal, options.use_start_timestamps,
      options.type_and_unit_labels, options.lookback_ms,
      options.subquery_step_ms,     noise};
  OracleAnswer answer = oracle_evaluate(**parsed, data, times, with);
  if (!answer.open.empty()) return fail(Code::kNo, answer.open);
  if (!answer.error.empty()) return fail(Code::kExecution, answer.error);
  QueryResult result;
  result.type = instant ? type : promql::ValueType::kMatrix;
  result.t_ms = times.start_ms;
  result.text = answer.text;
  result.warnings = texts(answer.warnings, query, "warning");
  result.infos = texts(answer.infos, query, "info");
  if (instant && type == promql::ValueType::kScalar) {
    result.scalar = {times.start_ms,
                     answer.series[Labels()][times.start_ms].number};
    return result;
  }
  if (instant && type == promql::ValueType::kVector) {
    for (const Labels& labels : answer.order) {
      result.series.push_back(series_of(labels, answer.series[labels]));
    }
    return result;
  }
  for (const auto& [labels, values] : answer.series) {
    result.series.push_back(series_of(labels, values));
  }
  return result;
}

// -- Comparing

namespace {

bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  // Different orders of addition cancel differently.
  constexpr double kRelative = 1e-8;
  constexpr double kAbsolute = 1e-8;
  return std::fabs(a - b) <=
         kAbsolute + kRelative * std::max(std::fabs(a), std::fabs(b));
}

bool near(const std::map<std::int32_t, double>& a,
          const std::map<std::int32_t, double>& b) {
  std::set<std::int32_t> indexes;
  for (const auto& [index, count] : a) indexes.insert(index);
  for (const auto& [index, count] : b) indexes.insert(index);
  return std::ranges::all_of(indexes, [&](std::int32_t index) {
    const auto x = a.find(index);
    const auto y = b.find(index);
    return near(x == a.end() ? 0 : x->second, y == b.end() ? 0 : y->second);
  });
}

bool near(const FloatHistogram& want, const FloatHistogram& got) {
  const OracleHistogram a = to_oracle(want);
  const OracleHistogram b = to_oracle(got);
  // Custom buckets have no zero bucket, so what 0 / 0 leaves there is nothing.
  return a.schema == b.schema && a.bounds == b.bounds &&
         near(a.zero_threshold, b.zero_threshold) &&
         (a.is_custom() || near(a.zero_count, b.zero_count)) &&
         near(a.count, b.count) && near(a.sum, b.sum) &&
         near(a.positive, b.positive) && near(a.negative, b.negative);
}

std::string difference(const Series& want, const Series& got) {
  const std::string name = want.labels.to_string();
  const auto at = [&](std::int64_t time) {
    return name + "@" + std::to_string(time);
  };
  for (const auto& p : want.floats) {
    const auto found =
        std::ranges::find(got.floats, p.t_ms, &query::FloatPoint::t_ms);
    if (found == got.floats.end()) return "nothing at " + at(p.t_ms);
    if (!near(p.value, found->value)) {
      return at(p.t_ms) + ": " + format_float(p.value) + " expected, got " +
             format_float(found->value);
    }
  }
  for (const auto& p : want.histograms) {
    const auto found =
        std::ranges::find(got.histograms, p.t_ms, &query::HistogramPoint::t_ms);
    if (found == got.histograms.end()) return "no histogram at " + at(p.t_ms);
    if (!near(*p.histogram, *found->histogram)) {
      return at(p.t_ms) + ": " + p.histogram->to_test_expression() +
             " expected, got " + found->histogram->to_test_expression();
    }
  }
  if (want.floats.size() != got.floats.size() ||
      want.histograms.size() != got.histograms.size()) {
    return "too many points in " + name;
  }
  return "";
}

std::set<std::string> comparable(const std::vector<std::string>& notes) {
  std::set<std::string> all;
  for (std::string text : notes) {
    // ", from buckets 1 to 2, …" and " (3 occurrences)" count.
    const auto place = text.rfind(" (");
    const std::string where =
        place == std::string::npos ? "" : text.substr(place);
    for (const char* begin : {", from buckets ", " occurrences)"}) {
      auto cut = text.find(begin);
      if (cut == std::string::npos) continue;
      if (begin[0] == ' ') cut = text.rfind(" (", cut);
      text = text.substr(0, cut) + where;
    }
    all.insert(text);
  }
  return all;
}

std::string difference(const std::vector<std::string>& want,
                       const std::vector<std::string>& got) {
  const auto a = comparable(want);
  const auto b = comparable(got);
  for (const std::string& text : a) {
    if (!b.contains(text)) return "missing note: " + text;
  }
  for (const std::string& text : b) {
    if (!a.contains(text)) return "unexpected note: " + text;
  }
  return "";
}

}  // namespace

std::string difference(const QueryResult& want, const QueryResult& got,
                       bool ordered) {
  if (want.type != got.type) return "another type";
  if (want.text != got.text) return "another text";
  if (want.type == promql::ValueType::kScalar &&
      !near(want.scalar.value, got.scalar.value)) {
    return "scalar " + format_float(want.scalar.value) + " expected, got " +
           format_float(got.scalar.value);
  }
  std::map<Labels, const Series*> by_labels;
  for (const Series& series : got.series) by_labels[series.labels] = &series;
  if (by_labels.size() != got.series.size()) return "a series comes twice";
  for (const Series& series : want.series) {
    const auto found = by_labels.find(series.labels);
    if (found == by_labels.end()) return "missing " + series.labels.to_string();
    std::string differs = difference(series, *found->second);
    if (!differs.empty()) return differs;
    by_labels.erase(found);
  }
  if (!by_labels.empty()) {
    return "unexpected " + by_labels.begin()->first.to_string();
  }
  for (std::size_t i = 0; ordered && i < want.series.size(); ++i) {
    if (want.series[i].labels != got.series[i].labels) {
      return "at place " + std::to_string(i) + " is " +
             got.series[i].labels.to_string() + " and not " +
             want.series[i].labels.to_string();
    }
  }
  return "";
}

std::string difference_of_notes(const QueryResult& want,
                                const QueryResult& got) {
  std::string differs = difference(want.warnings, got.warnings);
  return differs.empty() ? difference(want.infos, got.infos) : differs;
}

}  // namespace prom::test
