#include "libprom/promql/comments.h"

#include <algorithm>

namespace prom::promql {

std::vector<std::string_view> comments_of(std::string_view text) {
  std::vector<std::string_view> comments;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      if (c == '\\' && quote != '`') {
        ++at;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '#') {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      comments.push_back(text.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  return comments;
}

}  // namespace prom::promql
