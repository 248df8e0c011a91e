#include "libprom/block/label_index.h"

#include <algorithm>
#include <array>
#include <bit>

#include <boost/unordered/unordered_flat_map.hpp>

namespace prom::block {
namespace {

// A dictionary that is this much longer than the series asked for is not worth
// an array of its size.
constexpr std::size_t kDenseFactor = 4;
constexpr std::size_t kDenseMin = 4096;

void append_kept(std::span<const std::uint8_t> keep, Ordinal first,
                 std::vector<Ordinal>& into) {
  std::size_t i = 0;
  for (; i + 8 <= keep.size(); i += 8) {
    auto eight = load_le<std::uint64_t>(keep.data() + i);
    while (eight != 0) {
      const auto byte = static_cast<std::size_t>(std::countr_zero(eight)) / 8;
      into.push_back(first + static_cast<Ordinal>(i + byte));
      eight &= ~(std::uint64_t{0xFF} << (8 * byte));
    }
  }
  for (; i < keep.size(); ++i) {
    if (keep[i] != 0) into.push_back(first + static_cast<Ordinal>(i));
  }
}

// From numbers of a dictionary to numbers of an answer.
class Renumbering {
 public:
  Renumbering(std::size_t values, std::size_t series) {
    if (values <= std::max(kDenseMin, kDenseFactor * series))
      dense_.resize(values + 1);
  }
  // 0 when it has none yet.
  std::uint32_t& operator[](std::uint32_t number) {
    return number < dense_.size() ? dense_[number] : sparse_[number];
  }

 private:
  std::vector<std::uint32_t> dense_;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> sparse_;
};

}  // namespace

Result<LabelIndex> LabelIndex::open(const CheckedFile& file) {
  LabelIndex index;
  index.file_ = &file;
  index.series_count_ = static_cast<std::uint32_t>(file.header().info.series);
  const auto names = file.header().section(SectionKind::kLabelNames);
  const auto zones = file.header().section(SectionKind::kLabelZones);
  if (!names || !zones) return fail(file.damage(0, "no table of the labels"));
  const auto bytes = file.bytes(names->offset, names->size);
  if (!bytes) return fail(bytes.error());
  ByteReader reader(*bytes);
  const auto count = reader.fixed<std::uint32_t>();
  (void)reader.fixed<std::uint32_t>();
  if (!reader.ok() || count > kLabelNamesMax)
    return fail(file.damage(names->offset, "bad table of label names"));
  const Bytes table = reader.take(count * sizeof(NameEntry));
  std::string_view previous;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const auto entry =
        load_struct<NameEntry>(table.data() + i * sizeof(NameEntry));
    const std::string_view name = as_text(reader.take(entry.name_size));
    if (!reader.ok() || (i > 0 && name <= previous) ||
        entry.values == 0xFFFFFFFF ||
        !file.contains(entry.ends, entry.values * sizeof(std::uint32_t)) ||
        !file.contains(entry.blob, entry.blob_bytes))
      return fail(file.damage(names->offset, "bad table of label names"));
    previous = name;
    index.names_.push_back({name, Dictionary(file, entry)});
  }
  const std::uint64_t zone_count =
      (index.series_count_ + std::uint64_t{kZoneSeries} - 1) / kZoneSeries;
  const std::uint64_t start_bytes = (zone_count + 1) * sizeof(std::uint64_t);
  if (!reader.ok() || zones->size < start_bytes ||
      (zones->size - start_bytes) % sizeof(ZoneEntry) != 0)
    return fail(file.damage(zones->offset, "bad table of label zones"));
  index.starts_ = zones->offset;
  index.entries_ = zones->offset + start_bytes;
  index.entry_count_ = (zones->size - start_bytes) / sizeof(ZoneEntry);
  return index;
}

std::uint32_t LabelIndex::find_name(std::string_view name) const {
  const auto at = std::ranges::lower_bound(names_, name, {}, &Name::name);
  if (at == names_.end() || at->name != name) return kNoName;
  return static_cast<std::uint32_t>(at - names_.begin());
}

std::uint32_t LabelIndex::zone_size(std::uint32_t zone) const {
  return std::min(kZoneSeries, series_count_ - zone * kZoneSeries);
}

