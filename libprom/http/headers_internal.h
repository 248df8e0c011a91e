// Header lines, as client and server read and write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libprom/http/server.h"

namespace prom::http {

// ASCII letters only, whatever the locale: header names are nothing else.
std::string ascii_lower(std::string_view text);
// Without blanks and line ends around it.
std::string_view trimmed(std::string_view text);
// The time in the form of the Date header.
std::string http_date();
// Whether a list like "deflate, gzip;q=0.5" takes gzip.
bool accepts_gzip(std::string_view list);
// Nothing in it can end the line or begin another.
bool is_safe_header(const Header& header);

// Finds the end of a header and refuses what parsers of the world disagree
// about, which is how requests are smuggled: a bare line feed, a folded line.
class HeaderScan {
 public:
  static constexpr std::size_t kRequestLinesMax = 128;
  enum class Verdict { kPartial, kComplete, kMalformed, kTooManyLines };

  // `text` is everything received of this request so far.
  Verdict advance(std::string_view text);
  // REQUIRES: advance() returned kComplete.
  [[nodiscard]] std::size_t size() const { return at_; }

 private:
  std::size_t at_ = 0;    // bytes before it were seen
  std::size_t line_ = 0;  // where the current line begins
  std::size_t lines_ = 0;
};

}  // namespace prom::http
