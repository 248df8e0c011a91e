#include "libprom/store/sample_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <optional>

#include "libprom/model/histogram_hints.h"
#include "libprom/store/cell_codec.h"
#include "libprom/store/row_codec.h"
#include "libprom/store/sample_order.h"

namespace prom::store {
namespace {

// Most rows have none: null.  Owned by the row; a record in flight shares it.
using Cells = std::shared_ptr<CellSection>;

struct Keyframe {
  Position position = kNowhere;
  Position layout = kNowhere;
  Bytes body;
  std::uint32_t columns = 0;
  Cells cells;
};
struct Row {
  std::int64_t t_ms = 0;
  Bytes body;
  std::uint32_t columns = 0;
  std::uint32_t keyframe = 0;  // index
  Cells cells;                 // of a keyframe: null, see there
};

struct RowRecord {
  Position position = kNowhere;
  RowBody body{};
  KeyframePart part{};
  bool is_keyframe = false;
  Bytes values;
  Cells cells;
};
std::optional<RowRecord> as_row(const Record& record, SourceId source) {
  if (record.header.type != RecordType::kRow ||
      record.header.source != source || record.body.size() < sizeof(RowBody))
    return std::nullopt;
  RowRecord row;
  row.position = record.position;
  row.body = load_struct<RowBody>(record.body.data());
  Bytes rest = record.body.subspan(sizeof(RowBody));
  row.is_keyframe = (record.header.flags & kRowKeyframe) != 0;
  if (row.is_keyframe) {
    if (rest.size() < sizeof(KeyframePart)) return std::nullopt;
    row.part = load_struct<KeyframePart>(rest.data());
    rest = rest.subspan(sizeof(KeyframePart));
  }
  if (row.body.columns > kColumnsMax) return std::nullopt;
  const bool has_cells = (record.header.flags & kRowCells) != 0;
  auto parts = row_cells(rest, 0, has_cells, row.body.t_ms, row.body.columns);
  if (!parts) return std::nullopt;
  row.values = parts->values;
  if (has_cells)
    row.cells = std::make_shared<CellSection>(std::move(parts->section));
  return row;
}

Keyframe keyframe_of(const RowRecord& row) {
  return {row.position, row.part.layout, row.values, row.body.columns,
          row.cells};
}

Row row_of(const RowRecord& row, std::uint32_t keyframe) {
  return {row.body.t_ms, row.values, row.body.columns, keyframe,
          row.is_keyframe ? nullptr : row.cells};
}

// The columns that stay empty while no sample needs them.
void complete_extras(Samples& samples) {
  if (!samples.histogram.empty())
    samples.histogram.resize(samples.t_ms.size(), nullptr);
  if (!samples.start_ms.empty())
    samples.start_ms.resize(samples.t_ms.size(), 0);
}

// Cells of a column without histograms and starts.
void append_floats(std::span<const std::int64_t> t_ms,
                   std::span<const std::uint64_t> cells, Samples& into) {
  const std::size_t begin = into.t_ms.size();
  into.t_ms.resize(begin + cells.size());
  into.value.resize(begin + cells.size());
  std::int64_t* t_at = into.t_ms.data() + begin;
  double* value_at = into.value.data() + begin;
  // An absent cell is overwritten by the next one.
  for (std::size_t r = 0; r < cells.size(); ++r) {
    const std::uint64_t bits = cells[r];
    *t_at = t_ms[r];
    *value_at = std::bit_cast<double>(bits);
    const std::ptrdiff_t present = bits != kAbsentBits ? 1 : 0;
    t_at += present;
    value_at += present;
  }
  into.t_ms.resize(static_cast<std::size_t>(t_at - into.t_ms.data()));
  into.value.resize(into.t_ms.size());
  complete_extras(into);
}

}  // namespace

// Columns of one layout that belong to selected series.
struct SampleReader::Era {
  Position layout = kNowhere;
  // Index into series_, column; ascending.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> columns;
  // Its rows among those of the source.
  std::size_t first_row = 0;
  std::size_t row_count = 0;
  // Decoded samples, row_count for each of `columns`; or empty.
  std::vector<std::uint64_t> cells;
  bool has_extras = false;  // histograms or starts, in selected columns
};

struct SampleReader::SourceRows {
  std::once_flag once;
  std::vector<Keyframe> keyframes;
  std::vector<Row> rows;           // ascending by time
  std::vector<std::int64_t> t_ms;  // of the rows
  std::vector<Era> eras;
};

struct SampleReader::LooseSamples {
  std::vector<std::size_t> end;  // per index into series_
  std::vector<std::int64_t> t_ms;
  std::vector<std::uint64_t> bits;
  // Empty, or one for each sample.
  struct Extra {
    std::int64_t start_ms = 0;
    std::optional<FloatHistogram> histogram;
  };
  std::vector<std::unique_ptr<Extra>> extras;
};

SampleReader::SampleReader(std::shared_ptr<const Snapshot> snapshot,
                           std::vector<SeriesId> series, std::int64_t min_ms,
                           std::int64_t max_ms)
    : snapshot_(std::move(snapshot)),
      series_(std::move(series)),
      min_ms_(min_ms),
      max_ms_(max_ms),
      selected_(snapshot_->series_count()),
      sources_(snapshot_->head().sources().size()) {
  index_.reserve(series_.size());
  for (std::uint32_t i = 0; i < series_.size(); ++i) {
    selected_[series_[i]] = true;
    index_.emplace_back(series_[i], i);
  }
  std::ranges::sort(index_);
  const auto& sources = snapshot_->head().sources();
  for (SourceId i = 0; i < sources.size(); ++i) {
    sources_[i] = std::make_unique<SourceRows>();
    if (sources[i].foreign) foreign_.push_back(i);
  }
  load_loose();
}

SampleReader::~SampleReader() = default;

// -- rows

const SampleReader::SourceRows& SampleReader::rows_of(SourceId source) const {
  SourceRows& rows = *sources_[source];
  std::call_once(rows.once, [&] { load_rows(source, rows); });
  return rows;
}

void SampleReader::load_rows(SourceId source, SourceRows& into) const {
  if (!walk_rows(source, into)) {
    into.rows.clear();
    into.keyframes.clear();
    scan_rows(source, into);
  }
  if (into.rows.empty()) return;
  into.t_ms.reserve(into.rows.size());
  for (const Row& row : into.rows) into.t_ms.push_back(row.t_ms);
  load_eras(source, into);
  for (Era& era : into.eras) {
    // The budget is shared by all sources; who comes late decodes sample by
    // sample, which needs no memory but more time.
    const auto cells =
        static_cast<std::int64_t>(era.columns.size() * era.row_count);
    if (cells_left_.fetch_sub(cells) >= cells) {
      decode_era(into, era);
    } else {
      cells_left_.fetch_add(cells);
    }
  }
}

// All selected columns of all rows at once: a row is touched only here, and not
// once for each of its series.
void SampleReader::decode_era(const SourceRows& rows, Era& era) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_column;
  for (std::uint32_t i = 0; i < era.columns.size(); ++i)
    by_column.emplace_back(era.columns[i].second, i);
  std::ranges::sort(by_column);
  era.cells.assign(era.columns.size() * era.row_count, kAbsentBits);
  std::array<std::uint64_t, kBlockColumns> reference{};
  std::array<std::uint64_t, kBlockColumns> values{};
  for (auto at = by_column.begin(); at != by_column.end();) {
    const std::size_t block = at->first / kBlockColumns;
    const auto block_end =
        std::find_if(at, by_column.end(), [&](const auto& column) {
          return column.first / kBlockColumns != block;
        });
    // How many columns of the block there are in a row.
    const auto width = [&](std::uint32_t columns) {
      const std::size_t first = block * kBlockColumns;
      return columns > first ? std::min(kBlockColumns, columns - first) : 0;
    };
    std::uint32_t keyframe = kNone;
    bool sound = false;
    for (std::size_t r = 0; r < era.row_count; ++r) {
      const Row& row = rows.rows[era.first_row + r];
      if (row.keyframe != keyframe) {
        keyframe = row.keyframe;
        const Keyframe& key = rows.keyframes[keyframe];
        reference.fill(0);
        sound =
            RowDecoder(key.body, key.columns)
                .block(block, std::span(reference).first(width(key.columns)));
      }
      values = reference;
      const bool is_keyframe =
          row.body.data() == rows.keyframes[keyframe].body.data();
      const std::size_t count = width(row.columns);
      if (!sound ||
          (!is_keyframe && !RowDecoder(row.body, row.columns)
                                .block(block, std::span(values).first(count))))
        continue;
      for (auto column = at; column != block_end; ++column) {
        const std::size_t within = column->first % kBlockColumns;
        if (within < count)
          era.cells[column->second * era.row_count + r] = values[within];
      }
    }
    at = block_end;
  }
}

