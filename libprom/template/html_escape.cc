#include "libprom/template/html_escape.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "libprom/base/letters.h"
#include "libprom/base/utf8.h"
#include "libprom/template/escape.h"
#include "libprom/template/json.h"

namespace prom::templates {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

std::string_view html_replacement(char c) {
  switch (c) {
    case '\0':
      return "\uFFFD";
    case '"':
      return "&#34;";
    case '&':
      return "&amp;";
    case '\'':
      return "&#39;";
    case '+':
      return "&#43;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    default:
      return {};
  }
}

std::string_view unquoted_replacement(char c) {
  switch (c) {
    case '\0':
      return "&#xfffd;";
    case '\t':
      return "&#9;";
    case '\n':
      return "&#10;";
    case '\v':
      return "&#11;";
    case '\f':
      return "&#12;";
    case '\r':
      return "&#13;";
    case ' ':
      return "&#32;";
    case '=':
      return "&#61;";
    case '`':
      return "&#96;";
    default:
      return html_replacement(c);
  }
}

bool is_one_of(std::string_view word,
               std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// http, https, mailto, or relative.
bool is_safe_url(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos) return true;
  const std::string_view scheme = url.substr(0, colon);
  if (scheme.find('/') != std::string_view::npos) return true;
  return is_one_of(to_lower(scheme), {"http", "https", "mailto"});
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
         (c >= 'A' && c <= 'F');
}

// Percent-encodes what may not stand in a URL; an encoded byte stays.
std::string normalize_url(std::string_view text) {
  constexpr std::string_view kReserved = "!#$&*+,/:;=?@[]";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool encoded = c == '%' && i + 2 < text.size() &&
                         is_hex(text[i + 1]) && is_hex(text[i + 2]);
    if (is_url_unreserved(c) || encoded ||
        kReserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      append_percent(out, c, false);
    }
  }
  return out;
}

std::string encode_url(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_url_unreserved(c)) {
      out += c;
    } else {
      append_percent(out, c, false);
    }
  }
  return out;
}

}  // namespace

ContentKind attribute_kind(std::string_view name) {
  if (name.starts_with("data-")) {
    name.remove_prefix(5);
  } else if (const std::size_t colon = name.find(':');
             colon != std::string_view::npos) {
    if (name.substr(0, colon) == "xmlns") return ContentKind::kUrl;
    name.remove_prefix(colon + 1);
  }
  if (name == "style") return ContentKind::kStyle;
  if (name == "srcdoc") return ContentKind::kHtml;
  if (is_one_of(name, {"srcset", "imagesrcset"})) return ContentKind::kSrcset;
  if (name.starts_with("on")) return ContentKind::kScript;
  if (is_one_of(name, {"action", "archive", "background", "cite", "classid",
                       "codebase", "data", "formaction", "href", "icon",
                       "longdesc", "manifest", "ping", "poster", "profile",
                       "src", "usemap", "xmlns"}))
    return ContentKind::kUrl;
  // Custom attributes named after what they hold.
  for (const std::string_view part : {"src", "uri", "url"})
    if (name.find(part) != std::string_view::npos) return ContentKind::kUrl;
  return ContentKind::kText;
}

std::string escape_html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const std::string_view replacement = html_replacement(c);
    replacement.empty() ? out += c : out += replacement;
  }
  return out;
}

std::string escape_html_normal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const std::string_view replacement =
        c == '&' ? std::string_view() : html_replacement(c);
    replacement.empty() ? out += c : out += replacement;
  }
  return out;
}

std::string escape_html_unquoted(std::string_view text) {
  // An empty value would let the next attribute become the value.
  if (text.empty()) return std::string(kUnsafe);
  std::string out;
  for (const char c : text) {
    const std::string_view replacement = unquoted_replacement(c);
    replacement.empty() ? out += c : out += replacement;
  }
  return out;
}

std::string strip_tags(std::string_view html) {
  std::string out;
  while (true) {
    const std::size_t open = html.find('<');
    out += html.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = html.find('>', open);
    if (close == std::string_view::npos) return out;
    html.remove_prefix(close + 1);
  }
}

std::string filter_attribute_name(std::string_view text) {
  std::string name = to_lower(text);
  if (name.empty() || attribute_kind(name) != ContentKind::kText ||
      !std::ranges::all_of(name, is_alphanumeric))
    return std::string(kUnsafe);
  return name;
}

std::string escape_url(std::string_view text, UrlPart part, bool trusted) {
  if (part == UrlPart::kQuery)
    return trusted ? normalize_url(text) : encode_url(text);
  if (part == UrlPart::kStart && !trusted && !is_safe_url(text))
    return "#" + std::string(kUnsafe);
  return normalize_url(text);
}

