#include "libprom/store/zone.h"

#include <algorithm>
#include <map>

#include <boost/unordered/unordered_flat_map.hpp>

namespace prom::store {
namespace {

constexpr std::size_t kFixedEntries = 2;  // hashes, homes
constexpr std::size_t kEntryBytes = 16;

void pad_to(std::string& out, std::size_t multiple) {
  out.resize((out.size() + multiple - 1) / multiple * multiple);
}

struct ColumnBuilder {
  boost::unordered_flat_map<std::string_view, std::uint32_t> order;
  std::vector<std::string_view> values;  // in the order of first sight
  std::vector<std::uint32_t> series;     // index into values plus 1; 0: none
};

std::string encode_column(const ColumnBuilder& column) {
  std::vector<std::uint32_t> sorted(column.values.size());
  for (std::uint32_t i = 0; i < sorted.size(); ++i) sorted[i] = i;
  std::ranges::sort(sorted, {}, [&](auto i) { return column.values[i]; });
  std::vector<std::uint32_t> number(sorted.size() + 1);
  for (std::uint32_t rank = 0; rank < sorted.size(); ++rank)
    number[sorted[rank] + 1] = rank + 1;
  std::string blob;
  std::string ends;
  for (const std::uint32_t i : sorted) {
    blob += column.values[i];
    append_le(ends, static_cast<std::uint32_t>(blob.size()));
  }
  const bool uniform =
      sorted.size() == 1 &&
      std::ranges::find(column.series, 0U) == column.series.end();
  const std::uint32_t width = uniform ? 0 : sorted.size() < 256 ? 1 : 2;
  std::string out;
  append_le(out, static_cast<std::uint32_t>(sorted.size()));
  append_le(out, width);
  append_le(out, static_cast<std::uint32_t>(blob.size()));
  append_le(out, std::uint32_t{0});
  out += ends;
  out += blob;
  pad_to(out, 4);
  for (const std::uint32_t seen : column.series) {
    if (width == 1) append_le(out, static_cast<std::uint8_t>(number[seen]));
    if (width == 2) append_le(out, static_cast<std::uint16_t>(number[seen]));
  }
  return out;
}

std::uint32_t table_crc(Bytes body, std::uint32_t table_size) {
  return crc32c(body.subspan(sizeof(ZoneBody), table_size),
                crc32c(body.first(offsetof(ZoneBody, table_crc))));
}

}  // namespace

std::string encode_zone(std::span<const Labels> labels,
                        std::span<const SourceId> homes, SeriesId first,
                        Position previous) {
  std::map<std::string_view, ColumnBuilder> columns;
  std::vector<std::string> sections(kFixedEntries);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    append_le(sections[0], labels[i].hash());
    append_le(sections[1], homes[i]);
    for (const LabelView label : labels[i]) {
      ColumnBuilder& column = columns[label.name];
      column.series.resize(labels.size());
      const auto next = static_cast<std::uint32_t>(column.values.size());
      const auto [at, fresh] = column.order.try_emplace(label.value, next);
      if (fresh) column.values.push_back(label.value);
      column.series[i] = at->second + 1;
    }
  }
  std::string names;
  std::vector<std::uint32_t> name_sizes(kFixedEntries);
  for (const auto& [name, column] : columns) {
    names += name;
    name_sizes.push_back(static_cast<std::uint32_t>(name.size()));
    sections.push_back(encode_column(column));
  }
  const std::size_t table_size = sections.size() * kEntryBytes + names.size();
  std::string data;
  std::string table;
  const std::size_t data_at = (sizeof(ZoneBody) + table_size + 7) / 8 * 8;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    append_le(table, static_cast<std::uint32_t>(data_at + data.size()));
    append_le(table, static_cast<std::uint32_t>(sections[i].size()));
    append_le(table, crc32c(sections[i]));
    append_le(table, name_sizes[i]);
    data += sections[i];
    pad_to(data, 8);
  }
  ZoneBody body{.previous = previous,
                .first = first,
                .count = static_cast<std::uint32_t>(labels.size()),
                .sections = static_cast<std::uint32_t>(sections.size()),
                .table_size = static_cast<std::uint32_t>(table_size),
                .table_crc = 0,
                .reserved = 0};
  std::string out;
  append_struct(out, body);
  out += table;
  out += names;
  store_le(out.data() + offsetof(ZoneBody, table_crc),
           table_crc(as_bytes(out), body.table_size));
  pad_to(out, 8);
  out += data;
  return out;
}

Result<ZoneColumn> ZoneColumn::parse(Bytes section,
                                     std::uint32_t series_count) {
  ZoneColumn column;
  ByteReader reader(section);
  column.value_count_ = reader.fixed<std::uint32_t>();
  column.width_ = reader.fixed<std::uint32_t>();
  const auto blob_size = reader.fixed<std::uint32_t>();
  (void)reader.fixed<std::uint32_t>();
  column.series_count_ = series_count;
  if (column.width_ > 2 || column.value_count_ > kZoneSeries ||
      (column.width_ == 0 && column.value_count_ != 1))
    return fail(Code::kCorrupt, "bad label column");
  column.ends_ = reader.take(column.value_count_ * 4ULL);
  column.blob_ = as_text(reader.take(blob_size));
  reader.take((4 - blob_size % 4) % 4);
  column.numbers_ =
      reader.take(static_cast<std::size_t>(series_count) * column.width_);
  if (!reader.ok()) return fail(Code::kCorrupt, "short label column");
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < column.value_count_; ++i) {
    const auto next = load_le<std::uint32_t>(column.ends_.data() + i * 4ULL);
    if (next < end || next > blob_size)
      return fail(Code::kCorrupt, "bad label value");
    end = next;
  }
  return column;
}

