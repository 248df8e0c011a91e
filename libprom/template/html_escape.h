// Escaping by kind of content, for html_context.h: what Go's html/template
// does with a value in each context.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/template/value.h"

namespace prom::templates {

// Stands for a value that would be dangerous in its place.
constexpr std::string_view kUnsafe = "ZgotmplZ";

enum class ContentKind : std::uint8_t {
  kText,  // HTML text or a plain attribute
  kUrl,
  kSrcset,  // URLs with widths
  kStyle,
  kScript,
  kHtml,  // an attribute with a document in it: srcdoc
};
// What the value of an attribute is, by its name in lower case.
ContentKind attribute_kind(std::string_view name);

enum class UrlPart : std::uint8_t { kStart, kPath, kQuery };

std::string escape_html_text(std::string_view text);
// Like the one above but leaves entities alone: for content that is HTML.
std::string escape_html_normal(std::string_view text);
std::string escape_html_unquoted(std::string_view text);
std::string strip_tags(std::string_view html);

// A name of an attribute out of a value: letters and digits, and nothing whose
// value would be code or a URL.
std::string filter_attribute_name(std::string_view text);
std::string escape_url(std::string_view text, UrlPart part, bool trusted);
std::string filter_srcset(std::string_view text);
// A value for style outside of strings.
std::string filter_css(std::string_view text);
std::string escape_css_string(std::string_view text);
Result<std::string> escape_js_value(const Value& value);
std::string escape_js_string(std::string_view text);

// Follows CSS or JavaScript to know whether a value stands in a string.
class CodeTracker {
 public:
  enum class Place : std::uint8_t {
    kCode,
    kString,
    kUrl,  // url(…) of CSS, quoted or not
    kLineComment,
    kBlockComment,
    kUnknown,  // after what could be a regular expression or a template literal
  };
  void begin(bool is_script) {
    *this = CodeTracker();
    is_script_ = is_script;
  }
  void follow(std::string_view text);
  [[nodiscard]] Place place() const { return place_; }

 private:
  void follow_code(std::string_view text, std::size_t& at);
  void follow_string(std::string_view text, std::size_t& at);

  bool is_script_ = false;
  Place place_ = Place::kCode;
  char quote_ = '\0';
};

}  // namespace prom::templates