std::string filter_srcset(std::string_view text) {
  // One URL only: a comma or a space in a label must not add another.
  if (!is_safe_url(text)) return "#" + std::string(kUnsafe);
  std::string out;
  for (const char c : normalize_url(text)) {
    if (c == ',') {
      out += "%2c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string filter_css(std::string_view text) {
  constexpr std::string_view kForbidden("\0\"'()/;@[\\]`{}<>", 16);
  if (text.find_first_of(kForbidden) != std::string_view::npos ||
      text.find("--") != std::string_view::npos)
    return std::string(kUnsafe);
  std::string letters;
  for (const char c : to_lower(text))
    if (is_alphanumeric(c)) letters += c;
  if (letters.find("expression") != std::string::npos ||
      letters.find("mozbinding") != std::string::npos)
    return std::string(kUnsafe);
  return std::string(text);
}

std::string escape_css_string(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alphanumeric(c) || byte >= 0x80) {
      out += c;
      continue;
    }
    std::array<char, 8> code{};
    std::snprintf(code.data(), code.size(), "\\%x ", byte);
    out += code.data();
  }
  return out;
}

std::string escape_js_string(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const std::string_view bytes = text.substr(0, point.size);
    text.remove_prefix(point.size);
    const bool harmless =
        point.value < 0x80
            ? is_alphanumeric(bytes[0]) || bytes[0] == ' ' || bytes[0] == '_' ||
                  bytes[0] == '.' || bytes[0] == ','
            : point.value != 0x2028 && point.value != 0x2029 &&
                  is_printable(point.value);
    if (harmless) {
      append_utf8(out, point.value);
      continue;
    }
    // Beyond 16 bits nothing is left that is not printable.
    std::array<char, 16> code{};
    std::snprintf(code.data(), code.size(), "\\u%04x", point.value & 0xFFFFU);
    out += code.data();
  }
  return out;
}

Result<std::string> escape_js_value(const Value& value) {
  if (value.kind() == Value::Kind::kString)
    return "\"" + escape_js_string(value.as_string()) + "\"";
  auto json = to_json(value);
  if (!json) return json;
  // Line separators end a statement in old JavaScript; json.h escaped < > &.
  std::string out;
  for (std::size_t i = 0; i < json->size(); ++i) {
    if (json->compare(i, 3, "\u2028") == 0 ||
        json->compare(i, 3, "\u2029") == 0) {
      out += json->compare(i, 3, "\u2028") == 0 ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += (*json)[i];
    }
  }
  return " " + out + " ";
}

// ---- CodeTracker

void CodeTracker::follow(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (place_) {
      case Place::kCode:
        follow_code(text, at);
        break;
      case Place::kString:
      case Place::kUrl:
        follow_string(text, at);
        break;
      case Place::kLineComment:
        if (text[at] == '\n' || text[at] == '\r') place_ = Place::kCode;
        break;
      case Place::kBlockComment:
        if (text.substr(at).starts_with("*/")) {
          ++at;
          place_ = Place::kCode;
        }
        break;
      case Place::kUnknown:
        return;
    }
  }
}

void CodeTracker::follow_code(std::string_view text, std::size_t& at) {
  const std::string_view rest = text.substr(at);
  const char c = rest[0];
  if (c == '"' || c == '\'') {
    place_ = Place::kString;
    quote_ = c;
  } else if (rest.starts_with("/*")) {
    ++at;
    place_ = Place::kBlockComment;
  } else if (is_script_ &&
             (rest.starts_with("//") || rest.starts_with("<!--") ||
              rest.starts_with("-->"))) {
    place_ = Place::kLineComment;
  } else if (c == '&' || (is_script_ ? c == '/' || c == '`' : c == '\\')) {
    // An entity in an attribute, a regular expression or a template literal, or
    // an escape: from here on it is not certain what is a string.
    place_ = Place::kUnknown;
  } else if (!is_script_ && to_lower(rest.substr(0, 4)) == "url(") {
    at += 3;
    while (at + 1 < text.size() &&
           (text[at + 1] == ' ' || text[at + 1] == '\t'))
      ++at;
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    quote_ = next == '"' || next == '\'' ? next : ')';
    if (quote_ != ')') ++at;
    place_ = Place::kUrl;
  }
}

void CodeTracker::follow_string(std::string_view text, std::size_t& at) {
  if (text[at] == '\\') {
    // An escape that the chunk cuts in two cannot be followed.
    if (at + 1 >= text.size()) place_ = Place::kUnknown;
    ++at;
  } else if (text[at] == quote_) {
    place_ = Place::kCode;
  } else if (text[at] == '&' || text[at] == '\n') {
    place_ = Place::kUnknown;
  }
}

}  // namespace prom::templates