// Follows the chain of the source's rows from the newest; false when a link of
// it is damaged.
bool SampleReader::walk_rows(SourceId source, SourceRows& into) const {
  const StreamReader& log = snapshot_->head().log();
  const auto read = [&](Position at) -> std::optional<RowRecord> {
    const auto record = log.record(at);
    if (!record) snapshot_->head().report(record.error());
    return record ? as_row(*record, source) : std::nullopt;
  };
  Position at = snapshot_->head().sources()[source].last_row;
  bool searching = true;  // for the newest row that is not too new
  while (at != kNowhere) {
    const auto row = read(at);
    if (!row) return false;
    const auto keyframe = row->is_keyframe ? row : read(row->body.keyframe);
    if (!keyframe || !keyframe->is_keyframe) return false;
    const Position before = keyframe->body.previous;
    if (before >= keyframe->position) return false;
    if (searching && keyframe->body.t_ms > max_ms_) {
      const Position jump = keyframe->part.jump;
      if (jump == kNowhere || jump >= before) {
        at = before;
        continue;
      }
      const auto target = read(jump);
      if (!target) return false;
      at = target->body.t_ms > max_ms_ ? jump : before;
      continue;
    }
    searching = false;
    const auto number = static_cast<std::uint32_t>(into.keyframes.size());
    into.keyframes.push_back(keyframe_of(*keyframe));
    std::optional<RowRecord> one = row;
    while (true) {
      if (one->body.t_ms >= min_ms_ && one->body.t_ms <= max_ms_)
        into.rows.push_back(row_of(*one, number));
      if (one->is_keyframe || one->body.t_ms < min_ms_) break;
      const Position previous = one->body.previous;
      if (previous >= one->position) return false;
      one = read(previous);
      if (!one || one->body.keyframe != keyframe->position) return false;
    }
    if (keyframe->body.t_ms <= min_ms_) break;
    at = before;
  }
  std::ranges::reverse(into.rows);
  return true;
}

