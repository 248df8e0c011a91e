#include "libprom/store/series_index.h"

#include <bit>
#include <utility>

namespace prom::store {
namespace {

constexpr std::size_t kSlotsMin = 1024;

}  // namespace

void SeriesIndex::place(std::uint64_t slot) {
  std::size_t at = (slot >> 32U) & mask_;
  while (slots_[at] != 0) at = (at + 1) & mask_;
  slots_[at] = slot;
}

void SeriesIndex::reserve(std::size_t count) {
  // At most two thirds full.
  const std::size_t want = std::bit_ceil(std::max(kSlotsMin, count * 3 / 2));
  if (want <= slots_.size()) return;
  const std::vector<std::uint64_t> old =
      std::exchange(slots_, std::vector<std::uint64_t>(want));
  mask_ = want - 1;
  for (const std::uint64_t slot : old) {
    if (slot != 0) place(slot);
  }
}

void SeriesIndex::insert(std::uint64_t hash, SeriesId id) {
  reserve(++size_);
  place((hash >> 32U) << 32U | (id + 1ULL));
}

}  // namespace prom::store
