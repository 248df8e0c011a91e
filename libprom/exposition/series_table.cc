#include "libprom/exposition/series_table.h"

#include "libprom/base/checksum.h"

namespace prom::exposition {
namespace {

constexpr std::size_t kSlotsMin = 64;

std::uint32_t hash_of(std::string_view series, Canonical canonical) {
  const std::uint64_t hash = hash64(series);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U)) +
         static_cast<std::uint32_t>(canonical);
}

}  // namespace

std::string_view SeriesTable::text(std::uint32_t ref) const {
  const std::uint64_t begin = ref == 0 ? 0 : series_[ref - 1].text_end;
  return std::string_view(texts_).substr(begin, series_[ref].text_end - begin);
}

std::uint32_t SeriesTable::find_or_add(std::string_view series,
                                       Canonical canonical) {
  // At most half of the slots are taken.
  if (series_.size() * 2 >= slots_.size()) grow();
  const std::uint32_t hash = hash_of(series, canonical);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t ref = slots_[slot] - 1;
    if (series_[ref].hash == hash && series_[ref].canonical == canonical &&
        text(ref) == series)
      return ref;
  }
  const auto ref = static_cast<std::uint32_t>(series_.size());
  texts_ += series;
  series_.push_back({texts_.size(), hash, canonical});
  slots_[slot] = ref + 1;
  return ref;
}

void SeriesTable::grow() {
  const std::size_t size = slots_.empty() ? kSlotsMin : slots_.size() * 2;
  slots_.assign(size, 0);
  for (std::uint32_t ref = 0; ref < series_.size(); ++ref) {
    std::size_t slot = series_[ref].hash & (size - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (size - 1);
    slots_[slot] = ref + 1;
  }
}

void SeriesTable::clear() {
  *this = SeriesTable();
}

}  // namespace prom::exposition
