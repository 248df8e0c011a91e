#include "libprom/rules/alert_template.h"

#include "libprom/promql/parser.h"

namespace prom::rules {
namespace {

std::map<std::string, std::string> to_map(const Labels& labels) {
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : labels) map.emplace(name, value);
  return map;
}

templates::Value value_of(const Element& element) {
  return element.histogram != nullptr
             ? templates::Value::string(element.histogram->to_string())
             : templates::Value::number(element.value);
}

Result<templates::Value> run_query(const TemplateContext& context,
                                   std::string_view text) {
  if (context.evaluate == nullptr)
    return fail(Code::kBadData, "there is nothing to query here");
  auto parsed = promql::parse(text, promql::ParseOptions::all());
  if (!parsed) return fail(promql::to_error(parsed.error()));
  const Expression expression{std::string(text), std::string(text),
                              std::move(*parsed)};
  auto elements = (*context.evaluate)(expression, context.t_ms);
  if (!elements) return fail(std::move(elements).error());
  std::vector<templates::QuerySample> samples;
  samples.reserve(elements->size());
  for (const Element& element : *elements)
    samples.push_back({to_map(element.labels), value_of(element)});
  return templates::query_result(std::move(samples));
}

}  // namespace

TemplatedText compile_text(std::string_view alert, std::string name,
                           std::string source) {
  TemplatedText text{std::move(name), std::move(source)};
  if (text.source.find("{{") == std::string::npos) return text;
  auto set = std::make_shared<templates::TemplateSet>(
      templates::prometheus_functions());
  const std::string template_name = "__alert_" + std::string(alert);
  const auto parsed =
      set->parse(template_name, std::string(kTemplatePreamble) + text.source);
  if (parsed) {
    text.compiled = std::move(set);
  } else {
    text.parse_error = "error parsing template " + template_name + ": " +
                       parsed.error().message;
  }
  return text;
}

AlertExpander::AlertExpander(const TemplateContext& context,
                             const Element& element)
    : context_(context) {
  using templates::Object;
  using templates::Value;
  data_ = Value::object(std::make_shared<templates::Record>(
      "struct { Labels map[string]string; ExternalLabels map[string]string; "
      "ExternalURL string; Value interface {} }",
      std::vector<Object::Field>{
          {"Labels", "Labels", Value::string_map(to_map(element.labels))},
          {"ExternalLabels", "ExternalLabels",
           Value::string_map(to_map(context.external_labels))},
          {"ExternalURL", "ExternalURL", Value::string(context.external_url)},
          {"Value", "Value", value_of(element)}}));
  options_.environment.now_ms = context.t_ms;
  options_.environment.external_url = context.external_url;
  options_.environment.query = [&context](std::string_view text) {
    return run_query(context, text);
  };
}

std::string AlertExpander::expand(std::string_view alert,
                                  const TemplatedText& text) {
  if (context_.expansions != nullptr) ++*context_.expansions;
  std::string error = text.parse_error;
  if (error.empty()) {
    if (text.compiled == nullptr) return text.source;
    const std::string name = "__alert_" + std::string(alert);
    auto expanded = text.compiled->execute(name, data_, options_);
    if (expanded) return std::move(*expanded);
    error = "error executing template " + name + ": " +
            std::move(expanded).error().message;
  }
  if (context_.failures != nullptr) ++*context_.failures;
  return "<error expanding template: " + error + ">";
}

}  // namespace prom::rules
