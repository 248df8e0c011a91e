// What SVG and HTML output share.  Internal to query/.
#pragma once

#include <string>
#include <string_view>

namespace prom::query {

// Text as the content of an element or of a quoted attribute.
std::string markup_escape(std::string_view text);

// The colour of line `index`, "#rrggbb"; they are told apart by people who see
// fewer colours (Okabe and Ito, https://jfly.uni-koeln.de/color/).
std::string_view chart_color(std::size_t index);

}  // namespace prom::query