// The slow way around damage: looks at every record of the log.
void SampleReader::scan_rows(SourceId source, SourceRows& into) const {
  const Head& head = snapshot_->head();
  visit_batches(
      head.log(), head.log().begin(), head.log_end(),
      {.on_record =
           [&](const Record& record) {
             const auto row = as_row(record, source);
             if (!row) return;
             if (row->is_keyframe) into.keyframes.push_back(keyframe_of(*row));
             // A row without its keyframe cannot be read.
             if (into.keyframes.empty() ||
                 into.keyframes.back().position != row->body.keyframe)
               return;
             if (row->body.t_ms < min_ms_ || row->body.t_ms > max_ms_) return;
             into.rows.push_back(row_of(
                 *row, static_cast<std::uint32_t>(into.keyframes.size() - 1)));
           },
       .on_commit = {},
       .on_damage = [&](const Error& error) { head.report(error); }});
}

void SampleReader::load_eras(SourceId source, SourceRows& into) const {
  const Head& head = snapshot_->head();
  Position oldest = UINT64_MAX;
  for (const Keyframe& keyframe : into.keyframes)
    oldest = std::min(oldest, keyframe.layout);
  Position at = head.sources()[source].last_layout;
  while (at != kNowhere && at >= oldest) {
    const auto record = head.log().record(at);
    if (!record) {
      head.report(record.error());
      break;
    }
    if (record->header.type != RecordType::kLayout ||
        record->body.size() < sizeof(LayoutBody))
      break;
    const auto body = load_struct<LayoutBody>(record->body.data());
    const Bytes ids = record->body.subspan(sizeof body);
    if (body.count > ids.size() / 4 || body.previous >= at) break;
    if (into.eras.empty() || into.eras.back().layout != body.base) {
      into.eras.emplace_back();
      into.eras.back().layout = body.base;
    }
    auto& columns = into.eras.back().columns;
    for (std::uint32_t i = 0; i < body.count; ++i) {
      const auto id = load_le<std::uint32_t>(ids.data() + i * 4ULL);
      if (id >= selected_.size() || !selected_[id]) continue;
      const auto found = std::ranges::lower_bound(
          index_, id, {}, &std::pair<SeriesId, std::uint32_t>::first);
      columns.emplace_back(found->second, body.first_column + i);
    }
    at = body.previous;
  }
  std::ranges::reverse(into.eras);
  for (Era& era : into.eras) {
    std::ranges::sort(era.columns);
    const auto in_era = [&](const Row& row) {
      return into.keyframes[row.keyframe].layout == era.layout;
    };
    const auto first = std::ranges::find_if(into.rows, in_era);
    const auto last = std::find_if_not(first, into.rows.end(), in_era);
    era.first_row = static_cast<std::size_t>(first - into.rows.begin());
    era.row_count = static_cast<std::size_t>(last - first);
    keep_selected_cells(into, era);
  }
}