Result<Bytes> LabelIndex::row(std::uint32_t zone) const {
  const std::uint64_t at = starts_ + zone * sizeof(std::uint64_t);
  const auto starts = file_->bytes(at, 2 * sizeof(std::uint64_t));
  if (!starts) return fail(starts.error());
  const auto first = load_le<std::uint64_t>(starts->data());
  const auto last = load_le<std::uint64_t>(starts->data() + 8);
  if (first > last || last > entry_count_)
    return fail(file_->damage(at, "bad row of label zones"));
  return file_->bytes(entries_ + first * sizeof(ZoneEntry),
                      (last - first) * sizeof(ZoneEntry));
}

Result<RunView> LabelIndex::run(std::uint32_t zone, std::uint32_t name) const {
  const auto entries = row(zone);
  if (!entries) return fail(entries.error());
  std::size_t low = 0;
  std::size_t high = entries->size() / sizeof(ZoneEntry);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const auto entry =
        load_struct<ZoneEntry>(entries->data() + middle * sizeof(ZoneEntry));
    if (entry.name == name)
      return RunView::open(*file_, entry.run, zone_size(zone));
    if (entry.name < name) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return RunView();
}

Result<std::vector<Ordinal>> LabelIndex::select(
    const Matchers& matchers) const {
  std::vector<Filter> filters;
  for (const Matcher& matcher : matchers) {
    const std::uint32_t name = find_name(matcher.name());
    auto wanted = name == kNoName ? Dictionary().match(matcher)
                                  : names_[name].dictionary.match(matcher);
    if (!wanted) return fail(std::move(wanted).error());
    const bool needs_value = name == kNoName && !wanted->contains(0);
    if (needs_value || wanted->is_nothing()) return std::vector<Ordinal>();
    if (name == kNoName || wanted->is_everything()) continue;
    filters.push_back({name, std::move(*wanted)});
  }
  // Intervals first: they leave the least for the others to look at.
  std::ranges::partition(filters, [](const Filter& filter) {
    return filter.wanted.bits.empty() && !filter.wanted.inverted;
  });
  std::vector<Ordinal> found;
  std::array<std::uint8_t, kZoneSeries> keep;  // NOLINT: filled below
  for (std::uint32_t zone = 0; zone * kZoneSeries < series_count_; ++zone) {
    const std::span<std::uint8_t> kept(keep.data(), zone_size(zone));
    std::ranges::fill(kept, std::uint8_t{1});
    const auto any = filter_zone(zone, filters, kept);
    if (!any) return fail(any.error());
    if (*any) append_kept(kept, zone * kZoneSeries, found);
  }
  return found;
}

Result<bool> LabelIndex::filter_zone(std::uint32_t zone,
                                     std::span<const Filter> filters,
                                     std::span<std::uint8_t> keep) const {
  for (const Filter& one : filters) {
    const auto numbers = run(zone, one.name);
    if (!numbers) return fail(numbers.error());
    if (!filter(*numbers, one.wanted, keep)) return false;
  }
  return true;
}

Result<Labels> LabelIndex::labels(Ordinal series) const {
  const std::uint32_t zone = series / kZoneSeries;
  const auto entries = row(zone);
  if (!entries) return fail(entries.error());
  std::vector<LabelView> labels;
  labels.reserve(entries->size() / sizeof(ZoneEntry));
  std::uint32_t next_name = 0;
  for (Bytes rest = *entries; !rest.empty();
       rest = rest.subspan(sizeof(ZoneEntry))) {
    const auto entry = load_struct<ZoneEntry>(rest.data());
    if (entry.name < next_name || entry.name >= names_.size())
      return fail(file_->damage(entries_, "bad row of label zones"));
    next_name = entry.name + 1;
    const auto numbers = RunView::open(*file_, entry.run, zone_size(zone));
    if (!numbers) return fail(numbers.error());
    const std::uint64_t number = numbers->get(series % kZoneSeries);
    if (number == 0) continue;
    const Name& name = names_[entry.name];
    if (number > name.dictionary.size())
      return fail(file_->damage(entries_, "bad number of a label value"));
    const auto value =
        name.dictionary.value(static_cast<std::uint32_t>(number));
    if (!value) return fail(value.error());
    if (value->empty())
      return fail(file_->damage(entries_, "empty label value"));
    labels.push_back({name.name, *value});
  }
  return Labels::from_sorted(labels);
}

