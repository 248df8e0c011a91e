#include "libprom/block/time_table.h"

#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/checksum.h"
#include "libprom/chunk/time_column.h"

namespace prom::block {
namespace {

// Times in memory: a day of 1000 targets at 15 s, or 16000 targets of 2 h.
constexpr std::size_t kTimesMax = 8U << 20U;
// Every so many times of a column are indexed, and its last one.
constexpr std::size_t kAnchorStep = 16;

Bytes bytes_of(std::span<const std::int64_t> t_ms) {
  return std::as_bytes(t_ms);
}

}  // namespace

struct TimeTable::Memory {
  struct Column {
    std::vector<std::int64_t> t_ms;
    std::uint64_t hash = 0;
    bool used = true;  // since the last look for unused ones
  };
  struct Anchor {
    std::uint32_t column = 0;
    std::uint32_t position = 0;
  };
  boost::unordered_flat_map<std::uint32_t, Column> columns;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_hash;
  boost::unordered_flat_map<std::int64_t, Anchor> anchors;
  std::size_t times = 0;

  void index(std::uint32_t number, const Column& column) {
    by_hash[column.hash] = number;
    const std::size_t last = column.t_ms.size() - 1;
    for (std::size_t i = 0; i < last; i += kAnchorStep)
      anchors[column.t_ms[i]] = {number, static_cast<std::uint32_t>(i)};
    anchors[column.t_ms[last]] = {number, static_cast<std::uint32_t>(last)};
  }

  // Drops what was not used lately; everything, when all was.
  void make_room() {
    const std::size_t before = columns.size();
    boost::unordered::erase_if(
        columns, [](const auto& entry) { return !entry.second.used; });
    if (columns.size() == before) columns.clear();
    by_hash.clear();
    anchors.clear();
    times = 0;
    for (auto& [number, column] : columns) {
      column.used = false;
      times += column.t_ms.size();
      index(number, column);
    }
  }
};

TimeTable::TimeTable() : memory_(std::make_unique<Memory>()) {}
TimeTable::~TimeTable() = default;

Result<TimeSlice> TimeTable::place(std::span<const std::int64_t> t_ms,
                                   Output& output) {
  const std::uint64_t hash = hash64(bytes_of(t_ms));
  if (const TimeSlice found = find(t_ms, hash); found.column != 0) return found;
  if (t_ms.size() > chunk::kColumnValuesMax)
    return fail(Code::kLimit, "a series has more than " +
                                  std::to_string(chunk::kColumnValuesMax) +
                                  " samples");
  if (std::ranges::adjacent_find(t_ms, std::greater_equal<>()) != t_ms.end())
    return fail(Code::kBadData, "times of a series do not ascend");
  const std::uint64_t offset = output.offset();
  encoded_.clear();
  chunk::encode_times(t_ms, encoded_);
  Status status = output.append(encoded_);
  if (status) status = offsets_.add(offset, output);
  if (!status) return fail(std::move(status).error());
  const auto count = static_cast<std::uint32_t>(t_ms.size());
  sizes_.push_back(count);
  const auto column = static_cast<std::uint32_t>(sizes_.size());
  remember(column, t_ms, hash);
  return TimeSlice{column, 0, count};
}

TimeSlice TimeTable::find(std::span<const std::int64_t> t_ms,
                          std::uint64_t hash) {
  const auto slice_at = [&](std::uint32_t number, std::size_t first) {
    Memory::Column& column = memory_->columns.at(number);
    if (first + t_ms.size() > column.t_ms.size() ||
        !std::ranges::equal(std::span(column.t_ms).subspan(first, t_ms.size()),
                            t_ms))
      return TimeSlice();
    column.used = true;
    return TimeSlice{number, static_cast<std::uint32_t>(first),
                     static_cast<std::uint32_t>(t_ms.size())};
  };
  if (const auto at = memory_->by_hash.find(hash);
      at != memory_->by_hash.end()) {
    if (const TimeSlice found = slice_at(at->second, 0); found.column != 0)
      return found;
  }
  for (std::size_t i = 0; i < std::min(kAnchorStep, t_ms.size()); ++i) {
    const auto at = memory_->anchors.find(t_ms[i]);
    if (at == memory_->anchors.end() || at->second.position < i) continue;
    const TimeSlice found =
        slice_at(at->second.column, at->second.position - i);
    if (found.column != 0) return found;
  }
  return {};
}

void TimeTable::remember(std::uint32_t column,
                         std::span<const std::int64_t> t_ms,
                         std::uint64_t hash) {
  if (t_ms.size() > kTimesMax) return;
  if (memory_->times + t_ms.size() > kTimesMax) memory_->make_room();
  Memory::Column& known = memory_->columns[column];
  known = {{t_ms.begin(), t_ms.end()}, hash, true};
  memory_->times += t_ms.size();
  memory_->index(column, known);
}

Status TimeTable::write(Output& output, Header& header) {
  memory_.reset();
  header.time_columns = static_cast<std::uint32_t>(sizes_.size());
  return offsets_.write(output, header,
                        static_cast<std::uint32_t>(SectionKind::kTimeColumns));
}

}  // namespace prom::block
