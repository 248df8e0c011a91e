// Text made safe for HTML, JavaScript and URLs, as Go's packages do it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prom::templates {

// text/template's html: & < > ' " and NUL.
std::string html_escape(std::string_view text);
// text/template's js: for the inside of a JavaScript string.
std::string js_escape(std::string_view text);
// url.QueryEscape: a space becomes "+".
std::string url_query_escape(std::string_view text);
// url.QueryUnescape; nullopt for a bad escape, which `bad` then receives.
std::optional<std::string> url_query_unescape(std::string_view text,
                                              std::string& bad);

// The URL-safe alphabet with padding.
std::string base64_url_encode(std::string_view text);
// Fails with the offset of the first bad byte, as Go reports it.
std::optional<std::string> base64_url_decode(std::string_view text,
                                             std::size_t& bad_offset);

bool is_url_unreserved(char c);  // letters, digits, - . _ ~
void append_percent(std::string& out, char c, bool upper_case = true);

}  // namespace prom::templates
