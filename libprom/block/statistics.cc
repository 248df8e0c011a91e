#include "libprom/block/statistics.h"

#include <cmath>

#include "libprom/base/kahan.h"
#include "libprom/model/sample.h"

namespace prom::block {
namespace {

constexpr std::uint64_t kEntryBytes = sizeof(StatisticsEntry);

// Of values that are neither stale markers nor NaNs.
std::uint64_t numbers_in(const SeriesStatistics& statistics) {
  return statistics.count - statistics.nans;
}

}  // namespace

SeriesStatistics statistics_of(std::span<const double> values) {
  SeriesStatistics all;
  KahanSum sum;
  double taken_away = 0;  // by resets
  for (const double value : values) {
    if (std::isnan(value)) {
      if (is_stale_nan(value)) continue;
      ++all.count;
      ++all.nans;
      continue;
    }
    if (numbers_in(all) == 0) {
      all.min = all.max = all.first = all.last = value;
    }
    ++all.count;
    if (value < all.min) all.min = value;
    if (value > all.max) all.max = value;
    if (value < all.last) {
      ++all.resets;
      taken_away += all.last;
    }
    if (value != all.last) ++all.changes;
    sum.add(value);
    all.last = value;
  }
  all.sum = sum.sum;
  all.sum_error = sum.lost;
  all.increase = all.last - all.first + taken_away;
  return all;
}

SeriesStatistics combine(const SeriesStatistics& first,
                         const SeriesStatistics& second) {
  const bool first_is_empty = numbers_in(first) == 0;
  SeriesStatistics all = first_is_empty ? second : first;
  all.count = first.count + second.count;
  all.nans = first.nans + second.nans;
  if (first_is_empty || numbers_in(second) == 0) return all;
  if (second.min < all.min) all.min = second.min;
  if (second.max > all.max) all.max = second.max;
  KahanSum sum{first.sum, first.sum_error};
  sum.add(second.sum);
  sum.add(second.sum_error);
  all.sum = sum.sum;
  all.sum_error = sum.lost;
  const bool reset = second.first < first.last;
  all.resets += second.resets + (reset ? 1 : 0);
  all.changes += second.changes + (second.first != first.last ? 1 : 0);
  all.increase +=
      second.increase + (reset ? second.first : second.first - first.last);
  all.last = second.last;
  return all;
}

StatisticsEntry pack(const SeriesStatistics& statistics) {
  StatisticsEntry entry;
  entry.count = static_cast<std::uint32_t>(statistics.count);
  entry.nans = static_cast<std::uint32_t>(statistics.nans);
  entry.resets = static_cast<std::uint32_t>(statistics.resets);
  entry.changes = static_cast<std::uint32_t>(statistics.changes);
  entry.numbers = {statistics.sum,     statistics.sum_error, statistics.min,
                   statistics.max,     statistics.first,     statistics.last,
                   statistics.increase};
  entry.present = 1;
  return entry;
}

Result<SeriesStatistics> read_statistics(const CheckedFile& file,
                                         Ordinal series) {
  const auto section = file.header().section(SectionKind::kStatistics);
  if (!section)
    return fail(Code::kMissing, file.path() + ": has no statistics");
  const std::uint64_t zone = series / kZoneSeries;
  const std::uint64_t at = zone * sizeof(std::uint64_t);
  if (section->size < at + sizeof(std::uint64_t))
    return fail(file.damage(section->offset, "bad size of statistics"));
  const auto offset = file.bytes(section->offset + at, sizeof(std::uint64_t));
  if (!offset) return fail(offset.error());
  const auto start = load_le<std::uint64_t>(offset->data());
  if (!file.contains(start, kEntryBytes))
    return fail(file.damage(section->offset, "bad place of statistics"));
  const auto bytes =
      file.bytes(start + series % kZoneSeries * kEntryBytes, kEntryBytes);
  if (!bytes) return fail(bytes.error());
  const auto entry = load_struct<StatisticsEntry>(bytes->data());
  if (entry.present == 0)
    return fail(Code::kMissing,
                file.path() + ": no statistics of native histograms");
  SeriesStatistics all;
  all.count = entry.count;
  all.nans = entry.nans;
  all.resets = entry.resets;
  all.changes = entry.changes;
  all.sum = entry.numbers[0];
  all.sum_error = entry.numbers[1];
  all.min = entry.numbers[2];
  all.max = entry.numbers[3];
  all.first = entry.numbers[4];
  all.last = entry.numbers[5];
  all.increase = entry.numbers[6];
  return all;
}

}  // namespace prom::block
