// The values of one label in a block, ascending and numbered from 1; 0 is the
// empty value.  A matcher is answered here once, as a set of numbers, before
// any series is looked at.  Equality, literals and prefixes are binary
// searches; other expressions look at each value.
#pragma once

#include <cstdint>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/format.h"
#include "libprom/block/run.h"
#include "libprom/model/matcher.h"

namespace prom::block {

// Borrows the file.  Immutable; threads may share it.
class Dictionary {
 public:
  // Without values.
  Dictionary() = default;
  Dictionary(const CheckedFile& file, const NameEntry& entry)
      : file_(&file), entry_(entry) {}

  [[nodiscard]] std::uint32_t size() const { return entry_.values; }
  // Lives as long as the file.  kCorrupt also when there is no such number.
  [[nodiscard]] Result<std::string_view> value(std::uint32_t number) const;
  // 0 when it is not there, and for the empty value.
  [[nodiscard]] Result<std::uint32_t> find(std::string_view wanted) const;
  // The numbers, 0 among them, whose values the matcher accepts.
  [[nodiscard]] Result<NumberSet> match(const Matcher& matcher) const;

 private:
  // The first number whose value is not below; size() + 1 if there is none.
  [[nodiscard]] Result<std::uint32_t> lower_bound(
      std::string_view wanted) const;
  [[nodiscard]] Result<NumberSet> match(const Regex& regex) const;
  [[nodiscard]] Result<NumberSet> match_literals(const Regex& regex) const;
  // Looks at each value of [low, high).
  [[nodiscard]] Result<NumberSet> match_each(const Regex& regex,
                                             std::uint32_t low,
                                             std::uint32_t high) const;

  const CheckedFile* file_ = nullptr;
  NameEntry entry_;
};

}  // namespace prom::block