// What rows and keyframes of an era have in columns that nobody asked for is
// forgotten.
void SampleReader::keep_selected_cells(SourceRows& rows, Era& era) {
  std::vector<std::uint32_t> columns;
  columns.reserve(era.columns.size());
  for (const auto& [series, column] : era.columns) columns.push_back(column);
  std::ranges::sort(columns);
  const auto keep = [&](const Cells& cells) {
    if (!cells) return;
    CellSection& section = *cells;
    const auto unwanted = [&](const auto& cell) {
      return !std::ranges::binary_search(columns, cell.column);
    };
    std::erase_if(section.starts, unwanted);
    std::erase_if(section.cells, unwanted);
    era.has_extras =
        era.has_extras || !section.starts.empty() || !section.cells.empty();
  };
  std::uint32_t keyframe = kNone;
  for (std::size_t r = 0; r < era.row_count; ++r) {
    Row& row = rows.rows[era.first_row + r];
    keep(row.cells);
    if (row.keyframe != std::exchange(keyframe, row.keyframe))
      keep(rows.keyframes[row.keyframe].cells);
  }
}

void SampleReader::append_rows(SourceId source, std::size_t index,
                               Samples& into) const {
  const SourceRows& rows = rows_of(source);
  for (const Era& era : rows.eras) {
    const auto at = std::ranges::lower_bound(
        era.columns, static_cast<std::uint32_t>(index), {},
        &std::pair<std::uint32_t, std::uint32_t>::first);
    if (at == era.columns.end() || at->first != index) continue;
    std::vector<std::uint64_t> decoded;
    std::span<const std::uint64_t> cells;
    if (era.cells.empty()) {
      decode_column(rows, era, at->second, decoded);
      cells = decoded;
    } else {
      const auto slot = static_cast<std::size_t>(at - era.columns.begin());
      cells = std::span(era.cells).subspan(slot * era.row_count, era.row_count);
    }
    if (era.has_extras) {
      append_extras(rows, era, at->second, cells, into);
      continue;
    }
    append_floats(std::span(rows.t_ms).subspan(era.first_row, cells.size()),
                  cells, into);
  }
}

