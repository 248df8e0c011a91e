#include "libprom/template/html_context.h"

#include <algorithm>

#include "libprom/base/letters.h"
#include "libprom/template/format.h"

namespace prom::templates {
namespace {

constexpr std::string_view kSpaces = " \t\n\f\r";

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}
bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool starts_with_word(std::string_view text, std::string_view lower_word) {
  return text.size() >= lower_word.size() &&
         to_lower(text.substr(0, lower_word.size())) == lower_word;
}

// Elements whose content is not HTML.
bool is_raw_element(std::string_view tag) {
  return tag == "script" || tag == "style" || tag == "textarea" ||
         tag == "title";
}

std::string value_text(const Value& value) {
  return value.is_nil() ? std::string() : to_text(value);
}

Trust trust_of(const Value& value) {
  return value.kind() == Value::Kind::kString ? value.as_text().trust
                                              : Trust::kNone;
}

// Moves `size` bytes from the front of `text` to `out`.
void copy(std::string& out, std::string_view& text, std::size_t size) {
  out += text.substr(0, size);
  text.remove_prefix(std::min(size, text.size()));
}

std::size_t name_size(std::string_view text) {
  return std::min(text.find_first_of(" \t\n\f\r=>/\"'<"), text.size());
}

}  // namespace

void HtmlContext::append_literal(std::string& out, std::string_view text) {
  while (!text.empty()) {
    switch (state_) {
      case State::kText:
        take_text(out, text);
        break;
      case State::kTagName:
        take_tag_name(out, text);
        break;
      case State::kTag:
        take_tag(out, text);
        break;
      case State::kAttrName:
        take_attr_name(out, text);
        break;
      case State::kAfterName:
        take_after_name(out, text);
        break;
      case State::kBeforeValue:
        take_before_value(out, text);
        break;
      case State::kAttrValue:
        take_attr_value(out, text);
        break;
      case State::kElementBody:
        take_element_body(out, text);
        break;
      case State::kComment:
        take_until("-->", false, out, text);
        break;
      case State::kDeclaration:
        take_until(">", true, out, text);
        break;
    }
  }
}

void HtmlContext::take_until(std::string_view end, bool shown, std::string& out,
                             std::string_view& text) {
  const std::size_t at = text.find(end);
  const std::size_t size =
      at == std::string_view::npos ? text.size() : at + end.size();
  if (at != std::string_view::npos) state_ = State::kText;
  if (shown) out += text.substr(0, size);
  text.remove_prefix(size);
}

void HtmlContext::take_text(std::string& out, std::string_view& text) {
  copy(out, text, std::min(text.find('<'), text.size()));
  if (text.empty()) return;
  closing_ = text.starts_with("</");
  const std::size_t name = closing_ ? 2 : 1;
  if (text.size() > name && is_ascii_letter(text[name])) {
    copy(out, text, name);
    state_ = State::kTagName;
    tag_.clear();
  } else if (text.starts_with("<!--")) {
    text.remove_prefix(4);
    state_ = State::kComment;
  } else if (starts_with_word(text, "<!doctype")) {
    copy(out, text, 1);
    state_ = State::kDeclaration;
  } else {
    out += "&lt;";
    text.remove_prefix(1);
  }
}

void HtmlContext::take_tag_name(std::string& out, std::string_view& text) {
  const std::size_t size = name_size(text);
  tag_ += to_lower(text.substr(0, size));
  copy(out, text, size);
  if (!text.empty()) state_ = State::kTag;
}

void HtmlContext::take_tag(std::string& out, std::string_view& text) {
  const char c = text.front();
  if (c == '>') {
    copy(out, text, 1);
    end_tag();
  } else if (is_space(c) || c == '/') {
    copy(out, text, 1);
  } else {
    attribute_.clear();
    state_ = State::kAttrName;
    // Whatever begins a name is part of it, even "=" or a quote.
    attribute_ += c;
    copy(out, text, 1);
  }
}

void HtmlContext::end_tag() {
  state_ = State::kText;
  if (closing_ || !is_raw_element(tag_)) return;
  state_ = State::kElementBody;
  kind_ = tag_ == "script"  ? ContentKind::kScript
          : tag_ == "style" ? ContentKind::kStyle
                            : ContentKind::kText;
  code_.begin(kind_ == ContentKind::kScript);
}

void HtmlContext::take_attr_name(std::string& out, std::string_view& text) {
  const std::size_t size = name_size(text);
  attribute_ += to_lower(text.substr(0, size));
  copy(out, text, size);
  if (!text.empty()) state_ = State::kAfterName;
}

void HtmlContext::take_after_name(std::string& out, std::string_view& text) {
  const char c = text.front();
  if (is_space(c)) return copy(out, text, 1);
  if (c != '=') {
    state_ = State::kTag;
    return;
  }
  copy(out, text, 1);
  state_ = State::kBeforeValue;
}

void HtmlContext::take_before_value(std::string& out, std::string_view& text) {
  const char c = text.front();
  if (is_space(c)) return copy(out, text, 1);
  if (c == '>') {
    state_ = State::kTag;
    return;
  }
  const bool quoted = c == '"' || c == '\'';
  begin_value(quoted ? c : '\0');
  if (quoted) copy(out, text, 1);
}

