// The fixed parts of the page that `-o html` writes.  Internal to query/.
#pragma once

#include <string_view>

namespace prom::query {

// Behind the title: style, and the beginning of the body.
extern const std::string_view kPageStyle;
// The program that reads the JSON of the element "result" and draws it: lines
// on a canvas with zoom, values under the pointer and a legend that hides
// lines, or a table.  It sets texts, never markup, and loads nothing.
extern const std::string_view kPageScript;

}  // namespace prom::query
