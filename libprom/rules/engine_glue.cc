#include "libprom/rules/engine_glue.h"

#include "libprom/os/log.h"

namespace prom::rules {
namespace {

Result<std::vector<Element>> elements_of(query::QueryResult result) {
  std::vector<Element> elements;
  if (result.type == promql::ValueType::kScalar) {
    elements.push_back({Labels(), result.scalar.value});
    return elements;
  }
  if (result.type != promql::ValueType::kVector)
    return fail(Code::kBadData, "rule result is not a vector or scalar");
  elements.reserve(result.series.size());
  for (query::Series& series : result.series) {
    if (!series.floats.empty())
      elements.push_back(
          {std::move(series.labels), series.floats.front().value});
    else if (!series.histograms.empty())
      elements.push_back({std::move(series.labels), 0,
                          std::move(series.histograms.front().histogram)});
  }
  return elements;
}

}  // namespace

Evaluate make_evaluate(std::shared_ptr<const query::Source> source,
                       const query::EngineOptions& options) {
  return [source = std::move(source), options](
             const Expression& expression,
             std::int64_t t_ms) -> Result<std::vector<Element>> {
    auto result = query::instant(*source, *expression.tree, expression.text,
                                 t_ms, options);
    if (!result) return fail(std::move(result).error());
    for (const std::string& warning : result->warnings)
      os::log_warn("query warning",
                   {{"query", expression.text}, {"warning", warning}});
    return elements_of(std::move(*result));
  };
}

}  // namespace prom::rules
