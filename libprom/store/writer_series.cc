// Series: their numbers, their labels, and the zones that they are sealed into.
#include <algorithm>

#include "libprom/store/writer_internal.h"

namespace prom::store {
namespace {

constexpr std::uint32_t kSeriesPerRecord = 4096;

}  // namespace

Status Writer::load_series(const Head& head) {
  series_count_ = series_staged_ = root_.series_count;
  series_.reserve(series_count_);
  homes_.reserve(series_count_);
  auto reader = StreamReader::open(head_path(path_, ctl_->generation()),
                                   "index", ctl_->store_id());
  if (!reader) return fail(std::move(reader).error());
  index_reader_ = std::move(*reader);
  if (!load_zones(head)) {
    index_damaged_ = true;
    homes_.assign(series_count_, kNone);
    slots_.assign(series_count_, kNone);
    return {};
  }
  tail_ = head.tail();
  for (std::size_t i = 0; i < tail_.size(); ++i) {
    const auto id = head.tail_first() + static_cast<SeriesId>(i);
    homes_.push_back(head.tail_homes()[i]);
    if (!tail_[i].empty()) series_.insert(tail_[i].hash(), id);
  }
  slots_.assign(series_count_, kNone);
  return {};
}

// False when one is damaged.
bool Writer::load_zones(const Head& head) {
  Position at = root_.last_zone;
  std::vector<Position> positions(head.zone_count());
  for (std::size_t i = positions.size(); i-- > 0;) {
    positions[i] = at;
    at = head.zone(i).header().previous;
  }
  for (std::size_t i = 0; i < head.zone_count(); ++i) {
    const auto record = index_reader_->record(positions[i]);
    auto view = record
                    ? ZoneView::parse(record->body)
                    : Result<std::unique_ptr<ZoneView>>(fail(record.error()));
    if (!view) {
      damage_.push_back(view.error());
      return false;
    }
    const auto hashes = (*view)->hashes();
    const auto& homes = (*view)->homes();
    if (!hashes || !homes) return false;
    for (std::uint32_t k = 0; k < kZoneSeries; ++k) {
      const auto id = static_cast<SeriesId>(i * kZoneSeries + k);
      series_.insert(load_le<std::uint64_t>(hashes->data() + k * 8ULL), id);
      homes_.push_back(load_le<std::uint32_t>(homes->data() + k * 4ULL));
    }
    zones_.push_back(std::move(*view));
  }
  return true;
}

bool Writer::same_labels(SeriesId id, const Labels& labels) const {
  return labels_of(id) == labels;
}

Labels Writer::labels_of(SeriesId id) const {
  const auto sealed = static_cast<SeriesId>(zones_.size() * kZoneSeries);
  if (id >= sealed) return tail_[id - sealed];
  return zones_[id / kZoneSeries]->labels(id % kZoneSeries).value_or(Labels());
}

SeriesId Writer::find_or_create(const Labels& labels) {
  if (labels.empty()) {
    refuse(Refusal::kBadLabels, "{}", 0, 1);
    return kNone;
  }
  const std::uint64_t hash = labels.hash();
  const SeriesId known =
      series_.find(hash, [&](SeriesId id) { return same_labels(id, labels); });
  if (known != kNone) return known;
  if (series_count_ >= options_.series_max) {
    refuse(Refusal::kSeriesLimit, labels.to_string(), 0, 1);
    return kNone;
  }
  const SeriesId id = series_count_++;
  series_.insert(hash, id);
  tail_.push_back(labels);
  homes_.push_back(kNone);
  slots_.push_back(kNone);
  return id;
}

SeriesId Writer::series(const Labels& labels) {
  return find_or_create(labels);
}

// Their records come before every record that speaks of them.
void Writer::stage_series() {
  const auto sealed = static_cast<SeriesId>(zones_.size() * kZoneSeries);
  while (series_staged_ < series_count_) {
    const std::uint32_t count =
        std::min(kSeriesPerRecord, series_count_ - series_staged_);
    std::string body;
    append_struct(body, SeriesBody{.previous = root_.last_series,
                                   .first = series_staged_,
                                   .count = count});
    for (SeriesId id = series_staged_; id < series_staged_ + count; ++id) {
      const std::string& encoded = tail_[id - sealed].encoded();
      append_le(body, homes_[id]);
      append_le(body, static_cast<std::uint32_t>(encoded.size()));
      body += encoded;
    }
    root_.last_series = stage(RecordType::kSeries, 0, kNone, body);
    series_staged_ += count;
  }
  root_.series_count = series_staged_;
}

Status Writer::seal_zones() {
  while (tail_.size() >= kZoneSeries) {
    const auto first = static_cast<SeriesId>(zones_.size() * kZoneSeries);
    std::string record(sizeof(RecordHeader), '\0');
    record += encode_zone(std::span(tail_).first(kZoneSeries),
                          std::span(homes_).subspan(first, kZoneSeries), first,
                          root_.last_zone);
    record.resize((record.size() + 7) / 8 * 8);
    if (Status room = index_->reserve(record.size()); !room) return room;
    const Position at = index_->end();
    RecordHeader header{.crc = 0,
                        .size = static_cast<std::uint32_t>(record.size()),
                        .type = RecordType::kZone,
                        .flags = 0,
                        .reserved = 0,
                        .source = kNone};
    std::memcpy(record.data(), &header, sizeof header);
    store_le(record.data(), record_crc(at, as_bytes(record)));
    if (Status done = index_->write(record); !done) return done;
    if (Status seen = index_reader_->refresh(); !seen) return seen;
    const auto stored = index_reader_->record(at);
    if (!stored) return fail(stored.error());
    auto view = ZoneView::parse(stored->body);
    if (!view) return fail(std::move(view).error());
    zones_.push_back(std::move(*view));
    tail_.erase(tail_.begin(), tail_.begin() + kZoneSeries);
    root_.last_zone = at;
    root_.zone_count = static_cast<std::uint32_t>(zones_.size());
  }
  return {};
}

}  // namespace prom::store