// A column that may have histograms and starts.
void SampleReader::append_extras(const SourceRows& rows, const Era& era,
                                 std::uint32_t column,
                                 std::span<const std::uint64_t> values,
                                 Samples& into) const {
  std::uint32_t known = kNone;
  std::optional<FloatHistogram> reference;
  for (std::size_t r = 0; r < era.row_count; ++r) {
    if (values[r] == kAbsentBits) continue;
    const Row& row = rows.rows[era.first_row + r];
    const Keyframe& keyframe = rows.keyframes[row.keyframe];
    const bool is_keyframe = row.body.data() == keyframe.body.data();
    if (known != std::exchange(known, row.keyframe)) {
      reference.reset();
      const auto* const cell =
          keyframe.cells ? keyframe.cells->find(column) : nullptr;
      if (cell != nullptr && !decode_cell(*cell, *keyframe.cells, nullptr,
                                          nullptr, reference.emplace()))
        reference.reset();
    }
    const Cells& section = is_keyframe ? keyframe.cells : row.cells;
    const auto* const cell = section ? section->find(column) : nullptr;
    if (cell == nullptr) {
      into.push(row.t_ms, std::bit_cast<double>(values[r]));
    } else {
      FloatHistogram histogram;
      const bool sound =
          is_keyframe
              ? reference.has_value()
              : decode_cell(*cell, *section, keyframe.cells.get(),
                            reference ? &*reference : nullptr, histogram);
      if (!sound) {
        snapshot_->head().report(
            {Code::kCorrupt,
             snapshot_->head().log().describe(keyframe.position) +
                 ": malformed histogram"});
        continue;
      }
      if (is_keyframe) histogram = *reference;
      histogram.sum = std::bit_cast<double>(values[r]);
      into.push(row.t_ms, std::move(histogram));
    }
    into.set_start(start_of(column, row.cells.get(), keyframe.cells.get()));
  }
}

// One column, row by row.
void SampleReader::decode_column(const SourceRows& rows, const Era& era,
                                 std::uint32_t column,
                                 std::vector<std::uint64_t>& into) {
  into.assign(era.row_count, kAbsentBits);
  std::uint32_t known = kNone;
  std::uint64_t reference = 0;
  bool sound = false;
  for (std::size_t r = 0; r < era.row_count; ++r) {
    const Row& row = rows.rows[era.first_row + r];
    const Keyframe& keyframe = rows.keyframes[row.keyframe];
    if (row.keyframe != known) {
      known = row.keyframe;
      reference = 0;
      sound =
          column >= keyframe.columns ||
          RowDecoder(keyframe.body, keyframe.columns).column(column, reference);
    }
    if (!sound || column >= row.columns) continue;
    std::uint64_t bits = reference;
    // A keyframe is its own reference.
    if (row.body.data() != keyframe.body.data() &&
        !RowDecoder(row.body, row.columns).column(column, bits))
      continue;
    into[r] = bits;
  }
}

// -- loose samples

void SampleReader::load_loose() {
  loose_ = std::make_unique<LooseSamples>();
  const Head& head = snapshot_->head();
  std::vector<Record> records;
  bool whole = true;
  Position at = head.root().last_loose;
  while (at != kNowhere) {
    const auto record = head.log().record(at);
    if (!record) head.report(record.error());
    whole = record && record->header.type == RecordType::kLoose &&
            record->body.size() >= sizeof(LooseBody);
    if (!whole) break;
    const auto body = load_struct<LooseBody>(record->body.data());
    if (body.newest_ms < min_ms_) break;
    if (body.max_ms >= min_ms_ && body.base_ms <= max_ms_)
      records.push_back(*record);
    whole = body.previous < at;
    if (!whole) break;
    at = body.previous;
  }
  if (!whole) {
    records.clear();
    visit_batches(head.log(), head.log().begin(), head.log_end(),
                  {.on_record =
                       [&](const Record& record) {
                         if (record.header.type == RecordType::kLoose &&
                             record.body.size() >= sizeof(LooseBody))
                           records.push_back(record);
                       },
                   .on_commit = {},
                   .on_damage = [&](const Error& e) { head.report(e); }});
  }
  if (records.empty()) return;
  loose_->end.resize(series_.size() + 1);
  // Twice over the records: how many there are of each series, then where.
  for (const Record& record : records) take_loose(record);
  std::partial_sum(loose_->end.begin(), loose_->end.end(), loose_->end.begin());
  loose_->t_ms.resize(loose_->end.back());
  loose_->bits.resize(loose_->end.back());
  for (const Record& record : records) take_loose(record);
}

