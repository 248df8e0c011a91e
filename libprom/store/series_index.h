// Finds a series by its labels: the writer's only large table in memory, eight
// bytes a slot.  A slot keeps half of the hash; who finds a slot compares the
// labels, so two series whose hashes collide stay two series.
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/store/format.h"

namespace prom::store {

class SeriesIndex {
 public:
  // Calls `same(id)` for each series whose hash may be `hash` until it returns
  // true; returns that series or kNone.
  template <typename Same>
  [[nodiscard]] SeriesId find(std::uint64_t hash, Same same) const {
    if (slots_.empty()) return kNone;
    const auto wanted = static_cast<std::uint32_t>(hash >> 32U);
    for (std::size_t at = wanted & mask_;; at = (at + 1) & mask_) {
      const std::uint64_t slot = slots_[at];
      if (slot == 0) return kNone;
      const auto id = static_cast<SeriesId>(slot) - 1;
      if (slot >> 32U == wanted && same(id)) return id;
    }
  }
  // REQUIRES: the series is not there yet.
  void insert(std::uint64_t hash, SeriesId id);
  // Makes room for `count` series in all.
  void reserve(std::size_t count);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const { return slots_.size() * 8; }

 private:
  void place(std::uint64_t slot);

  std::vector<std::uint64_t> slots_;  // high half of the hash, id plus 1
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace prom::store
