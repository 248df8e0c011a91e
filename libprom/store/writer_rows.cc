// Sources, their layouts and their rows.
#include <algorithm>
#include <bit>

#include "libprom/store/row_codec.h"
#include "libprom/store/writer_internal.h"

namespace prom::store {
namespace {

// Sources that text input makes up are told from senders' by this.
constexpr std::uint64_t kImplicitSource = 0x696d706c69636974ULL;

}  // namespace

// -- layouts

SourceId Writer::source_of(std::uint64_t key) {
  const auto next = static_cast<SourceId>(sources_.size());
  const auto [at, fresh] = source_ids_.try_emplace(key, next);
  if (fresh) {
    sources_.push_back(std::make_unique<Source>());
    Source& source = *sources_.back();
    source.key = key;
    if (const auto before = carried_.find(key); before != carried_.end()) {
      source.last_ms = before->second.source->last_ms;
      source.last_sequence = before->second.source->last_sequence;
      carried_.erase(before);
    }
  }
  return at->second;
}

std::uint32_t Writer::slot_of(const Source& source, SourceId id,
                              SeriesId series) const {
  if (homes_[series] == id) return slots_[series];
  const auto at = source.foreign_slots.find(series);
  return at == source.foreign_slots.end() ? kNone : at->second;
}

// Makes sure that each of the series has a column.
void Writer::update_layout(SourceId id, std::span<const SeriesId> series) {
  Source& source = *sources_[id];
  std::vector<SeriesId> missing;
  for (const SeriesId one : series) {
    if (one == kNone) continue;
    // A series that no record names yet can still choose its home.
    if (homes_[one] == kNone && one >= series_staged_) homes_[one] = id;
    if (slot_of(source, id, one) == kNone) missing.push_back(one);
  }
  if (missing.empty() && source.layout_base != kNowhere) return;
  const std::size_t columns = source.columns.size() + missing.size();
  if (source.layout_base == kNowhere ||
      source.layout_records >= kLayoutRecordsMax ||
      columns > 4 * series.size() + 256) {
    begin_era(id, series);
  } else {
    add_columns(id, missing);
  }
}

void Writer::begin_era(SourceId id, std::span<const SeriesId> series) {
  Source& source = *sources_[id];
  for (const SeriesId one : source.columns) {
    if (one < series_count_ && homes_[one] == id) slots_[one] = kNone;
  }
  source.foreign_slots.clear();
  source.columns.clear();
  source.layout_base = kNowhere;
  source.layout_records = 0;
  source.keyframe = kNowhere;
  std::vector<SeriesId> wanted;
  for (const SeriesId one : series) {
    if (one != kNone) wanted.push_back(one);
  }
  add_columns(id, wanted);
}

void Writer::add_columns(SourceId id, std::span<const SeriesId> series) {
  stage_series();
  Source& source = *sources_[id];
  source.clear_from_ms = INT64_MAX;
  const auto first = static_cast<std::uint32_t>(source.columns.size());
  std::vector<SeriesId> added;
  for (const SeriesId one : series) {
    // A sender may name a series twice; it has one column all the same.
    if (slot_of(source, id, one) != kNone) continue;
    const auto slot = static_cast<std::uint32_t>(source.columns.size());
    source.columns.push_back(one);
    added.push_back(one);
    if (homes_[one] == id) {
      slots_[one] = slot;
      continue;
    }
    source.foreign_slots[one] = slot;
    source.foreign = source.shared = true;
    if (homes_[one] < sources_.size()) sources_[homes_[one]]->shared = true;
  }
  stage_layout(id, first, added, false);
}

void Writer::stage_layout(SourceId id, std::uint32_t first_column,
                          std::span<const SeriesId> added, bool with_sent) {
  Source& source = *sources_[id];
  // A base record names itself: by the position that it is about to get.
  if (source.layout_base == kNowhere)
    source.layout_base = log_->end() + batch_.size();
  std::uint8_t flags = source.foreign ? kLayoutForeign : 0;
  LayoutBody body{.previous = source.last_layout,
                  .base = source.layout_base,
                  .source_key = source.key,
                  .fingerprint = source.fingerprint,
                  .first_column = first_column,
                  .count = static_cast<std::uint32_t>(added.size()),
                  .version = source.version,
                  .sent_count = 0};
  std::string record;
  if (with_sent) {
    flags |= kLayoutSent;
    const bool all = source.sent == source.columns;
    body.sent_count =
        all ? kSentAll : static_cast<std::uint32_t>(source.sent.size());
    append_struct(record, body);
    for (const SeriesId one : added) append_le(record, one);
    if (!all) {
      for (const SeriesId one : source.sent)
        append_le(record, one == kNone ? kNone : slot_of(source, id, one));
    }
  } else {
    append_struct(record, body);
    for (const SeriesId one : added) append_le(record, one);
  }
  source.last_layout = stage(RecordType::kLayout, flags, id, record);
  ++source.layout_records;
}

Status Writer::add(const wire::Layout& layout) {
  if (Status room = check_room(); !room) return room;
  if (layout.series.size() > kColumnsMax)
    return fail(Code::kLimit, "a layout of " +
                                  std::to_string(layout.series.size()) +
                                  " series; at most " +
                                  std::to_string(kColumnsMax) + " are taken");
  const std::uint64_t fingerprint = wire::fingerprint(layout.series);
  const SourceId id = source_of(layout.source);
  Source& source = *sources_[id];
  if (source.has_sender && source.version == layout.version &&
      source.fingerprint == fingerprint)
    return {};
  std::vector<SeriesId> sent;
  sent.reserve(layout.series.size());
  for (const Labels& labels : layout.series)
    sent.push_back(find_or_create(labels));
  update_layout(id, sent);
  source.has_sender = true;
  source.version = layout.version;
  source.fingerprint = fingerprint;
  source.sent = std::move(sent);
  stage_layout(id, static_cast<std::uint32_t>(source.columns.size()), {}, true);
  return {};
}

// -- rows

Status Writer::add(const wire::Row& row) {
  if (Status room = check_room(); !room) return room;
  const auto at = source_ids_.find(row.source);
  const Source* const source =
      at == source_ids_.end() ? adopt(row.source) : sources_[at->second].get();
  if (source == nullptr || !source->has_sender ||
      source->version != row.version ||
      row.values.size() != source->sent.size())
    return fail(Code::kBadData, "a row of source " +
                                    std::to_string(row.source) +
                                    " does not fit its layout");
  std::vector<std::uint64_t> bits(row.values.size());
  std::uint64_t present = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i] = std::bit_cast<std::uint64_t>(row.values[i]);
    present += bits[i] != kAbsentBits ? 1 : 0;
  }
  if (too_far_ahead(row.t_ms)) {
    refuse(Refusal::kFuture, "source " + std::to_string(row.source), row.t_ms,
           present);
    return {};
  }
  // The row that a restart of either side sends again.  Older repetitions are
  // found sample by sample, which does not rely on the sender's clock.
  if (row.sequence == source->last_sequence && row.t_ms == source->last_ms) {
    ++counters_.rows_repeated;
    counters_.repeated += present;
    return {};
  }
  std::vector<HistogramRef> histograms;
  histograms.reserve(row.histograms.size());
  for (const wire::HistogramCell& cell : row.histograms)
    histograms.push_back({cell.column, &cell.histogram});
  take_row(source_ids_.at(row.source), row.t_ms, row.sequence,
           {source->sent, bits, histograms, row.starts});
  return {};
}

