#include "libprom/template/text_functions.h"

#include "libprom/base/utf8.h"
#include "libprom/model/search_regex.h"
#include "libprom/template/format.h"

namespace prom::templates {

Result<Value> match_text(std::span<const Value> arguments,
                         const Environment& /*environment*/) {
  const auto regex = SearchRegex::compile(arguments[0].as_string());
  if (!regex)
    return fail(Code::kBadData,
                "error parsing regexp: " + regex.error().message);
  return Value::boolean(regex->found_in(arguments[1].as_string()));
}

Result<Value> replace_text(std::span<const Value> arguments,
                           const Environment& /*environment*/) {
  const std::string& pattern = arguments[0].as_string();
  const auto regex = SearchRegex::compile(pattern);
  if (!regex)
    return fail(Code::kBadData,
                "regexp: Compile(" + quote(pattern) +
                    "): error parsing regexp: " + regex.error().message);
  return Value::string(regex->replace_all(
      arguments[2].as_string(), arguments[1].as_string(), kFormattedBytesMax));
}

Result<Value> trust_html(std::span<const Value> arguments,
                         const Environment& /*environment*/) {
  return Value::trusted(arguments[0].as_string(), Trust::kHtml);
}

}  // namespace prom::templates
