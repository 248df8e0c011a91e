// Selecting series of a view: what several parts have of a series is found and
// joined here.
#include <algorithm>
#include <set>

#include "libprom/store/label_order.h"
#include "libprom/store/sample_order.h"
#include "libprom/store/view.h"

namespace prom::store {

struct ViewSelection::Part {
  const ViewPart* part = nullptr;
  std::vector<PartSeries> series;
  std::unique_ptr<PartReader> reader;
  // Deleted ranges of the series at an index, ascending by index.
  std::vector<std::pair<std::uint32_t, TimeRange>> deleted;

  void open(const ReadRange& range);
};

namespace {

bool has_samples_in(const ViewPart& part, std::int64_t min_ms,
                    std::int64_t max_ms) {
  const bool any = part.min_ms() <= part.max_ms();
  return any && part.min_ms() <= max_ms && part.max_ms() >= min_ms;
}

bool covers(const Deletion& deletion, std::int64_t min_ms,
            std::int64_t max_ms) {
  return deletion.min_ms <= min_ms && deletion.max_ms >= max_ms;
}

bool touches(const Deletion& deletion, std::int64_t min_ms,
             std::int64_t max_ms) {
  return deletion.min_ms <= max_ms && deletion.max_ms >= min_ms;
}

// Without the series of which nothing is left.
void leave_out_deleted(const ViewPart& part, std::vector<PartSeries>& series) {
  for (const Deletion* deletion : part.deletions) {
    if (!covers(*deletion, part.min_ms(), part.max_ms())) continue;
    const auto gone = part.select(deletion->matchers);
    if (!gone) continue;  // the part has noted the damage
    std::erase_if(series, [&](PartSeries one) {
      return std::ranges::binary_search(*gone, one);
    });
  }
}

}  // namespace

// Once `series` is what it will be.
void ViewSelection::Part::open(const ReadRange& range) {
  for (const Deletion* deletion : part->deletions) {
    if (!touches(*deletion, range.min_ms, range.max_ms)) continue;
    const auto gone = part->select(deletion->matchers);
    if (!gone) continue;
    for (std::uint32_t i = 0; i < series.size(); ++i) {
      if (std::ranges::binary_search(*gone, series[i]))
        deleted.push_back({i, {deletion->min_ms, deletion->max_ms}});
    }
  }
  std::ranges::stable_sort(deleted, {},
                           &std::pair<std::uint32_t, TimeRange>::first);
  reader = part->reader(series, range);
}

ViewSelection::ViewSelection(std::shared_ptr<const View> view,
                             const ReadRange& range)
    : view_(std::move(view)), range_(range) {}

void ViewSelection::open() {
  for (Part& part : parts_) part.open(range_);
}

ViewSelection::~ViewSelection() = default;

Result<std::unique_ptr<const ViewSelection>> View::select(
    const Matchers& matchers, std::int64_t min_ms, std::int64_t max_ms,
    Resolution use) const {
  std::unique_ptr<ViewSelection> selection(
      new ViewSelection(shared_from_this(), {min_ms, max_ms, use}));
  for (const auto& part : parts_) {
    if (!has_samples_in(*part, min_ms, max_ms)) continue;
    auto series = part->select(matchers);
    // A part whose labels are damaged is left out; it has noted the damage.
    if (!series && series.error().code != Code::kCorrupt)
      return fail(std::move(series).error());
    if (series) leave_out_deleted(*part, *series);
    if (!series || series->empty()) continue;
    selection->parts_.emplace_back();
    selection->parts_.back().part = part.get();
    selection->parts_.back().series = std::move(*series);
  }
  selection->merge();
  selection->open();
  return selection;
}

std::unique_ptr<const ViewSelection> View::find(std::span<const Labels> labels,
                                                std::int64_t min_ms,
                                                std::int64_t max_ms) const {
  std::unique_ptr<ViewSelection> selection(new ViewSelection(
      shared_from_this(), {.min_ms = min_ms, .max_ms = max_ms}));
  std::vector<std::vector<ViewSelection::Member>> members(labels.size());
  for (const auto& part : parts_) {
    if (!has_samples_in(*part, min_ms, max_ms)) continue;
    ViewSelection::Part found;
    found.part = part.get();
    const auto number = static_cast<std::uint32_t>(selection->parts_.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const PartSeries series = part->find(labels[i]);
      if (series == kNone) continue;
      members[i].push_back(
          {number, static_cast<std::uint32_t>(found.series.size())});
      found.series.push_back(series);
    }
    if (found.series.empty()) continue;
    selection->parts_.push_back(std::move(found));
  }
  selection->open();
  selection->size_ = labels.size();
  selection->end_.reserve(labels.size());
  for (const auto& some : members) {
    std::ranges::copy(some, std::back_inserter(selection->members_));
    selection->end_.push_back(
        static_cast<std::uint32_t>(selection->members_.size()));
  }
  return selection;
}

std::unique_ptr<const ViewSelection> ViewSelection::slice(
    std::size_t first, std::size_t count) const {
  std::unique_ptr<ViewSelection> slice(new ViewSelection(view_, range_));
  slice->size_ = count;
  if (count == 0) return slice;
  for (const Part& part : parts_) {
    slice->parts_.emplace_back();
    slice->parts_.back().part = part.part;
  }
  if (end_.empty()) {
    const auto some = std::span(parts_[0].series).subspan(first, count);
    slice->parts_[0].series.assign(some.begin(), some.end());
  }
  for (std::size_t i = first; !end_.empty() && i < first + count; ++i) {
    for (const Member& member : members(i)) {
      auto& series = slice->parts_[member.part].series;
      slice->members_.push_back(
          {member.part, static_cast<std::uint32_t>(series.size())});
      series.push_back(parts_[member.part].series[member.index]);
    }
    slice->end_.push_back(static_cast<std::uint32_t>(slice->members_.size()));
  }
  slice->open();
  return slice;
}

// All series of all parts in one order; equal neighbours are one series.
void ViewSelection::merge() {
  if (parts_.empty()) return;
  if (parts_.size() == 1) {
    parts_[0].part->sort_by_labels(parts_[0].series);
    size_ = parts_[0].series.size();
    return;
  }
  std::vector<Member> all;
  std::set<std::string> names;
  for (std::uint32_t p = 0; p < parts_.size(); ++p) {
    for (std::uint32_t i = 0; i < parts_[p].series.size(); ++i)
      all.push_back({p, i});
    names.merge([&] {
      auto some = parts_[p].part->label_names(parts_[p].series);
      return std::set<std::string>(some.begin(), some.end());
    }());
  }
  LabelOrder order(all.size());
  for (const std::string& name : names) {
    LabelIds joined;
    Interner interner(joined.values);
    joined.ids.reserve(all.size());
    for (const Part& part : parts_) {
      const LabelIds column = part.part->column(name, part.series);
      std::vector<std::uint32_t> ids;
      ids.reserve(column.values.size());
      for (const std::string& value : column.values)
        ids.push_back(interner.id(value));
      for (const std::uint32_t id : column.ids) joined.ids.push_back(ids[id]);
    }
    order.add(joined);
  }
  const std::vector<std::uint32_t> sorted = order.sorted();
  members_.reserve(all.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && !order.equal(sorted[i - 1], sorted[i]))
      end_.push_back(static_cast<std::uint32_t>(i));
    members_.push_back(all[sorted[i]]);
  }
  end_.push_back(static_cast<std::uint32_t>(members_.size()));
  size_ = end_.size();
}