void HtmlContext::begin_value(char quote) {
  state_ = State::kAttrValue;
  quote_ = quote;
  kind_ = attribute_kind(attribute_);
  url_part_ = UrlPart::kStart;
  code_.begin(kind_ == ContentKind::kScript);
}

void HtmlContext::take_attr_value(std::string& out, std::string_view& text) {
  const std::size_t end =
      quote_ == '\0' ? text.find_first_of(" \t\n\f\r>") : text.find(quote_);
  const bool ends = end != std::string_view::npos;
  const std::size_t size = ends ? end : text.size();
  follow_content(text.substr(0, size));
  copy(out, text, size);
  if (!ends) return;
  if (quote_ != '\0') copy(out, text, 1);
  state_ = State::kTag;
}

// Up to the end tag, which alone ends such an element.
void HtmlContext::take_element_body(std::string& out, std::string_view& text) {
  const std::string end = "</" + tag_;
  std::size_t size = 0;
  while (size < text.size() && !starts_with_word(text.substr(size), end))
    size = std::min(text.find('<', size + 1), text.size());
  follow_content(text.substr(0, size));
  copy(out, text, size);
  if (text.empty()) return;
  copy(out, text, 2);
  closing_ = true;
  tag_.clear();
  state_ = State::kTagName;
}

void HtmlContext::follow_content(std::string_view text) {
  if (text.empty()) return;
  switch (kind_) {
    case ContentKind::kUrl:
      if (text.find_first_of("?#") != std::string_view::npos) {
        url_part_ = UrlPart::kQuery;
      } else if (url_part_ == UrlPart::kStart) {
        url_part_ = UrlPart::kPath;
      }
      break;
    case ContentKind::kStyle:
    case ContentKind::kScript:
      code_.follow(text);
      break;
    case ContentKind::kText:
    case ContentKind::kSrcset:
    case ContentKind::kHtml:
      break;
  }
}

// ---- values

Status HtmlContext::append_value(std::string& out, const Value& value) {
  switch (state_) {
    case State::kText:
      out += trust_of(value) == Trust::kHtml
                 ? value.as_string()
                 : escape_html_text(value_text(value));
      return {};
    case State::kComment:
      return {};
    case State::kDeclaration:
    case State::kTagName:
    case State::kTag:
    case State::kAttrName:
    case State::kAfterName:
      return append_in_tag(out, value);
    case State::kBeforeValue:
      begin_value('\0');
      break;
    case State::kAttrValue:
    case State::kElementBody:
      break;
  }
  auto text = content(value);
  if (!text) return fail(std::move(text).error());
  if (state_ == State::kElementBody) {
    out += kind_ != ContentKind::kText       ? *text
           : trust_of(value) == Trust::kHtml ? escape_html_normal(*text)
                                             : escape_html_text(*text);
  } else if (quote_ == '\0') {
    out += escape_html_unquoted(*text);
  } else if (kind_ == ContentKind::kText && trust_of(value) == Trust::kHtml) {
    out += escape_html_normal(strip_tags(*text));
  } else {
    out += escape_html_text(*text);
  }
  return {};
}

// A value can be an attribute or a part of its name, but no element.
Status HtmlContext::append_in_tag(std::string& out, const Value& value) {
  if (state_ == State::kTagName || state_ == State::kDeclaration)
    return fail(Code::kBadData,
                "html: a value cannot be escaped in the name of a tag");
  if (state_ != State::kAttrName) attribute_.clear();
  const std::string name = filter_attribute_name(value_text(value));
  out += name;
  attribute_ += name;
  state_ = State::kAttrName;
  return {};
}

// The value made harmless for the kind of content; the caller escapes it for
// the attribute or the element around it.
Result<std::string> HtmlContext::content(const Value& value) const {
  const Trust trust = trust_of(value);
  switch (kind_) {
    case ContentKind::kText:
      return value_text(value);
    case ContentKind::kHtml:
      return trust == Trust::kHtml ? value.as_string()
                                   : escape_html_text(value_text(value));
    case ContentKind::kUrl:
      return escape_url(value_text(value), url_part_, trust == Trust::kUrl);
    case ContentKind::kSrcset:
      return filter_srcset(value_text(value));
    case ContentKind::kStyle:
    case ContentKind::kScript:
      return code_content(value);
  }
  return std::string(kUnsafe);
}

Result<std::string> HtmlContext::code_content(const Value& value) const {
  const bool is_script = kind_ == ContentKind::kScript;
  switch (code_.place()) {
    case CodeTracker::Place::kCode:
      if (is_script) return escape_js_value(value);
      return filter_css(value_text(value));
    case CodeTracker::Place::kString:
      return is_script ? escape_js_string(value_text(value))
                       : escape_css_string(value_text(value));
    case CodeTracker::Place::kUrl:
      return filter_srcset(value_text(value));
    case CodeTracker::Place::kLineComment:
    case CodeTracker::Place::kBlockComment:
      return std::string();
    case CodeTracker::Place::kUnknown:
      break;
  }
  return fail(Code::kBadData,
              "html: it is not certain how to escape a value at this place of "
              "a script or style");
}

}  // namespace prom::templates
