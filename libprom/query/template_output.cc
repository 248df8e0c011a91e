#include "libprom/query/template_output.h"

#include <map>
#include <utility>
#include <vector>

#include "libprom/promql/parser.h"
#include "libprom/template/template.h"

namespace prom::query {
namespace {

using templates::QuerySample;
using templates::Value;

QuerySample sample_of(const Series& series) {
  QuerySample sample;
  for (const auto& [name, value] : series.labels)
    sample.labels.emplace(name, value);
  if (!series.floats.empty()) {
    sample.value = Value::number(series.floats.back().value);
  } else if (!series.histograms.empty()) {
    sample.value =
        Value::string(series.histograms.back().histogram->to_string());
  }
  return sample;
}

Value value_of(const QueryResult& result) {
  std::vector<QuerySample> samples;
  if (result.type == promql::ValueType::kScalar) {
    samples.push_back(
        {.labels = {}, .value = Value::number(result.scalar.value)});
  } else if (result.type == promql::ValueType::kString) {
    samples.push_back({.labels = {}, .value = Value::string(result.text)});
  }
  samples.reserve(result.series.size());
  for (const Series& series : result.series)
    samples.push_back(sample_of(series));
  return templates::query_result(std::move(samples));
}

std::int64_t time_of(const QueryResult& result, const Inputs& inputs) {
  return result.t_ms != 0 ? result.t_ms : inputs.now_ms;
}

}  // namespace

Result<std::string> expand_template(std::string_view text,
                                    const QueryResult& result,
                                    const Inputs& inputs,
                                    const EngineOptions& engine) {
  templates::ExecuteOptions options;
  options.environment.now_ms = time_of(result, inputs);
  options.environment.query =
      [&](std::string_view expression) -> Result<Value> {
    const auto expr = promql::parse(expression, engine.parse);
    if (!expr) return fail(promql::to_error(expr.error()));
    const auto answer = query_instant(inputs, **expr, expression,
                                      options.environment.now_ms, engine);
    if (!answer) return fail(answer.error());
    return value_of(*answer);
  };
  const templates::TemplateSet set(templates::prometheus_functions());
  return set.expand(text, value_of(result), options);
}

}  // namespace prom::query