std::span<const ViewSelection::Member> ViewSelection::members(
    std::size_t series) const {
  const std::size_t begin = series == 0 ? 0 : end_[series - 1];
  return std::span(members_).subspan(begin, end_[series] - begin);
}

Labels ViewSelection::labels(std::size_t series) const {
  if (end_.empty()) return parts_[0].part->labels(parts_[0].series[series]);
  const auto some = members(series);
  if (some.empty()) return {};
  const Part& part = parts_[some[0].part];
  return part.part->labels(part.series[some[0].index]);
}

LabelIds ViewSelection::column(std::string_view name) const {
  if (size_ == 0) return {.ids = {}, .values = {""}};
  if (end_.empty()) return parts_[0].part->column(name, parts_[0].series);
  // Each series is asked of the first part that has it.
  std::vector<std::vector<PartSeries>> asked(parts_.size());
  for (std::size_t i = 0; i < size_; ++i) {
    const auto some = members(i);
    if (!some.empty())
      asked[some[0].part].push_back(parts_[some[0].part].series[some[0].index]);
  }
  LabelIds joined;
  Interner interner(joined.values);
  std::vector<std::vector<std::uint32_t>> answers(parts_.size());
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    LabelIds column = parts_[p].part->column(name, asked[p]);
    std::vector<std::uint32_t> ids;
    ids.reserve(column.values.size());
    for (const std::string& value : column.values)
      ids.push_back(interner.id(value));
    for (std::uint32_t& id : column.ids) id = ids[id];
    answers[p] = std::move(column.ids);
  }
  joined.ids.reserve(size_);
  std::vector<std::size_t> next(parts_.size());
  for (std::size_t i = 0; i < size_; ++i) {
    const auto some = members(i);
    joined.ids.push_back(
        some.empty() ? 0 : answers[some[0].part][next[some[0].part]++]);
  }
  return joined;
}