std::string_view ZoneColumn::value(std::uint32_t number) const {
  const std::uint32_t i = number - 1;
  const auto end = load_le<std::uint32_t>(ends_.data() + i * 4ULL);
  const auto begin =
      i == 0 ? 0U : load_le<std::uint32_t>(ends_.data() + (i - 1) * 4ULL);
  return blob_.substr(begin, end - begin);
}

std::uint32_t ZoneColumn::number(std::uint32_t series) const {
  if (value_count_ == 0) return 0;
  std::uint32_t number = 1;
  if (width_ == 1) number = std::to_integer<std::uint32_t>(numbers_[series]);
  if (width_ == 2)
    number = load_le<std::uint16_t>(numbers_.data() + series * 2ULL);
  return number <= value_count_ ? number : 0;
}

std::uint32_t ZoneColumn::find(std::string_view value_wanted) const {
  std::uint32_t low = 1;
  std::uint32_t high = value_count_ + 1;
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    if (value(middle) < value_wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low <= value_count_ && value(low) == value_wanted ? low : 0;
}

void ZoneColumn::filter(std::span<const std::uint8_t> wanted,
                        std::span<std::uint8_t> keep) const {
  const std::size_t values = wanted.size();
  if (value_count_ == 0 || width_ == 0) {
    const std::uint8_t all = wanted[value_count_ == 0 ? 0 : 1];
    if (all == 0) std::ranges::fill(keep, std::uint8_t{0});
    return;
  }
  for (std::uint32_t i = 0; i < keep.size(); ++i) {
    const std::uint32_t n = number(i);
    keep[i] = keep[i] & wanted[n < values ? n : 0];
  }
}

Result<std::unique_ptr<ZoneView>> ZoneView::parse(Bytes body) {
  std::unique_ptr<ZoneView> view(new ZoneView());
  ZoneView& zone = *view;
  if (body.size() < sizeof(ZoneBody)) return fail(Code::kCorrupt, "short zone");
  zone.body_ = body;
  zone.header_ = load_struct<ZoneBody>(body.data());
  const ZoneBody& header = zone.header_;
  const std::uint64_t entry_bytes =
      header.sections * std::uint64_t{kEntryBytes};
  if (header.sections < kFixedEntries || header.count > kZoneSeries ||
      header.table_size > body.size() - sizeof(ZoneBody) ||
      entry_bytes > header.table_size ||
      table_crc(body, header.table_size) != header.table_crc)
    return fail(Code::kCorrupt, "bad zone table");
  const std::byte* at = body.data() + sizeof(ZoneBody);
  std::string_view names = as_text(body.subspan(
      sizeof(ZoneBody) + entry_bytes, header.table_size - entry_bytes));
  for (std::uint32_t i = 0; i < header.sections; ++i, at += kEntryBytes) {
    const auto entry = load_struct<Entry>(at);
    if (entry.offset > body.size() || entry.size > body.size() - entry.offset ||
        entry.name_size > names.size())
      return fail(Code::kCorrupt, "bad zone section");
    zone.entries_.push_back(entry);
    if (i < kFixedEntries) continue;
    const std::string_view name = names.substr(0, entry.name_size);
    if (!zone.names_.empty() && name <= zone.names_.back())
      return fail(Code::kCorrupt, "zone columns out of order");
    zone.names_.push_back(name);
    names.remove_prefix(entry.name_size);
  }
  zone.columns_ = std::make_unique<LazyColumn[]>(zone.names_.size());
  return view;
}

Result<Bytes> ZoneView::section(std::size_t entry) const {
  const Bytes bytes =
      body_.subspan(entries_[entry].offset, entries_[entry].size);
  if (crc32c(bytes) != entries_[entry].crc)
    return fail(Code::kCorrupt,
                "zone of series " + std::to_string(header_.first) +
                    ": bad crc of section " + std::to_string(entry));
  return bytes;
}

const Result<ZoneColumn>& ZoneView::column(std::string_view name) const {
  const auto at = std::ranges::lower_bound(names_, name);
  if (at == names_.end() || *at != name) return no_column_;
  return column(static_cast<std::size_t>(at - names_.begin()));
}

const Result<ZoneColumn>& ZoneView::column(std::size_t name_index) const {
  LazyColumn& lazy = columns_[name_index];
  std::call_once(lazy.once, [&] {
    const auto bytes = section(kFixedEntries + name_index);
    if (bytes) {
      lazy.column = ZoneColumn::parse(*bytes, header_.count);
    } else {
      lazy.column = fail(bytes.error());
    }
  });
  return lazy.column;
}

Result<Bytes> ZoneView::hashes() const {
  auto bytes = section(0);
  if (bytes && bytes->size() != header_.count * 8ULL)
    return fail(Code::kCorrupt, "short hashes of a zone");
  return bytes;
}

const Result<Bytes>& ZoneView::homes() const {
  std::call_once(homes_once_, [&] {
    homes_ = section(1);
    if (homes_ && homes_->size() != header_.count * 4ULL)
      homes_ = fail(Code::kCorrupt, "short homes of a zone");
  });
  return homes_;
}

Result<Labels> ZoneView::labels(std::uint32_t series) const {
  std::vector<LabelView> labels;
  labels.reserve(names_.size());
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto& found = column(i);
    if (!found) return fail(found.error());
    const std::uint32_t number = found->number(series);
    if (number != 0) labels.push_back({names_[i], found->value(number)});
  }
  return Labels::from_sorted(labels);
}

}  // namespace prom::store
