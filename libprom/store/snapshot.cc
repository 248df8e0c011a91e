#include "libprom/store/snapshot.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/store/label_order.h"

namespace prom::store {
namespace {

// Below this a comparison sort of the labels themselves is as fast.
constexpr std::size_t kRankSortMin = 256;

// Remembers what a regular expression said about a value: values repeat from
// zone to zone.
class Memo {
 public:
  explicit Memo(const Matcher& matcher) : matcher_(&matcher) {}

  bool matches(std::string_view value) {
    const auto [at, fresh] = known_.try_emplace(value, false);
    if (fresh) at->second = matcher_->matches(value);
    return at->second;
  }
  [[nodiscard]] const Matcher& matcher() const { return *matcher_; }

 private:
  const Matcher* matcher_;
  boost::unordered_flat_map<std::string_view, bool> known_;
};

// Which value numbers of a column the matcher accepts.
std::vector<std::uint8_t> wanted_values(const ZoneColumn& column, Memo& memo) {
  const Matcher& matcher = memo.matcher();
  const bool negative = matcher.op() == MatchOp::kNotEqual;
  std::vector<std::uint8_t> wanted(column.value_count() + 1ULL,
                                   negative ? 1 : 0);
  switch (matcher.op()) {
    case MatchOp::kEqual:
    case MatchOp::kNotEqual:
      if (const std::uint32_t number = column.find(matcher.value()))
        wanted[number] = negative ? 0 : 1;
      break;
    case MatchOp::kRegex:
      if (!matcher.regex()->literals().empty()) {
        for (const std::string& literal : matcher.regex()->literals())
          wanted[column.find(literal)] = 1;
        break;
      }
      [[fallthrough]];
    case MatchOp::kNotRegex:
      for (std::uint32_t n = 1; n <= column.value_count(); ++n)
        wanted[n] = memo.matches(column.value(n)) ? 1 : 0;
      break;
  }
  wanted[0] = matcher.matches_empty() ? 1 : 0;
  return wanted;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::open(
    const std::string& path) {
  const auto generations = list_generations(path);
  if (!generations) return fail(generations.error());
  if (generations->empty()) return fail(Code::kMissing, "no store at " + path);
  return open(path, generations->back());
}

Result<std::shared_ptr<const Snapshot>> Snapshot::open(
    const std::string& path, std::uint64_t generation) {
  auto ctl = Ctl::open(path, generation, os::MappedFile::Access::kRead);
  if (!ctl) return fail(std::move(ctl).error());
  return open(path, *ctl);
}

Result<std::shared_ptr<const Snapshot>> Snapshot::open(
    const std::string& path, const std::shared_ptr<Ctl>& ctl) {
  const std::uint64_t generation = ctl->generation();
  auto head = Head::open(path, ctl);
  if (!head) return fail(std::move(head).error());
  return std::shared_ptr<const Snapshot>(
      new Snapshot(generation, std::move(*head)));
}

Result<ZoneColumn> Snapshot::zone_column(std::size_t zone,
                                         std::string_view name) const {
  const Result<ZoneColumn>& column = head_->zone(zone).column(name);
  if (column) return *column;
  head_->report(column.error());
  const auto rebuilt = head_->rebuild_zone(zone);
  if (!rebuilt) return fail(rebuilt.error());
  return (*rebuilt)->column(name);
}

Result<std::vector<SeriesId>> Snapshot::select(const Matchers& matchers) const {
  std::vector<Memo> memos;
  for (const Matcher& matcher : matchers) memos.emplace_back(matcher);
  // Equality first: it leaves the least for the others to look at.
  std::ranges::stable_partition(memos, [](const Memo& memo) {
    return memo.matcher().op() == MatchOp::kEqual;
  });
  std::vector<SeriesId> found;
  std::array<std::uint8_t, kZoneSeries> keep{};
  for (std::size_t z = 0; z < head_->zone_count(); ++z) {
    keep.fill(1);
    bool any = true;
    for (Memo& memo : memos) {
      const auto column = zone_column(z, memo.matcher().name());
      if (!column) return fail(column.error());
      const std::vector<std::uint8_t> wanted = wanted_values(*column, memo);
      any = std::ranges::find(wanted, 1) != wanted.end();
      if (!any) break;
      column->filter(wanted, keep);
    }
    if (!any) continue;
    for (std::uint32_t i = 0; i < kZoneSeries; ++i) {
      if (keep[i] != 0)
        found.push_back(static_cast<SeriesId>(z * kZoneSeries) + i);
    }
  }
  const std::vector<Labels>& tail = head_->tail();
  for (std::size_t i = 0; i < tail.size(); ++i) {
    if (!tail[i].empty() && matches_all(matchers, tail[i]))
      found.push_back(head_->tail_first() + static_cast<SeriesId>(i));
  }
  return found;
}

std::vector<std::uint64_t> Snapshot::hashes() const {
  std::vector<std::uint64_t> all(series_count());
  for (std::size_t z = 0; z < head_->zone_count(); ++z) {
    Result<Bytes> hashes = head_->zone(z).hashes();
    if (!hashes) {
      head_->report(hashes.error());
      const auto rebuilt = head_->rebuild_zone(z);
      if (rebuilt) hashes = (*rebuilt)->hashes();
    }
    if (!hashes) continue;
    std::memcpy(all.data() + z * kZoneSeries, hashes->data(), hashes->size());
  }
  const std::vector<Labels>& tail = head_->tail();
  for (std::size_t i = 0; i < tail.size(); ++i)
    all[head_->tail_first() + i] = tail[i].empty() ? 0 : tail[i].hash();
  return all;
}

LabelIds Snapshot::column(std::string_view name,
                          std::span<const SeriesId> series) const {
  LabelIds result;
  Interner interner(result.values);
  // Per zone: its column, and what each of its numbers is called here.
  struct Known {
    bool loaded = false;
    ZoneColumn column;
    std::vector<std::uint32_t> ids;
  };
  std::vector<Known> zones(head_->zone_count());
  result.ids.reserve(series.size());
  for (const SeriesId id : series) {
    if (id >= head_->tail_first()) {
      const Labels& labels = head_->tail()[id - head_->tail_first()];
      result.ids.push_back(interner.id(labels.get(name)));
      continue;
    }
    Known& zone = zones[id / kZoneSeries];
    if (!zone.loaded) {
      zone.loaded = true;
      zone.column = zone_column(id / kZoneSeries, name).value_or(ZoneColumn());
      zone.ids.assign(zone.column.value_count() + 1ULL, kNone);
      zone.ids[0] = 0;
    }
    const std::uint32_t number = zone.column.number(id % kZoneSeries);
    std::uint32_t& known = zone.ids[number];
    if (known == kNone) known = interner.id(zone.column.value(number));
    result.ids.push_back(known);
  }
  return result;
}

void Snapshot::sort_by_labels(std::vector<SeriesId>& series) const {
  if (series.size() < kRankSortMin) {
    std::vector<std::pair<Labels, SeriesId>> pairs;
    pairs.reserve(series.size());
    for (const SeriesId id : series) pairs.emplace_back(labels(id), id);
    std::ranges::sort(pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i) series[i] = pairs[i].second;
    return;
  }
  LabelOrder order(series.size());
  for (const std::string& name : label_names(series))
    order.add(column(name, series));
  std::vector<SeriesId> sorted;
  sorted.reserve(series.size());
  for (const std::uint32_t i : order.sorted()) sorted.push_back(series[i]);
  series.swap(sorted);
}

std::vector<std::string> Snapshot::label_names(
    std::span<const SeriesId> series) const {
  std::set<std::string, std::less<>> names;
  // A zone's column counts when one of the series asked for has it.
  std::vector<std::vector<std::uint8_t>> found(head_->zone_count());
  for (const SeriesId id : series) {
    if (id >= head_->tail_first()) {
      for (const LabelView label : head_->tail()[id - head_->tail_first()]) {
        if (!names.contains(label.name)) names.emplace(label.name);
      }
      continue;
    }
    const ZoneView& zone = head_->zone(id / kZoneSeries);
    auto& seen = found[id / kZoneSeries];
    seen.resize(zone.names().size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i] != 0) continue;
      const auto column = zone_column(id / kZoneSeries, zone.names()[i]);
      if (!column || column->number(id % kZoneSeries) == 0) continue;
      seen[i] = 1;
      names.emplace(zone.names()[i]);
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> Snapshot::label_values(
    std::string_view name, std::span<const SeriesId> series) const {
  LabelIds found = column(name, series);
  found.values.erase(found.values.begin());
  std::ranges::sort(found.values);
  return std::move(found.values);
}

std::vector<FamilyMetadata> Snapshot::metadata() const {
  std::map<std::string, FamilyMetadata, std::less<>> families;
  Position at = root().last_metadata;
  while (at != kNowhere) {
    const auto record = head_->log().record(at);
    if (!record) {
      head_->report(record.error());
      break;
    }
    if (record->header.type != RecordType::kMetadata ||
        record->body.size() < sizeof(MetadataBody))
      break;
    const auto body = load_struct<MetadataBody>(record->body.data());
    ByteReader reader(record->body.subspan(sizeof body));
    for (std::uint32_t i = 0; i < body.count && reader.ok(); ++i) {
      FamilyMetadata one;
      for (std::string* text : {&one.family, &one.type, &one.help, &one.unit})
        *text = reader.text();
      if (reader.ok()) families.try_emplace(one.family, one);  // newest first
    }
    if (body.previous >= at) break;
    at = body.previous;
  }
  std::vector<FamilyMetadata> all;
  for (auto& [name, family] : families) all.push_back(std::move(family));
  return all;
}

}  // namespace prom::store
