#include <algorithm>
#include <array>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/template/escape.h"
#include "libprom/template/functions.h"
#include "libprom/template/humanize.h"
#include "libprom/template/json.h"
#include "libprom/template/text_functions.h"
#include "libprom/template/time.h"

namespace prom::templates {
namespace {

using Arguments = std::span<const Value>;

std::unexpected<Error> bad(std::string message) {
  return fail(Code::kBadData, std::move(message));
}

template <std::string (*kConvert)(std::string_view)>
Result<Value> converted(Arguments arguments,
                        const Environment& /*environment*/) {
  return Value::string(kConvert(arguments[0].as_string()));
}

std::string title(std::string_view text) {
  return to_title(text, true);
}

std::string trim_space(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return std::string(
      text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin));
}

Result<Value> unescape(Arguments arguments,
                       const Environment& /*environment*/) {
  std::string wrong;
  auto text = url_query_unescape(arguments[0].as_string(), wrong);
  if (!text) return bad("invalid URL escape " + quote(wrong));
  return Value::string(std::move(*text));
}

Result<Value> decode_base64(Arguments arguments,
                            const Environment& /*environment*/) {
  std::size_t offset = 0;
  auto text = base64_url_decode(arguments[0].as_string(), offset);
  if (!text)
    return bad("illegal base64 data at input byte " + std::to_string(offset));
  return Value::string(std::move(*text));
}

// ---- lists and maps

Result<Value> join(Arguments arguments, const Environment& /*environment*/) {
  std::string text;
  const Value& list = arguments[1].plain();
  if (list.is_nil()) return Value::string("");
  bool first = true;
  for (const Value& item : list.as_list().items) {
    if (!first) text += arguments[0].as_string();
    first = false;
    text += item.as_string();
  }
  return Value::string(std::move(text));
}

Result<Value> string_slice(Arguments arguments,
                           const Environment& /*environment*/) {
  List list{.type = "[]string"};
  list.items.assign(arguments.begin(), arguments.end());
  return Value::list(std::move(list));
}

Result<Value> make_list(Arguments arguments,
                        const Environment& /*environment*/) {
  return Value::list(std::vector<Value>(arguments.begin(), arguments.end()));
}

Result<Value> append(Arguments arguments, const Environment& /*environment*/) {
  List list;
  if (!arguments[0].is_nil()) list.items = arguments[0].as_list().items;
  list.items.insert(list.items.end(), arguments.begin() + 1, arguments.end());
  return Value::list(std::move(list));
}

Result<Value> dict(Arguments arguments, const Environment& /*environment*/) {
  if (arguments.size() % 2 != 0)
    return bad("dict requires an even number of arguments");
  Map map;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (arguments[i].kind() != Value::Kind::kString)
      return bad("dict keys must be strings");
    map.entries.insert_or_assign(arguments[i].as_string(), arguments[i + 1]);
  }
  return Value::map(std::move(map));
}

Result<Value> json(Arguments arguments, const Environment& /*environment*/) {
  auto text = to_json(arguments[0]);
  if (!text) return fail(std::move(text).error());
  return Value::string(std::move(*text));
}

// ---- times

Result<Value> parse_date(Arguments arguments,
                         const Environment& /*environment*/) {
  auto time = parse_time(arguments[0].as_string(), arguments[1].as_string());
  if (!time) return fail(std::move(time).error());
  return Value::time(std::move(*time));
}

Result<Value> parse_date_or_zero(Arguments arguments,
                                 const Environment& environment) {
  auto time = parse_date(arguments, environment);
  return time ? std::move(time) : Value::time(Time{});
}

Result<Value> zoned(Arguments arguments, const Environment& /*environment*/) {
  auto time = in_zone(arguments[1].as_time(), arguments[0].as_string());
  if (!time) return fail(std::move(time).error());
  return Value::time(std::move(*time));
}

Result<Value> duration_text(Arguments arguments,
                            const Environment& /*environment*/) {
  const auto seconds = to_number(arguments[0]);
  if (!seconds) return fail(seconds.error());
  return Value::string(humanize_duration(*seconds));
}

Result<Value> route_labels(Arguments arguments,
                           const Environment& environment) {
  if (!environment.route_label) return Value::string("");
  auto text = environment.route_label(arguments[0].as_string());
  if (!text) return fail(std::move(text).error());
  return Value::string(std::move(*text));
}

constexpr std::array kFunctions = {
    Function{"append", "la*", append},
    Function{"base64decode", "s", decode_base64},
    Function{"base64encode", "s", converted<base64_url_encode>},
    Function{"date", "st",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(format_time(arguments[1].as_time(),
                                                arguments[0].as_string()));
             }},
    Function{"dict", "a*", dict},
    Function{"humanizeDuration", "a", duration_text},
    Function{"join", "sz", join},
    Function{"list", "a*", make_list},
    Function{"match", "ss", match_text},
    Function{"mustToDate", "ss", parse_date},
    Function{"now", "",
             [](Arguments, const Environment& environment) -> Result<Value> {
               return Value::time(Time::from_ms(environment.now_ms));
             }},
    Function{"reReplaceAll", "sss", replace_text},
    Function{"routeLabels", "s", route_labels},
    Function{"safeHtml", "s", trust_html},
    Function{"safeUrl", "s",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::trusted(arguments[0].as_string(), Trust::kUrl);
             }},
    Function{"since", "t",
             [](Arguments arguments,
                const Environment& environment) -> Result<Value> {
               return Value::duration(difference(
                   Time::from_ms(environment.now_ms), arguments[0].as_time()));
             }},
    Function{"stringSlice", "s*", string_slice},
    Function{"title", "s", converted<title>},
    Function{"toDate", "ss", parse_date_or_zero},
    Function{"toJson", "a", json},
    Function{"toLower", "s", converted<to_lower>},
    Function{"toUpper", "s", converted<to_upper>},
    Function{"trimSpace", "s", converted<trim_space>},
    Function{"tz", "st", zoned},
    Function{"urlUnescape", "s", unescape},
};

}  // namespace

const Functions& alertmanager_functions() {
  static const Functions kAll({kFunctions});
  return kAll;
}

}  // namespace prom::templates
