#include <algorithm>
#include <array>
#include <cmath>

#include "libprom/base/duration.h"
#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/template/escape.h"
#include "libprom/template/functions.h"
#include "libprom/template/host.h"
#include "libprom/template/humanize.h"
#include "libprom/template/text_functions.h"

namespace prom::templates {
namespace {

using Arguments = std::span<const Value>;

std::unexpected<Error> bad(std::string message) {
  return fail(Code::kBadData, std::move(message));
}

// ---- query results

Result<Value> query(Arguments arguments, const Environment& environment) {
  if (!environment.query) return bad("there is nothing to query here");
  return environment.query(arguments[0].as_string());
}

Result<Value> first(Arguments arguments, const Environment& /*environment*/) {
  if (arguments[0].is_nil() || arguments[0].as_list().items.empty())
    return bad("first() called on vector with no elements");
  return arguments[0].as_list().items.front();
}

std::string label_of(const Value& sample, const std::string& name) {
  if (sample.is_nil()) return {};
  const Object::Field* labels = sample.as_object().find_field("Labels");
  if (labels == nullptr) return {};
  const auto& entries = labels->value.as_map().entries;
  const auto found = entries.find(name);
  return found == entries.end() ? std::string() : found->second.as_string();
}

Result<Value> sort_by_label(Arguments arguments,
                            const Environment& /*environment*/) {
  if (arguments[1].is_nil()) return arguments[1];
  const std::string& name = arguments[0].as_string();
  List sorted = arguments[1].as_list();
  std::ranges::stable_sort(sorted.items, {}, [&](const Value& sample) {
    return label_of(sample, name);
  });
  return Value::list(std::move(sorted));
}

Result<Value> sample_value(Arguments arguments,
                           const Environment& /*environment*/) {
  if (arguments[0].is_nil()) return bad("value() called on no sample");
  const Object::Field* value = arguments[0].as_object().find_field("Value");
  return value == nullptr ? Value() : value->value;
}

Result<Value> args(Arguments arguments, const Environment& /*environment*/) {
  Map map;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    map.entries.emplace("arg" + std::to_string(i), arguments[i]);
  return Value::map(std::move(map));
}

// ---- numbers

template <std::string (*kFormat)(double)>
Result<Value> humanized(Arguments arguments,
                        const Environment& /*environment*/) {
  const auto number = to_number(arguments[0]);
  if (!number) return fail(number.error());
  return Value::string(kFormat(*number));
}

Result<Value> timestamp(Arguments arguments,
                        const Environment& /*environment*/) {
  const auto number = to_number(arguments[0]);
  if (!number) return fail(number.error());
  auto text = humanize_timestamp(*number);
  if (!text) return fail(std::move(text).error());
  return Value::string(std::move(*text));
}

Result<Value> to_time(Arguments arguments, const Environment& /*environment*/) {
  const auto number = to_number(arguments[0]);
  if (!number) return fail(number.error());
  auto time = time_of_seconds(*number);
  if (!time) return fail(std::move(time).error());
  return Value::time(std::move(*time));
}

Result<Value> to_duration(Arguments arguments,
                          const Environment& /*environment*/) {
  const auto number = to_number(arguments[0]);
  if (!number) return fail(number.error());
  const double ns = *number * 1e9;
  // Go's conversion of what does not fit is the smallest integer on amd64.
  const bool fits = ns >= -0x1p63 && ns < 0x1p63;
  return Value::duration({fits ? static_cast<std::int64_t>(ns) : INT64_MIN});
}

Result<Value> duration_seconds(Arguments arguments,
                               const Environment& /*environment*/) {
  std::string_view text = arguments[0].as_string();
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto ms = parse_duration_ms(text);
  if (!ms) return fail(ms.error());
  const double seconds = static_cast<double>(*ms) / 1000;
  return Value::number(negative ? -seconds : seconds);
}

// ---- texts

template <std::string (*kConvert)(std::string_view)>
Result<Value> converted(Arguments arguments,
                        const Environment& /*environment*/) {
  return Value::string(kConvert(arguments[0].as_string()));
}

std::string title(std::string_view text) {
  return to_title(text, false);
}

// A link to the expression browser.
std::string expression_link(std::string_view expression, int tab) {
  return "/graph?g0.expr=" + url_query_escape(expression) +
         "&g0.tab=" + std::to_string(tab);
}

constexpr std::array kFunctions = {
    Function{"args", "a*", args},
    Function{"externalURL", "",
             [](Arguments, const Environment& environment) -> Result<Value> {
               return Value::string(environment.external_url);
             }},
    Function{"first", "q", first},
    Function{"graphLink", "s",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(
                   expression_link(arguments[0].as_string(), 0));
             }},
    Function{"humanize", "a", humanized<humanize>},
    Function{"humanize1024", "a", humanized<humanize_1024>},
    Function{"humanizeDuration", "a", humanized<humanize_duration>},
    Function{"humanizePercentage", "a", humanized<humanize_percentage>},
    Function{"humanizeTimestamp", "a", timestamp},
    Function{"label", "sp",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(
                   label_of(arguments[1], arguments[0].as_string()));
             }},
    Function{"match", "ss", match_text},
    Function{"now", "",
             [](Arguments, const Environment& environment) -> Result<Value> {
               return Value::number(static_cast<double>(environment.now_ms) /
                                    1000);
             }},
    Function{"parseDuration", "s", duration_seconds},
    Function{"pathPrefix", "",
             [](Arguments, const Environment& environment) -> Result<Value> {
               return Value::string(url_path(environment.external_url));
             }},
    Function{"query", "s", query},
    Function{"reReplaceAll", "sss", replace_text},
    Function{"safeHtml", "s", trust_html},
    Function{"sortByLabel", "sq", sort_by_label},
    Function{"stripDomain", "s", converted<strip_domain>},
    Function{"stripPort", "s", converted<strip_port>},
    Function{"strvalue", "p",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(label_of(arguments[0], "__value__"));
             }},
    Function{"tableLink", "s",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(
                   expression_link(arguments[0].as_string(), 1));
             }},
    Function{"title", "s", converted<title>},
    Function{"toDuration", "a", to_duration},
    Function{"toLower", "s", converted<to_lower>},
    Function{"toTime", "a", to_time},
    Function{"toUpper", "s", converted<to_upper>},
    Function{"urlQueryEscape", "s", converted<url_query_escape>},
    Function{"value", "p", sample_value},
};

}  // namespace

const Functions& prometheus_functions() {
  static const Functions functions({kFunctions});
  return functions;
}

}  // namespace prom::templates
