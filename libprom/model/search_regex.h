// Regular expressions that search: not anchored, the dot does not match a
// newline, as Go's regexp package has it.  Templates use them (`match`,
// `reReplaceAll`); selectors use Regex of matcher.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace re2 {
class RE2;
}

namespace prom {

// Immutable; threads may share it.
class SearchRegex {
 public:
  // kLimit for patterns over 4 KiB or programs over the memory limit, kBadData
  // with the engine's reason for bad syntax.
  static Result<SearchRegex> compile(std::string_view pattern);

  [[nodiscard]] bool found_in(std::string_view text) const;
  // Every match replaced, with the references in `replacement` expanded.  The
  // result is cut soon after `bytes_max`.
  [[nodiscard]] std::string replace_all(std::string_view text,
                                        std::string_view replacement,
                                        std::size_t bytes_max) const;

 private:
  explicit SearchRegex(std::shared_ptr<const re2::RE2> engine)
      : engine_(std::move(engine)) {}
  std::shared_ptr<const re2::RE2> engine_;
};

}  // namespace prom