void Writer::take_row(SourceId id, std::int64_t t_ms, std::uint64_t sequence,
                      const RowInput& input) {
  Source& source = *sources_[id];
  const bool late = t_ms <= source.last_ms;
  const bool sift = source.shared || t_ms <= loose_newest_at_open_ms_ ||
                    !clear_of_closed(source, t_ms);
  row_.assign(source.columns.size(), kAbsentBits);
  row_histograms_.clear();
  row_starts_.clear();
  std::uint64_t count = 0;
  auto histogram = input.histograms.begin();
  auto start = input.starts.begin();
  for (std::size_t i = 0; i < input.series.size(); ++i) {
    const SeriesId series = input.series[i];
    const std::uint64_t bits = input.bits[i];
    const FloatHistogram* const native =
        histogram != input.histograms.end() && histogram->column == i
            ? (histogram++)->histogram
            : nullptr;
    const std::int64_t start_ms =
        start != input.starts.end() && start->column == i ? (start++)->start_ms
                                                          : 0;
    if (bits == kAbsentBits || series == kNone) continue;
    const std::uint32_t slot = slot_of(source, id, series);
    if (late || row_[slot] != kAbsentBits ||
        (sift && !belongs_in_row(series, t_ms, bits))) {
      SeriesSample sample{series, t_ms, bits};
      if (native != nullptr || start_ms != 0)
        sample.extra = keep_extra(
            {start_ms, native == nullptr
                           ? nullptr
                           : std::make_shared<const FloatHistogram>(*native)});
      late_.push_back(sample);
      continue;
    }
    row_[slot] = bits;
    if (native != nullptr) row_histograms_.push_back({slot, native});
    if (start_ms != 0) row_starts_.push_back({slot, start_ms});
    ++count;
  }
  if (count == 0) return;
  std::ranges::sort(row_histograms_, {}, &HistogramRef::column);
  std::ranges::sort(row_starts_, {}, &StartCell::column);
  stage_row(id, t_ms, sequence);
  note_time(t_ms, t_ms, count);
  ++counters_.rows;
}

