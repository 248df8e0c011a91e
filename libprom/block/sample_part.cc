#include "libprom/block/sample_part.h"

#include <bit>

namespace prom::block {
namespace {

// Opens the column that begins at `offset`.  A column says itself how long it
// is, so it is opened first, which any bytes survive, and believed when its
// pages have passed.
template <typename Open>
auto open_column(const CheckedFile& file, std::uint64_t offset, Open open)
    -> decltype(open(Bytes())) {
  const Bytes tail = file.tail(offset);
  if (tail.empty())
    return fail(file.damage(offset, "points outside of the file"));
  auto column = open(tail);
  const std::size_t size = column ? column->bytes().size() : 1;
  if (Status status = file.check(offset, size); !status)
    return fail(std::move(status).error());
  if (!column) return fail(file.damage(offset, column.error().message));
  return column;
}

}  // namespace

Result<SampleParts> SampleParts::open(const CheckedFile& file, SectionKind kind,
                                      std::uint64_t values_max) {
  SampleParts parts;
  parts.file_ = &file;
  parts.values_max_ = values_max;
  const auto series = static_cast<std::uint32_t>(file.header().info.series);
  for (std::uint32_t i = 0; i < kSampleTables; ++i) {
    const auto section =
        file.header().section(static_cast<std::uint32_t>(kind) + i);
    if (!section) continue;
    auto table = RunTable::open(file, *section, series,
                                zone_of(static_cast<SampleTable>(i)));
    if (!table) return fail(std::move(table).error());
    parts.tables_[i] = *table;
  }
  const auto section = file.header().section(SectionKind::kTimeColumns);
  if (!section) return fail(file.damage(0, "no table of time columns"));
  auto columns =
      RunTable::open(file, *section, file.header().time_columns, kOffsetZone);
  if (!columns) return fail(std::move(columns).error());
  parts.time_columns_ = *columns;
  return parts;
}

Result<OpenPart> SampleParts::part(std::uint32_t series) const {
  OpenPart open;
  SamplePart& part = open.part;
  const auto column = table(SampleTable::kTimes).get(series);
  if (!column) return fail(column.error());
  if (*column == 0) return open;
  if (*column > file_->header().time_columns)
    return fail(file_->damage(0, "no time column " + std::to_string(*column)));
  std::array<std::uint64_t, kSampleTables> numbers{};
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const auto number = tables_[i].get(series);
    if (!number) return fail(number.error());
    numbers[i] = *number;
  }
  part.times.column = static_cast<std::uint32_t>(*column);
  auto whole = times(part.times.column);
  if (!whole) return fail(std::move(whole).error());
  open.times = *whole;
  const std::size_t size = whole->size();
  const auto front = numbers[static_cast<std::size_t>(SampleTable::kSkipFront)];
  const auto back = numbers[static_cast<std::size_t>(SampleTable::kSkipBack)];
  if (front >= size || back >= size - front ||
      size - front - back > values_max_)
    return fail(file_->damage(0, "bad slice of a time column"));
  part.times.first = static_cast<std::uint32_t>(front);
  part.times.count = static_cast<std::uint32_t>(size - front - back);
  part.values = numbers[static_cast<std::size_t>(SampleTable::kValues)];
  part.starts = numbers[static_cast<std::size_t>(SampleTable::kStarts)];
  return open;
}

Result<chunk::TimeColumn> SampleParts::times(std::uint32_t column) const {
  const auto offset = time_columns_.get(column - 1);
  if (!offset) return fail(offset.error());
  return open_column(*file_, *offset, [](Bytes bytes) {
    return chunk::TimeColumn::open(bytes);
  });
}

Result<chunk::ValueColumn> SampleParts::values(const SamplePart& part) const {
  return open_column(*file_, part.values, [&](Bytes bytes) {
    return chunk::ValueColumn::open(bytes, part.times.count);
  });
}

Result<chunk::ValueColumn> SampleParts::column(std::uint64_t offset,
                                               std::size_t count) const {
  return open_column(*file_, offset, [&](Bytes bytes) {
    return chunk::ValueColumn::open(bytes, count);
  });
}

Result<std::uint8_t> SampleParts::flag(std::uint64_t offset) const {
  const auto byte = file_->bytes(offset, 1);
  if (!byte) return fail(byte.error());
  return static_cast<std::uint8_t>(byte->front());
}

Error SampleParts::damage(std::uint64_t offset, std::string_view what) const {
  return file_->damage(offset, what);
}

Result<chunk::HistogramColumn> SampleParts::histograms(
    const SamplePart& part) const {
  return open_column(*file_, part.values, [&](Bytes bytes) {
    return chunk::HistogramColumn::open(bytes, part.times.count);
  });
}

Result<SampleParts::Starts> SampleParts::starts(const SamplePart& part) const {
  const auto flag = file_->bytes(part.starts, 1);
  if (!flag) return fail(flag.error());
  auto column = open_column(*file_, part.starts + 1, [&](Bytes bytes) {
    return chunk::ValueColumn::open(bytes, part.times.count);
  });
  if (!column) return fail(std::move(column).error());
  return Starts{flag->front() == std::byte{0}, *column};
}

Result<std::vector<std::int64_t>> SampleParts::start_ms(
    const SamplePart& part, std::size_t first, std::size_t count) const {
  const auto found = starts(part);
  if (!found) return fail(found.error());
  std::vector<std::uint64_t> bits(count);
  if (Status status = found->column.decode(first, count, bits.data()); !status)
    return fail(file_->damage(part.starts, status.error().message));
  std::vector<std::int64_t> start_ms(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!found->as_float) {
      start_ms[i] = static_cast<std::int64_t>(bits[i]);
      continue;
    }
    const auto value = std::bit_cast<double>(bits[i]);
    if (!(value >= -static_cast<double>(kWholeMax) &&
          value <= static_cast<double>(kWholeMax)))
      return fail(file_->damage(part.starts, "bad start time"));
    start_ms[i] = static_cast<std::int64_t>(value);
  }
  return start_ms;
}

}  // namespace prom::block
