// Where in an HTML document the output of a template stands, so that what an
// action prints is escaped for that place: text, attribute, URL, style, script.
//
// html/template finds the contexts by analysing the template before it runs.
// Here the literal text is followed while it is written, which needs no
// analysis, and gives the same contexts: an escaped value never changes the
// context, so only literal text does.  What stands where nothing can be made
// safe (a tag's name, a regular expression) fails the execution.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/template/html_escape.h"
#include "libprom/template/value.h"

namespace prom::templates {

class HtmlContext {
 public:
  // Appends literal text of the template to `out`, without comments and with a
  // `<` that begins no tag escaped, and moves on.
  void append_literal(std::string& out, std::string_view text);
  // Appends what an action prints.
  Status append_value(std::string& out, const Value& value);

 private:
  enum class State : std::uint8_t {
    kText,
    kTagName,
    kTag,  // between attributes
    kAttrName,
    kAfterName,  // of an attribute
    kBeforeValue,
    kAttrValue,
    kElementBody,  // script, style, textarea, title
    kComment,
    kDeclaration,  // <!DOCTYPE …>
  };

  // Each takes a piece off the front of `text`, at least one byte, and appends
  // to `out` what is to be written for it.
  void take_text(std::string& out, std::string_view& text);
  void take_tag_name(std::string& out, std::string_view& text);
  void take_tag(std::string& out, std::string_view& text);
  void take_attr_name(std::string& out, std::string_view& text);
  void take_after_name(std::string& out, std::string_view& text);
  void take_before_value(std::string& out, std::string_view& text);
  void take_attr_value(std::string& out, std::string_view& text);
  void take_element_body(std::string& out, std::string_view& text);
  void take_until(std::string_view end, bool shown, std::string& out,
                  std::string_view& text);
  void begin_value(char quote);
  void end_tag();
  void follow_content(std::string_view text);
  [[nodiscard]] Result<std::string> content(const Value& value) const;
  [[nodiscard]] Result<std::string> code_content(const Value& value) const;
  Status append_in_tag(std::string& out, const Value& value);

  State state_ = State::kText;
  std::string tag_;                        // name, lower case
  bool closing_ = false;                   // </tag
  std::string attribute_;                  // name, lower case
  char quote_ = '\0';                      // around the value; NUL: none
  ContentKind kind_ = ContentKind::kText;  // of the value or body
  UrlPart url_part_ = UrlPart::kStart;
  CodeTracker code_;  // style and script
};

}  // namespace prom::templates