// For series that have samples elsewhere too.
bool Writer::belongs_in_row(SeriesId id, std::int64_t t_ms,
                            std::uint64_t bits) {
  if (t_ms > newest_bound(id)) {
    if (const auto at = touched_.find(id); at != touched_.end())
      at->second = {t_ms, bits};
    return true;
  }
  return false;
}

void Writer::stage_row(SourceId id, std::int64_t t_ms, std::uint64_t sequence) {
  Source& source = *sources_[id];
  const bool is_keyframe =
      source.keyframe == kNowhere || source.ordinal + 1 >= kGroupRows;
  std::string body;
  bool has_cells = false;
  RowBody row{.t_ms = t_ms,
              .sequence = sequence,
              .previous = source.last_row,
              .keyframe = source.keyframe,
              .columns = static_cast<std::uint32_t>(row_.size()),
              .ordinal = is_keyframe ? 0 : source.ordinal + 1};
  if (is_keyframe) {
    const Position jump = jump_of(source);
    // The position that the record is about to get.
    row.keyframe = source.keyframe = log_->end() + batch_.size();
    append_struct(body, row);
    append_struct(body, KeyframePart{.layout = source.layout_base,
                                     .jump = jump,
                                     .group = source.group});
    source.reference_cells.reset();
    has_cells = append_cells(source, true, t_ms, body);
    encode_row(row_, {}, body);
    source.reference = row_;
  } else {
    append_struct(body, row);
    has_cells = append_cells(source, false, t_ms, body);
    encode_row(row_, source.reference, body);
  }
  source.ordinal = row.ordinal;
  source.last_ms = t_ms;
  source.last_sequence = sequence;
  std::uint8_t flags = is_keyframe ? kRowKeyframe : 0;
  if (has_cells) flags |= kRowCells;
  source.last_row = stage(RecordType::kRow, flags, id, body);
}

// Begins a new group and finds where it jumps to: the last row of the group
// whose number is this one's with the lowest bit cleared.
Position Writer::jump_of(Source& source) {
  source.group = source.groups++;
  if (source.group == 0) return kNowhere;
  source.jumps.emplace_back(source.group - 1, source.last_row);
  const std::uint64_t target = source.group & (source.group - 1);
  while (!source.jumps.empty() && source.jumps.back().first > target)
    source.jumps.pop_back();
  const bool known =
      !source.jumps.empty() && source.jumps.back().first == target;
  return known ? source.jumps.back().second : kNowhere;
}

