// Reads JSON of a known shape from front to back, without building a tree:
// import has to read numbers at hundreds of megabytes a second, and -0 as -0.
// Only import_json_lines.cc uses it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace prom::store {

// Arrays and objects that are skipped may be nested so deeply.
constexpr int kJsonDepthMax = 64;

// One thread; borrows the text.  Every function skips blanks first and returns
// false, without going on, when something else stands there.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  bool take(char c);
  // Whether the next character is `c`.
  bool looking_at(char c);
  // A string, decoded.  \u escapes of half a surrogate pair become U+FFFD.
  bool string(std::string& into);
  // The text of a number, true, false or null: not checked any further.
  bool word(std::string_view& into);
  // Any value.
  bool skip_value();
  // Nothing but blanks is left.
  bool done();

  // Bytes before the place where it stands.
  [[nodiscard]] std::size_t offset() const {
    return static_cast<std::size_t>(at_ - begin_);
  }

 private:
  void skip_blanks();
  bool escape(std::string& into);
  bool hex4(unsigned& into);

  const char* const begin_;
  const char* at_;
  const char* const end_;
};

}  // namespace prom::store
