#include "libprom/tsdb/tombstones.h"

#include <algorithm>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/samples_edit.h"

namespace prom::tsdb {
namespace {

constexpr std::uint32_t kMagic = 0x0130BA30;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 5;
constexpr std::size_t kCrcBytes = 4;

}  // namespace

void Intervals::add(TimeRange range) {
  if (range.min_ms > range.max_ms) return;
  // Those that end before it begins stay in front; a neighbour is joined.
  const auto first =
      std::ranges::partition_point(ranges_, [&](const TimeRange& r) {
        return r.max_ms < range.min_ms && range.min_ms - 1 > r.max_ms;
      });
  const auto last =
      std::partition_point(first, ranges_.end(), [&](const TimeRange& r) {
        return r.min_ms <= range.max_ms || r.min_ms - 1 == range.max_ms;
      });
  if (first != last) {
    range.min_ms = std::min(range.min_ms, first->min_ms);
    range.max_ms = std::max(range.max_ms, std::prev(last)->max_ms);
  }
  ranges_.insert(ranges_.erase(first, last), range);
}

bool Intervals::contains(std::int64_t t_ms) const {
  const auto at =
      std::ranges::lower_bound(ranges_, t_ms, {}, &TimeRange::max_ms);
  return at != ranges_.end() && at->min_ms <= t_ms;
}

void Intervals::remove_from(Samples& samples, std::size_t from) const {
  if (ranges_.empty()) return;
  keep_samples(samples, from,
               [this](std::int64_t t_ms) { return !contains(t_ms); });
}

Result<Tombstones> parse_tombstones(Bytes file) {
  if (file.size() < kHeaderBytes + kCrcBytes)
    return fail(Code::kCorrupt, "shorter than its header");
  if (load_be<std::uint32_t>(file.data()) != kMagic)
    return fail(Code::kCorrupt, "bad magic number");
  const auto version = std::to_integer<unsigned>(file[4]);
  if (version != kVersion)
    return fail(Code::kConfig, "unknown version " + std::to_string(version));
  const Bytes stones =
      file.subspan(kHeaderBytes, file.size() - kHeaderBytes - kCrcBytes);
  if (load_be<std::uint32_t>(stones.data() + stones.size()) != crc32c(stones)) {
    return fail(Code::kCorrupt,
                "bad checksum at " + std::to_string(file.size() - kCrcBytes));
  }
  Tombstones all;
  for (ByteReader in(stones); !in.done();) {
    const std::size_t at = file.size() - kCrcBytes - in.remaining();
    const std::uint64_t series = in.varint();
    const std::int64_t min_ms = read_varint(in);
    const std::int64_t max_ms = read_varint(in);
    if (!in.ok())
      return fail(Code::kCorrupt, "cut entry at " + std::to_string(at));
    all[series].add({min_ms, max_ms});
  }
  return all;
}

std::string write_tombstones(const Tombstones& tombstones) {
  std::vector<std::uint64_t> order;
  order.reserve(tombstones.size());
  for (const auto& [series, intervals] : tombstones) order.push_back(series);
  std::ranges::sort(order);
  std::string stones;
  for (const std::uint64_t series : order) {
    for (const TimeRange& range : tombstones.at(series).ranges()) {
      append_varint(stones, series);
      append_signed_varint(stones, range.min_ms);
      append_signed_varint(stones, range.max_ms);
    }
  }
  std::string file;
  append_be(file, kMagic);
  file += static_cast<char>(kVersion);
  file += stones;
  append_be(file, crc32c(stones));
  return file;
}

}  // namespace prom::tsdb
