#include "libprom/block/column_bytes.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include "libprom/block/block_internal.h"

namespace prom::block {
namespace {

class ColumnBytes {
 public:
  std::uint64_t of_floats(const SampleParts& parts, Ordinal series) {
    const auto open = parts.part(series);
    if (!open || open->part.times.column == 0) return 0;
    std::uint64_t bytes = of_times(open->times);
    if (const auto values = parts.values(open->part))
      bytes += of(values->bytes());
    return bytes + of_starts(parts, open->part);
  }

  std::uint64_t of_histograms(const SampleParts& parts, Ordinal series) {
    const auto open = parts.part(series);
    if (!open || open->part.times.column == 0) return 0;
    std::uint64_t bytes = of_times(open->times);
    if (const auto values = parts.histograms(open->part))
      bytes += of(values->bytes());
    return bytes + of_starts(parts, open->part);
  }

 private:
  std::uint64_t of_times(const chunk::TimeColumn& times) {
    return of(times.bytes());
  }
  std::uint64_t of_starts(const SampleParts& parts, const SamplePart& part) {
    if (part.starts == 0) return 0;
    const auto starts = parts.starts(part);
    return starts ? of(starts->column.bytes()) : 0;
  }
  // A column is known by where it is mapped.
  std::uint64_t of(Bytes column) {
    return seen_.insert(column.data()).second ? column.size() : 0;
  }

  boost::unordered_flat_set<const std::byte*> seen_;
};

}  // namespace

std::vector<std::uint64_t> column_bytes(const Block& block) {
  const Block::State& state = block.state();
  std::vector<std::uint64_t> bytes(block.series_count());
  ColumnBytes columns;
  for (Ordinal series = 0; series < bytes.size(); ++series)
    bytes[series] = columns.of_floats(state.floats, series) +
                    columns.of_histograms(state.histograms, series);
  return bytes;
}

}  // namespace prom::block