template <typename Visit>
Status LabelIndex::for_each_number(std::uint32_t name,
                                   std::span<const Ordinal> series,
                                   const Visit& visit) const {
  std::uint32_t known_zone = 0xFFFFFFFF;
  RunView numbers;
  const std::uint32_t values = names_[name].dictionary.size();
  for (const Ordinal one : series) {
    const std::uint32_t zone = one / kZoneSeries;
    if (zone != known_zone) {
      const auto opened = run(zone, name);
      if (!opened) return fail(opened.error());
      numbers = *opened;
      known_zone = zone;
    }
    const std::uint64_t number = numbers.get(one % kZoneSeries);
    if (number > values)
      return fail(file_->damage(entries_, "bad number of a label value"));
    visit(static_cast<std::uint32_t>(number));
  }
  return {};
}

Result<LabelIds> LabelIndex::column(std::string_view name,
                                    std::span<const Ordinal> series) const {
  LabelIds result;
  result.values.emplace_back();
  const std::uint32_t at = find_name(name);
  if (at == kNoName) {
    result.ids.resize(series.size());
    return result;
  }
  const Dictionary& dictionary = names_[at].dictionary;
  Renumbering ids(dictionary.size(), series.size());
  std::vector<std::uint32_t> numbers;  // of the values, in their order
  result.ids.reserve(series.size());
  Status status = for_each_number(at, series, [&](std::uint32_t number) {
    if (number == 0) {
      result.ids.push_back(0);
      return;
    }
    std::uint32_t& id = ids[number];
    if (id == 0) {
      numbers.push_back(number);
      id = static_cast<std::uint32_t>(numbers.size());
    }
    result.ids.push_back(id);
  });
  if (!status) return fail(std::move(status).error());
  result.values.reserve(numbers.size() + 1);
  for (const std::uint32_t number : numbers) {
    const auto value = dictionary.value(number);
    if (!value) return fail(value.error());
    result.values.emplace_back(*value);
  }
  return result;
}

Result<std::vector<std::string>> LabelIndex::label_names(
    std::span<const Ordinal> series, std::size_t limit) const {
  std::vector<bool> found(names_.size());
  for (std::size_t i = 0; i < series.size();) {
    const std::uint32_t zone = series[i] / kZoneSeries;
    std::size_t end = i + 1;
    while (end < series.size() && series[end] / kZoneSeries == zone) ++end;
    const auto entries = row(zone);
    if (!entries) return fail(entries.error());
    for (Bytes rest = *entries; !rest.empty();
         rest = rest.subspan(sizeof(ZoneEntry))) {
      const auto entry = load_struct<ZoneEntry>(rest.data());
      if (entry.name >= names_.size())
        return fail(file_->damage(entries_, "bad row of label zones"));
      if (found[entry.name]) continue;
      const auto numbers = RunView::open(*file_, entry.run, zone_size(zone));
      if (!numbers) return fail(numbers.error());
      found[entry.name] = std::ranges::any_of(
          series.subspan(i, end - i),
          [&](Ordinal one) { return numbers->get(one % kZoneSeries) != 0; });
    }
    i = end;
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < found.size() && names.size() < limit; ++i) {
    if (found[i]) names.emplace_back(names_[i].name);
  }
  return names;
}

Result<std::vector<std::string>> LabelIndex::label_values(
    std::string_view name, std::span<const Ordinal> series,
    std::size_t limit) const {
  std::vector<std::string> values;
  const std::uint32_t at = find_name(name);
  if (at == kNoName) return values;
  const Dictionary& dictionary = names_[at].dictionary;
  std::vector<bool> seen(dictionary.size() + 1ULL);
  Status status = for_each_number(
      at, series, [&](std::uint32_t number) { seen[number] = true; });
  if (!status) return fail(std::move(status).error());
  for (std::uint32_t number = 1; number < seen.size() && values.size() < limit;
       ++number) {
    if (!seen[number]) continue;
    const auto value = dictionary.value(number);
    if (!value) return fail(value.error());
    values.emplace_back(*value);
  }
  return values;
}

}  // namespace prom::block
