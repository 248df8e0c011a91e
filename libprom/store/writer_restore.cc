// Restoring the state of sources when the store is opened, and of a sender's
// stream when it goes on in the middle.
#include <algorithm>
#include <bit>

#include "libprom/store/row_codec.h"
#include "libprom/store/writer_internal.h"
#include "libprom/wire/extras.h"

namespace prom::store {
namespace {

constexpr std::size_t kKeyframeBytes = sizeof(RowBody) + sizeof(KeyframePart);

// The body of a sound record of this type, or nothing.
Bytes body_of(const StreamReader& log, Position at, RecordType type,
              std::size_t bytes) {
  if (at == kNowhere) return {};
  const auto record = log.record(at);
  const bool sound =
      record && record->header.type == type && record->body.size() >= bytes;
  return sound ? record->body : Bytes();
}

// Of the record whose body this is.
std::uint8_t flags_of(Bytes body) {
  return load_struct<RecordHeader>(body.data() - sizeof(RecordHeader)).flags;
}

bool decode_all(Bytes body, std::uint32_t columns,
                std::vector<std::uint64_t>& values) {
  if (columns > kColumnsMax) return false;
  values.resize(columns);
  const RowDecoder decoder(body, columns);
  for (std::size_t at = 0; at < values.size(); at += kBlockColumns) {
    const std::size_t count = std::min(kBlockColumns, values.size() - at);
    if (!decoder.block(at / kBlockColumns,
                       std::span(values).subspan(at, count)))
      return false;
  }
  return true;
}

}  // namespace

// What is damaged is left out: the source then begins a new layout and group.
void Writer::load_state(const Head& head, const SourceState& state,
                        std::int64_t newest_ms, Source& source) {
  source.key = state.key;
  source.foreign = source.shared = state.foreign;
  source.last_row = state.last_row;
  source.last_layout = state.last_layout;
  source.last_ms = state.last_row == kNowhere ? INT64_MIN : newest_ms;
  if (!load_layout(head, state.last_layout, source)) {
    source.columns.clear();
    source.sent.clear();
    source.has_sender = false;
    source.layout_base = kNowhere;
  }
  load_group(head, state.last_row, source);
}

void Writer::load_source(const Head& head, SourceId id) {
  sources_.push_back(std::make_unique<Source>());
  Source& source = *sources_.back();
  load_state(head, head.sources()[id], newest_at_open_ms_, source);
  source_ids_.try_emplace(source.key, id);
  for (std::uint32_t slot = 0; slot < source.columns.size(); ++slot) {
    const SeriesId series = source.columns[slot];
    if (series >= series_count_) continue;
    if (homes_[series] == id) {
      slots_[series] = slot;
    } else {
      source.foreign_slots[series] = slot;
    }
  }
}

// From the newest layout record back to its base.
bool Writer::load_layout(const Head& head, Position last, Source& source) {
  Bytes sent;
  for (Position at = last; at != kNowhere;) {
    const Bytes body =
        body_of(head.log(), at, RecordType::kLayout, sizeof(LayoutBody));
    if (body.empty()) return false;
    const auto layout = load_struct<LayoutBody>(body.data());
    const Bytes ids = body.subspan(sizeof layout);
    if (layout.count > ids.size() / 4 || layout.first_column > kColumnsMax)
      return false;
    const std::uint8_t flags = flags_of(body);
    if ((flags & kLayoutSent) != 0 && sent.empty()) sent = body;
    const std::size_t columns = layout.first_column + layout.count;
    source.columns.resize(std::max(source.columns.size(), columns), kNone);
    for (std::size_t i = 0; i < layout.count; ++i)
      source.columns[layout.first_column + i] =
          load_le<std::uint32_t>(ids.data() + i * 4);
    source.layout_base = layout.base;
    ++source.layout_records;
    if (at == layout.base) break;
    if (layout.previous >= at) return false;
    at = layout.previous;
  }
  if (!sent.empty()) load_sent(sent, source);
  return true;
}

void Writer::load_sent(Bytes body, Source& source) {
  const auto layout = load_struct<LayoutBody>(body.data());
  source.has_sender = true;
  source.version = layout.version;
  source.fingerprint = layout.fingerprint;
  if (layout.sent_count == kSentAll) {
    source.sent = source.columns;
    return;
  }
  ByteReader slots(body.subspan(sizeof layout + layout.count * 4ULL));
  for (std::uint32_t i = 0; i < layout.sent_count && slots.ok(); ++i) {
    const auto slot = slots.fixed<std::uint32_t>();
    source.sent.push_back(slot < source.columns.size() ? source.columns[slot]
                                                       : kNone);
  }
}

void Writer::load_group(const Head& head, Position last_row, Source& source) {
  const Bytes row =
      body_of(head.log(), last_row, RecordType::kRow, sizeof(RowBody));
  if (row.empty()) return;
  const auto last = load_struct<RowBody>(row.data());
  source.last_ms = last.t_ms;
  source.last_sequence = last.sequence;
  source.ordinal = last.ordinal;
  const Bytes keyframe =
      body_of(head.log(), last.keyframe, RecordType::kRow, kKeyframeBytes);
  if (keyframe.empty()) return;
  const auto key = load_struct<RowBody>(keyframe.data());
  const auto part = load_struct<KeyframePart>(keyframe.data() + sizeof key);
  source.group = part.group;
  source.groups = part.group + 1;
  const bool has_cells = (flags_of(keyframe) & kRowCells) != 0;
  const auto cells =
      row_cells(keyframe, kKeyframeBytes, has_cells, key.t_ms, key.columns);
  if (part.layout == source.layout_base && cells &&
      decode_all(cells->values, key.columns, source.reference)) {
    source.keyframe = last.keyframe;
    if (has_cells) {
      source.reference_cells = std::make_unique<KeyframeCells>();
      if (!load_keyframe(cells->section, source.reference,
                         *source.reference_cells))
        source.keyframe = kNowhere;
    }
  }
  // Later groups jump to the rows that this group's jumps lead through.
  std::uint64_t group = part.group;
  for (Position at = part.jump; at != kNowhere && group != 0;) {
    group &= group - 1;
    source.jumps.insert(source.jumps.begin(), {group, at});
    const Bytes hop =
        body_of(head.log(), at, RecordType::kRow, sizeof(RowBody));
    if (hop.empty()) return;
    const Bytes hop_key =
        body_of(head.log(), load_struct<RowBody>(hop.data()).keyframe,
                RecordType::kRow, kKeyframeBytes);
    if (hop_key.empty()) return;
    at = load_struct<KeyframePart>(hop_key.data() + sizeof(RowBody)).jump;
  }
}

std::optional<wire::Reader::Kept> Writer::kept(std::uint64_t source_key) const {
  if (const auto carried = carried_.find(source_key); carried != carried_.end())
    return kept_of(*carried->second.source, carried->second.from->head().log(),
                   carried->second.from->head().log_end());
  const auto found = source_ids_.find(source_key);
  if (found == source_ids_.end()) return std::nullopt;
  const Source& source = *sources_[found->second];
  if (!source.has_sender) return std::nullopt;
  const auto log = StreamReader::open(head_path(path_, ctl_->generation()),
                                      "log", ctl_->store_id());
  if (!log) return std::nullopt;
  return kept_of(source, **log, log_->end());
}

std::optional<wire::Reader::Kept> Writer::kept_of(const Source& source,
                                                  const StreamReader& log,
                                                  Position log_end) {
  wire::Reader::Kept kept{.version = source.version,
                          .fingerprint = source.fingerprint,
                          .columns = source.sent.size(),
                          .last = std::nullopt};
  if (source.keyframe == kNowhere || source.last_row >= log_end) return kept;
  const Bytes row =
      body_of(log, source.last_row, RecordType::kRow, sizeof(RowBody));
  if (row.empty()) return kept;
  const auto body = load_struct<RowBody>(row.data());
  std::vector<std::uint64_t> values = source.reference;
  std::vector<StartCell> starts;
  if (source.reference_cells) starts = source.reference_cells->starts;
  if (source.last_row != source.keyframe) {
    const bool has_cells = (flags_of(row) & kRowCells) != 0;
    const auto cells =
        row_cells(row, sizeof body, has_cells, body.t_ms, body.columns);
    if (!cells || !decode_all(cells->values, body.columns, values)) return kept;
    wire::change_starts(starts, cells->section.starts);
  }
  boost::unordered_flat_map<SeriesId, std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < source.columns.size(); ++slot)
    slots.try_emplace(source.columns[slot], slot);
  wire::Row last{.source = source.key,
                 .version = source.version,
                 .sequence = body.sequence,
                 .t_ms = body.t_ms,
                 .values = {}};
  for (const SeriesId series : source.sent) {
    const auto at = slots.find(series);
    const std::uint32_t slot = at == slots.end() ? kNone : at->second;
    const auto start =
        std::ranges::lower_bound(starts, slot, {}, &StartCell::column);
    if (start != starts.end() && start->column == slot)
      last.starts.push_back(
          {static_cast<std::uint32_t>(last.values.size()), start->start_ms});
    last.values.push_back(slot < values.size()
                              ? std::bit_cast<double>(values[slot])
                              : wire::absent());
  }
  kept.last = std::move(last);
  return kept;
}

}  // namespace prom::store
