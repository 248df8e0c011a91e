#include "libprom/wire/extras.h"

#include <algorithm>

#include "libprom/base/checksum.h"
#include "libprom/model/histogram_codec.h"

namespace prom::wire {
namespace {

// What a histogram takes in memory beside its buckets.
constexpr std::size_t kHistogramBytes = sizeof(HistogramCell) + 64;

}  // namespace

// The series of one process often have one start.
void append_starts(std::string& out, std::int64_t base_ms,
                   std::span<const StartCell> starts) {
  std::string runs;
  std::uint64_t count = 0;
  std::uint32_t column = 0;
  auto before = static_cast<std::uint64_t>(base_ms);
  for (std::size_t i = 0; i < starts.size();) {
    std::size_t end = i + 1;
    while (end < starts.size() && starts[end].start_ms == starts[i].start_ms &&
           starts[end].column == starts[end - 1].column + 1)
      ++end;
    const auto start = static_cast<std::uint64_t>(starts[i].start_ms);
    append_varint(runs, starts[i].column - column);
    append_varint(runs, end - i);
    // Differences wrap round; the reader's sum wraps back.
    append_varint(runs, zigzag(static_cast<std::int64_t>(start - before)));
    before = start;
    column = starts[end - 1].column + 1;
    ++count;
    i = end;
  }
  append_varint(out, count);
  out += runs;
}

bool read_starts(ByteReader& in, std::int64_t base_ms, std::size_t columns,
                 std::vector<StartCell>& into) {
  const std::uint64_t runs = in.varint();
  std::uint64_t column = 0;
  auto start = static_cast<std::uint64_t>(base_ms);
  for (std::uint64_t i = 0; i < runs; ++i) {
    const std::uint64_t gap = in.varint();
    const std::uint64_t length = in.varint();
    start += static_cast<std::uint64_t>(unzigzag(in.varint()));
    if (!in.ok() || gap > columns - column || length == 0 ||
        length > columns - column - gap)
      return false;
    column += gap;
    for (const std::uint64_t end = column + length; column < end; ++column)
      into.push_back({static_cast<std::uint32_t>(column),
                      static_cast<std::int64_t>(start)});
  }
  return true;
}

void append_extras(std::string& out, std::int64_t base_ms,
                   std::span<const StartCell> starts,
                   std::span<const HistogramRef> histograms) {
  if (starts.empty() && histograms.empty()) return;
  append_starts(out, base_ms, starts);
  append_varint(out, histograms.size());
  std::uint32_t column = 0;
  for (const HistogramRef& cell : histograms) {
    append_varint(out, cell.column - column);
    append_histogram_layout(out, *cell.histogram);
    append_histogram_counts(out, *cell.histogram, nullptr);
    column = cell.column + 1;
  }
}

bool read_extras(ByteReader& in, std::int64_t base_ms,
                 std::span<const double> values, Extras& into) {
  if (in.done()) return in.ok();
  const std::size_t columns = values.size();
  if (!read_starts(in, base_ms, columns, into.starts)) return false;
  const std::uint64_t count = in.varint();
  std::uint64_t column = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t gap = in.varint();
    if (!in.ok() || column >= columns || gap >= columns - column) return false;
    column += gap;
    HistogramCell& cell = into.histograms.emplace_back();
    cell.column = static_cast<std::uint32_t>(column++);
    FloatHistogram& histogram = cell.histogram;
    if (!read_histogram_layout(in, histogram) ||
        !read_histogram_counts(in, nullptr, histogram))
      return false;
    histogram.sum = values[cell.column];
    if (is_absent(histogram.sum) || !admit(histogram)) return false;
    into.memory_bytes += kHistogramBytes + 16 * histogram.sample_weight();
    // A few bytes may be many buckets.
    if (into.memory_bytes > kDecodedBytesMax) return false;
  }
  return in.ok() && in.done();
}

std::vector<StartCell> changed_starts(std::span<const StartCell> before,
                                      std::span<const StartCell> now) {
  std::vector<StartCell> changes;
  std::size_t i = 0;
  for (const StartCell& cell : now) {
    for (; i < before.size() && before[i].column < cell.column; ++i)
      changes.push_back({before[i].column, 0});
    const bool same = i < before.size() && before[i] == cell;
    if (!same) changes.push_back(cell);
    if (i < before.size() && before[i].column == cell.column) ++i;
  }
  for (; i < before.size(); ++i) changes.push_back({before[i].column, 0});
  return changes;
}

void change_starts(std::vector<StartCell>& starts,
                   std::span<const StartCell> changes) {
  if (changes.empty()) return;
  std::vector<StartCell> changed;
  changed.reserve(starts.size() + changes.size());
  std::size_t i = 0;
  for (const StartCell& change : changes) {
    for (; i < starts.size() && starts[i].column < change.column; ++i)
      changed.push_back(starts[i]);
    if (i < starts.size() && starts[i].column == change.column) ++i;
    if (change.start_ms != 0) changed.push_back(change);
  }
  changed.insert(changed.end(), starts.begin() + static_cast<std::ptrdiff_t>(i),
                 starts.end());
  starts = std::move(changed);
}

std::uint32_t starts_crc(std::span<const StartCell> starts, std::uint32_t crc) {
  std::string bytes;
  bytes.reserve(starts.size() * 12);
  for (const StartCell& cell : starts) {
    append_le(bytes, cell.column);
    append_le(bytes, cell.start_ms);
  }
  return crc32c(bytes, crc);
}

}  // namespace prom::wire
