// Series texts and their dense numbers: what TargetParser knows of a target.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/exposition/scanner.h"

namespace prom::exposition {

// An open-addressing table over texts that are kept end to end.  Found by hash
// and confirmed by content, so a made-up collision costs time only.
class SeriesTable {
 public:
  // The number of this text with this treatment; a new one if need be.
  std::uint32_t find_or_add(std::string_view series, Canonical canonical);

  [[nodiscard]] std::size_t size() const { return series_.size(); }
  // REQUIRES: ref < size().  The view lives until the next find_or_add.
  [[nodiscard]] std::string_view text(std::uint32_t ref) const;
  [[nodiscard]] Canonical canonical(std::uint32_t ref) const {
    return series_[ref].canonical;
  }
  void clear();

 private:
  struct Series {
    std::uint64_t text_end = 0;
    std::uint32_t hash = 0;
    Canonical canonical = Canonical::kNone;
  };
  void grow();

  std::string texts_;
  std::vector<Series> series_;        // by ref
  std::vector<std::uint32_t> slots_;  // ref + 1; 0 is free
};

}  // namespace prom::exposition
