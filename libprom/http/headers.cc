#include <algorithm>
#include <ctime>

#include "libprom/http/headers_internal.h"

namespace prom::http {

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  const std::size_t size =
      std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, size};
}

bool accepts_gzip(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string item = ascii_lower(trimmed(list.substr(0, comma)));
    list.remove_prefix(comma == std::string_view::npos ? list.size()
                                                       : comma + 1);
    const std::size_t semicolon = item.find(';');
    if (trimmed(std::string_view(item).substr(0, semicolon)) != "gzip")
      continue;
    if (semicolon == std::string::npos) return true;
    const std::string_view weight =
        trimmed(std::string_view(item).substr(semicolon + 1));
    // "q=0", "q=0.0": any digit but zero means yes.
    return !weight.starts_with("q=") ||
           weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

bool is_safe_header(const Header& header) {
  constexpr std::string_view kForbidden("\r\n\0", 3);
  return !header.first.empty() &&
         header.first.find_first_of(": \t\r\n") == std::string::npos &&
         header.second.find_first_of(kForbidden) == std::string::npos;
}

HeaderScan::Verdict HeaderScan::advance(std::string_view text) {
  while (true) {
    const std::size_t feed = text.find('\n', at_);
    if (feed == std::string_view::npos) {
      at_ = text.size();
      return Verdict::kPartial;
    }
    if (feed == 0 || text[feed - 1] != '\r') return Verdict::kMalformed;
    at_ = feed + 1;
    if (feed == line_ + 1) return Verdict::kComplete;  // an empty line
    if (text[line_] == ' ' || text[line_] == '\t') return Verdict::kMalformed;
    line_ = at_;
    if (++lines_ > kRequestLinesMax) return Verdict::kTooManyLines;
  }
}

}  // namespace prom::http