// Counts while there is no room for samples yet, else puts them in place.
// Counts are kept one further on, so that filling turns them into ends.
void SampleReader::take_loose(const Record& record) {
  const auto body = load_struct<LooseBody>(record.body.data());
  ByteReader reader(record.body.subspan(sizeof body));
  const Bytes ids = reader.take(body.count * 4ULL);
  const Bytes times = reader.take(body.count * 4ULL);
  const Bytes bits = reader.take(body.count * 8ULL);
  const Bytes cells = reader.take(body.cells_bytes);
  if (!reader.ok()) return;
  const bool filling = !loose_->t_ms.empty();
  CellSection section;
  if (filling && !cells.empty()) {
    if (!parse_cells(cells, body.base_ms, body.count, section))
      snapshot_->head().report(
          {Code::kCorrupt, snapshot_->head().log().describe(record.position) +
                               ": malformed histograms"});
    loose_->extras.resize(loose_->t_ms.size());
  }
  for (std::uint32_t i = 0; i < body.count; ++i) {
    const auto id = load_le<std::uint32_t>(ids.data() + i * 4ULL);
    if (id >= selected_.size() || !selected_[id]) continue;
    const std::int64_t t_ms =
        body.base_ms + load_le<std::uint32_t>(times.data() + i * 4ULL);
    if (t_ms < min_ms_ || t_ms > max_ms_) continue;
    const auto found = std::ranges::lower_bound(
        index_, id, {}, &std::pair<SeriesId, std::uint32_t>::first);
    if (!filling) {
      ++loose_->end[found->second + 1ULL];
      continue;
    }
    const std::size_t at = loose_->end[found->second]++;
    loose_->t_ms[at] = t_ms;
    loose_->bits[at] = load_le<std::uint64_t>(bits.data() + i * 8ULL);
    const std::int64_t start_ms = start_of(i, &section, nullptr);
    const auto* const cell = section.find(i);
    if (start_ms == 0 && cell == nullptr) continue;
    auto extra = std::make_unique<LooseSamples::Extra>();
    extra->start_ms = start_ms;
    if (cell != nullptr && !decode_cell(*cell, section, nullptr, nullptr,
                                        extra->histogram.emplace()))
      extra->histogram.reset();
    loose_->extras[at] = std::move(extra);
  }
}

void SampleReader::append_loose(std::size_t index, Samples& into) const {
  if (loose_->t_ms.empty()) return;
  const std::size_t begin = index == 0 ? 0 : loose_->end[index - 1];
  for (std::size_t i = begin; i < loose_->end[index]; ++i) {
    const double value = std::bit_cast<double>(loose_->bits[i]);
    const LooseSamples::Extra* const extra =
        loose_->extras.empty() ? nullptr : loose_->extras[i].get();
    if (extra == nullptr || !extra->histogram) {
      into.push(loose_->t_ms[i], value);
    } else {
      FloatHistogram histogram = *extra->histogram;
      histogram.sum = value;
      into.push(loose_->t_ms[i], std::move(histogram));
    }
    if (extra != nullptr) into.set_start(extra->start_ms);
  }
}

// -- both

namespace {

// Histograms are stored with the hints of their senders.
void set_hints(Samples& samples, std::size_t begin) {
  HistogramHints hints;
  for (std::size_t i = begin; i < samples.histogram.size(); ++i) {
    if (samples.histogram[i] == nullptr) {
      hints.see_other();
    } else {
      // They are in samples.histograms, and it was us who put them there.
      hints.set(const_cast<FloatHistogram&>(*samples.histogram[i]));
    }
  }
}

}  // namespace

void SampleReader::append(std::size_t index, Samples& into) const {
  const std::size_t begin = into.t_ms.size();
  const SourceId home = snapshot_->head().home(series_[index]);
  if (home < sources_.size()) append_rows(home, index, into);
  for (const SourceId source : foreign_) {
    if (source != home) append_rows(source, index, into);
  }
  append_loose(index, into);
  put_in_order(into, begin);
  set_hints(into, begin);
}

void SampleReader::read(std::size_t first, std::size_t count,
                        Samples& into) const {
  into.clear();
  for (std::size_t i = first; i < first + count; ++i) {
    append(i, into);
    into.end_series();
  }
}

}  // namespace prom::store