std::vector<std::string> ViewSelection::label_names() const {
  std::set<std::string> names;
  for (const Part& part : parts_) {
    for (std::string& name : part.part->label_names(part.series))
      names.insert(std::move(name));
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> ViewSelection::label_values(
    std::string_view name) const {
  LabelIds found = column(name);
  found.values.erase(found.values.begin());
  std::ranges::sort(found.values);
  return std::move(found.values);
}

std::vector<TimeRange> ViewSelection::deleted(const Member& member) const {
  const Part& part = parts_[member.part];
  std::vector<TimeRange> ranges;
  if (part.deleted.empty()) return ranges;
  const auto some =
      std::ranges::equal_range(part.deleted, member.index, {},
                               &std::pair<std::uint32_t, TimeRange>::first);
  for (const auto& [index, range] : some) ranges.push_back(range);
  return ranges;
}

void ViewSelection::append_member(const Member& member, Samples& into,
                                  std::int64_t& coarsest_ms) const {
  const std::size_t begin = into.t_ms.size();
  parts_[member.part].reader->append(member.index, into, coarsest_ms);
  const std::vector<TimeRange> ranges = deleted(member);
  if (!ranges.empty()) drop_ranges(into, begin, ranges);
}

std::int64_t ViewSelection::append(std::size_t series, Samples& into) const {
  std::int64_t coarsest_ms = 0;
  if (end_.empty()) {
    append_member({0, static_cast<std::uint32_t>(series)}, into, coarsest_ms);
    return coarsest_ms;
  }
  const std::size_t begin = into.t_ms.size();
  for (const Member& member : members(series))
    append_member(member, into, coarsest_ms);
  put_in_order(into, begin);
  return coarsest_ms;
}

void ViewSelection::read(std::size_t first, std::size_t count, Samples& into,
                         std::vector<std::int64_t>* coarsest_ms) const {
  into.clear();
  if (coarsest_ms != nullptr) coarsest_ms->assign(count, 0);
  for (std::size_t i = first; i < first + count; ++i) {
    const std::int64_t coarsest = append(i, into);
    if (coarsest_ms != nullptr) (*coarsest_ms)[i - first] = coarsest;
    into.end_series();
  }
}

// A bin of which something is deleted goes as a whole.
bool ViewSelection::append_bins(const Member& member, const BinRequest& request,
                                Bins& into) const {
  const std::size_t begin = into.size();
  const std::int64_t before_ms = begin == 0 ? INT64_MIN : into.last_ms.back();
  if (!parts_[member.part].reader->append_bins(member.index, request, into))
    return false;
  const std::vector<TimeRange> ranges = deleted(member);
  if (!ranges.empty()) {
    std::vector<bool> gone(into.size() - begin);
    for (std::size_t i = begin; i < into.size(); ++i)
      gone[i - begin] =
          std::ranges::any_of(ranges, [&](const TimeRange& range) {
            return range.min_ms <= into.last_ms[i] &&
                   range.max_ms >= into.first_ms[i];
          });
    into.erase(begin, gone);
  }
  // Parts that are not apart in time may have the same samples.
  return begin == 0 || begin == into.size() || into.first_ms[begin] > before_ms;
}

bool ViewSelection::read_bins(std::size_t series, BinRequest request,
                              Bins& into) const {
  into.clear();
  const Member only{0, static_cast<std::uint32_t>(series)};
  const auto own = end_.empty() ? std::span(&only, 1) : members(series);
  // What is deleted must not be in the middle of a bin.
  const bool cut = std::ranges::any_of(
      own, [&](const Member& member) { return !deleted(member).empty(); });
  if (cut) {
    request.resolution_ms = 0;
    request.columns = kBinAll;
  }
  return std::ranges::all_of(own, [&](const Member& member) {
    return append_bins(member, request, into);
  });
}

std::vector<std::vector<Exemplar>> ViewSelection::exemplars() const {
  // Where the series of each part stand in the selection.
  std::vector<std::vector<std::uint32_t>> places(parts_.size());
  for (std::size_t p = 0; p < parts_.size(); ++p)
    places[p].resize(parts_[p].series.size());
  for (std::uint32_t i = 0; i < size_; ++i) {
    if (end_.empty()) {
      places[0][i] = i;
      continue;
    }
    for (const Member& member : members(i))
      places[member.part][member.index] = i;
  }
  std::vector<std::vector<Exemplar>> all(size_);
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    for (auto& [index, exemplar] : parts_[p].part->exemplars(
             parts_[p].series, range_.min_ms, range_.max_ms)) {
      const auto gone =
          std::ranges::equal_range(parts_[p].deleted, index, {},
                                   &std::pair<std::uint32_t, TimeRange>::first);
      const bool deleted = std::ranges::any_of(gone, [&](const auto& one) {
        return exemplar.t_ms >= one.second.min_ms &&
               exemplar.t_ms <= one.second.max_ms;
      });
      if (!deleted) all[places[p][index]].push_back(std::move(exemplar));
    }
  }
  for (auto& some : all) put_in_order(some);
  return all;
}

}  // namespace prom::store