// -- samples by number

// Text names no sources.  A run of samples of one time is a scrape, more or
// less: each part of it goes to the source in which its series are at home,
// and what is new joins the series before it.
void Writer::take_run(std::span<const SeriesSample> run) {
  SourceId home = kNone;
  std::vector<std::pair<SourceId, std::vector<SeriesSample>>> parts;
  const auto width = [&](SourceId id) {
    const bool here = !parts.empty() && parts.back().first == id;
    return std::max(sources_[id]->columns.size(),
                    here ? parts.back().second.size() : 0);
  };
  for (const SeriesSample& sample : run) {
    const SourceId known = homes_[sample.series];
    if (known != kNone) home = known;
    const bool is_new = known == kNone && sample.series >= series_staged_;
    if (is_new && (home == kNone || sources_[home]->has_sender ||
                   width(home) >= kImplicitColumnsMax))
      home = source_of(labels_of(sample.series).hash() ^ kImplicitSource);
    // Before any part's layout names all new series.
    if (is_new) homes_[sample.series] = home;
    // What began among the loose ones stays there, and a sender's rows are
    // the sender's.
    if ((known == kNone && !is_new) || sources_[home]->has_sender) {
      take_loose(sample);
      continue;
    }
    if (parts.empty() || parts.back().first != home) {
      const auto at = std::ranges::find(
          parts, home, &std::pair<SourceId, std::vector<SeriesSample>>::first);
      if (at == parts.end()) {
        parts.emplace_back(home, std::vector<SeriesSample>());
      } else {
        std::iter_swap(at, std::prev(parts.end()));
      }
    }
    parts.back().second.push_back(sample);
  }
  for (const auto& [id, samples] : parts) {
    std::vector<SeriesId> series;
    std::vector<std::uint64_t> bits;
    std::vector<HistogramRef> histograms;
    std::vector<StartCell> starts;
    for (const SeriesSample& sample : samples) {
      const auto column = static_cast<std::uint32_t>(series.size());
      series.push_back(sample.series);
      bits.push_back(sample.bits);
      if (sample.extra == kNone) continue;
      const SampleExtra& extra = extras_[sample.extra];
      if (extra.histogram)
        histograms.push_back({column, extra.histogram.get()});
      if (extra.start_ms != 0) starts.push_back({column, extra.start_ms});
    }
    update_layout(id, series);
    take_row(id, run.front().t_ms, 0, {series, bits, histograms, starts});
  }
}

Status Writer::add(std::span<const SeriesSample> samples,
                   std::span<const SampleExtra> extras) {
  if (Status room = check_room(); !room) return room;
  std::vector<SeriesSample> taken;
  taken.reserve(samples.size());
  std::size_t runs = 0;
  for (SeriesSample sample : samples) {
    if (sample.series == kNone) continue;
    if (sample.extra != kNone) sample.extra = keep_extra(extras[sample.extra]);
    if (too_far_ahead(sample.t_ms)) {
      refuse(Refusal::kFuture, sample.series, sample.t_ms);
    } else if (sample.bits == kAbsentBits) {
      take_loose(sample);  // its bits mean something else in a row
    } else {
      runs += taken.empty() || taken.back().t_ms != sample.t_ms ? 1 : 0;
      taken.push_back(sample);
    }
  }
  const bool as_rows = runs > 0 && taken.size() / runs >= kRowSamplesMin;
  for (std::size_t begin = 0; begin < taken.size();) {
    std::size_t end = begin;
    while (end < taken.size() && taken[end].t_ms == taken[begin].t_ms) ++end;
    const auto run = std::span(taken).subspan(begin, end - begin);
    if (as_rows) {
      take_run(run);
    } else {
      for (const SeriesSample& sample : run) take_loose(sample);
    }
    begin = end;
  }
  return {};
}

}  // namespace prom::store
