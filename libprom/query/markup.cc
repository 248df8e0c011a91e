#include "libprom/query/markup.h"

#include <array>

namespace prom::query {

std::string markup_escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string_view chart_color(std::size_t index) {
  constexpr std::array<std::string_view, 7> kColors = {
      "#0072b2", "#d55e00", "#009e73", "#cc79a7",
      "#56b4e9", "#e69f00", "#555555"};
  return kColors[index % kColors.size()];
}

}  // namespace prom::query
