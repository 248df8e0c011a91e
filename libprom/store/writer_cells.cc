// What rows and loose samples have beyond floats, and exemplars.
#include <algorithm>
#include <tuple>

#include "libprom/store/snapshot.h"
#include "libprom/store/writer_internal.h"

namespace prom::store {
namespace {

constexpr std::size_t kExemplarsPerRecord = 4096;

std::size_t runes(std::string_view text) {
  // Continuation bytes count nothing; the wire has checked that it is UTF-8.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) >> 6U) != 2; }));
}

std::size_t runes(const Labels& labels) {
  std::size_t all = 0;
  for (const LabelView& label : labels)
    all += runes(label.name) + runes(label.value);
  return all;
}

}  // namespace

// -- histograms and starts

std::uint32_t Writer::keep_extra(SampleExtra extra) {
  extras_.push_back(std::move(extra));
  return static_cast<std::uint32_t>(extras_.size() - 1);
}

const FloatHistogram* Writer::histogram_of(const SeriesSample& sample) const {
  return sample.extra == kNone ? nullptr
                               : extras_[sample.extra].histogram.get();
}

// Of the row that is being built; false, and nothing, when it has none.
bool Writer::append_cells(Source& source, bool is_keyframe, std::int64_t t_ms,
                          std::string& body) const {
  const KeyframeCells* const keyframe = source.reference_cells.get();
  const bool any = !row_histograms_.empty() || !row_starts_.empty();
  // Starts of the keyframe that do not hold any more have to be taken back.
  if (!any && (keyframe == nullptr || keyframe->starts.empty())) return false;
  const std::size_t begin = body.size();
  append_struct(body, CellsPart{});
  encode_cells(row_starts_, row_histograms_, t_ms,
               is_keyframe ? nullptr : keyframe, body);
  const std::size_t bytes = body.size() - begin - sizeof(CellsPart);
  store_le(body.data() + begin, static_cast<std::uint32_t>(bytes));
  if (!is_keyframe) return true;
  // What a reader will make of it, so that both mean the same.
  const auto parts = row_cells(as_bytes(body), begin, true, t_ms,
                               static_cast<std::uint32_t>(row_.size()));
  source.reference_cells = std::make_unique<KeyframeCells>();
  if (parts) (void)load_keyframe(parts->section, row_, *source.reference_cells);
  return true;
}

void Writer::append_loose_cells(std::span<const SeriesSample> samples,
                                std::int64_t base_ms, std::string& out) const {
  std::vector<StartCell> starts;
  std::vector<HistogramRef> histograms;
  for (std::uint32_t i = 0; i < samples.size(); ++i) {
    if (samples[i].extra == kNone) continue;
    const SampleExtra& extra = extras_[samples[i].extra];
    if (extra.start_ms != 0) starts.push_back({i, extra.start_ms});
    if (extra.histogram) histograms.push_back({i, extra.histogram.get()});
  }
  if (!starts.empty() || !histograms.empty())
    encode_cells(starts, histograms, base_ms, nullptr, out);
}

// -- exemplars

void Writer::load_exemplars() {
  exemplars_loaded_ = true;
  const auto snapshot = Snapshot::open(path_, ctl_);
  if (!snapshot) return;  // one may be written once more, which does no harm
  for (const SeriesExemplar& one :
       (*snapshot)->exemplars({}, INT64_MIN, INT64_MAX))
    newest_exemplars_[one.series] = {one.exemplar.t_ms, one.exemplar.value,
                                     one.exemplar.labels.hash()};
}

Status Writer::add(const wire::ExemplarFrame& exemplars) {
  if (Status room = check_room(); !room) return room;
  if (!exemplars_loaded_) load_exemplars();
  for (const wire::ExemplarFrame::Item& item : exemplars.items) {
    const SeriesId id = series_.find(item.series.hash(), [&](SeriesId known) {
      return same_labels(known, item.series);
    });
    if (id == kNone || runes(item.labels) > kExemplarRunesMax ||
        too_far_ahead(item.t_ms)) {
      ++counters_.exemplars_refused;
      continue;
    }
    const NewestExemplar now{item.t_ms, item.value, item.labels.hash()};
    const auto order = [](const NewestExemplar& e) {
      return std::tuple(e.t_ms, e.value, e.labels_hash);
    };
    const auto [at, fresh] = newest_exemplars_.try_emplace(id, now);
    if (!fresh) {
      if (order(at->second) == order(now)) continue;
      if (order(now) < order(at->second)) {
        ++counters_.exemplars_refused;
        continue;
      }
      at->second = now;
    }
    ++counters_.exemplars;
    exemplars_.emplace_back(id, item);
  }
  return {};
}

void Writer::stage_exemplars() {
  for (std::size_t begin = 0; begin < exemplars_.size();) {
    const auto count = static_cast<std::uint32_t>(
        std::min(kExemplarsPerRecord, exemplars_.size() - begin));
    std::string body;
    ExemplarsBody head{.previous = root_.last_exemplars,
                       .base_ms = exemplars_[begin].second.t_ms,
                       .count = count,
                       .reserved = 0};
    append_struct(body, head);
    for (const auto& [series, item] :
         std::span(exemplars_).subspan(begin, count)) {
      append_le(body, series);
      append_varint(body, item.labels.encoded().size());
      body += item.labels.encoded();
      append_varint(body, zigzag(static_cast<std::int64_t>(
                              static_cast<std::uint64_t>(item.t_ms) -
                              static_cast<std::uint64_t>(head.base_ms))));
      append_le(body, item.value);
    }
    root_.last_exemplars = stage(RecordType::kExemplars, 0, kNone, body);
    begin += count;
  }
  exemplars_.clear();
}

}  // namespace prom::store
