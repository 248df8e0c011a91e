// The label side of a block: names, dictionaries and, for each zone of series,
// a run of value numbers for each label that the zone has.
//
// A selection answers each matcher once on the dictionary and then scans the
// runs of its label, zone by zone.  Series are in the order of their labels,
// so most zones have one metric name and are taken or skipped by one
// comparison.  Scanning packed columns beats inverted indexes on size, time to
// build and time to select up to tens of millions of series.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/dictionary.h"
#include "libprom/block/run.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"

namespace prom::block {

// Borrows the file.  Immutable; threads may share it.  Ordinals that are
// passed in are below the count of series.
class LabelIndex {
 public:
  static Result<LabelIndex> open(const CheckedFile& file);

  // As Block has them.
  [[nodiscard]] Result<std::vector<Ordinal>> select(
      const Matchers& matchers) const;
  [[nodiscard]] Result<Labels> labels(Ordinal series) const;
  [[nodiscard]] Result<LabelIds> column(std::string_view name,
                                        std::span<const Ordinal> series) const;
  [[nodiscard]] Result<std::vector<std::string>> label_names(
      std::span<const Ordinal> series, std::size_t limit) const;
  [[nodiscard]] Result<std::vector<std::string>> label_values(
      std::string_view name, std::span<const Ordinal> series,
      std::size_t limit) const;

 private:
  struct Name {
    std::string_view name;
    Dictionary dictionary;
  };
  // A matcher, answered.
  struct Filter {
    std::uint32_t name = 0;
    NumberSet wanted;
  };
  static constexpr std::uint32_t kNoName = 0xFFFFFFFF;

  // Its place in names_, or kNoName.
  [[nodiscard]] std::uint32_t find_name(std::string_view name) const;
  [[nodiscard]] std::uint32_t zone_size(std::uint32_t zone) const;
  // ZoneEntry each.
  [[nodiscard]] Result<Bytes> row(std::uint32_t zone) const;
  // All zeros when no series of the zone has the label.
  [[nodiscard]] Result<RunView> run(std::uint32_t zone,
                                    std::uint32_t name) const;
  // False when the filters leave nothing of the zone.
  Result<bool> filter_zone(std::uint32_t zone, std::span<const Filter> filters,
                           std::span<std::uint8_t> keep) const;
  // Calls `visit` with the number of each series' value, in their order.
  template <typename Visit>
  Status for_each_number(std::uint32_t name, std::span<const Ordinal> series,
                         const Visit& visit) const;

  const CheckedFile* file_ = nullptr;
  std::vector<Name> names_;  // ascending
  std::uint32_t series_count_ = 0;
  std::uint64_t starts_ = 0;   // file offset of u64 each
  std::uint64_t entries_ = 0;  // file offset of ZoneEntry each
  std::uint64_t entry_count_ = 0;
};

}  // namespace prom::block
