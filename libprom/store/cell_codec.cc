#include "libprom/store/cell_codec.h"

#include <algorithm>
#include <bit>

#include "libprom/model/histogram_codec.h"
#include "libprom/store/format.h"
#include "libprom/wire/extras.h"

namespace prom::store {
namespace {

// Numbers layouts: first those of the keyframe, then new ones of this section.
class LayoutTable {
 public:
  explicit LayoutTable(const KeyframeCells* keyframe) : keyframe_(keyframe) {}

  std::size_t number(const FloatHistogram& histogram) {
    const std::size_t before = keyframe_ == nullptr ? 0 : known();
    if (const std::size_t at = find_known(histogram); at < before) return at;
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      if (same_layout(*fresh_[i], histogram)) return before + i;
    }
    fresh_.push_back(&histogram);
    return before + fresh_.size() - 1;
  }
  [[nodiscard]] const std::vector<const FloatHistogram*>& fresh() const {
    return fresh_;
  }

 private:
  [[nodiscard]] std::size_t known() const { return keyframe_->layouts.size(); }
  // Neighbours often share a layout, and a row goes through them in order.
  std::size_t find_known(const FloatHistogram& histogram) {
    if (keyframe_ == nullptr) return 0;
    for (std::size_t i = 0; i < known(); ++i, ++hint_) {
      if (hint_ >= known()) hint_ = 0;
      if (same_layout(keyframe_->layouts[hint_], histogram)) return hint_;
    }
    return known();
  }

  const KeyframeCells* const keyframe_;
  std::size_t hint_ = 0;
  std::vector<const FloatHistogram*> fresh_;
};

}  // namespace

const FloatHistogram* KeyframeCells::find(std::uint32_t column) const {
  const auto at = std::ranges::lower_bound(columns, column);
  if (at == columns.end() || *at != column) return nullptr;
  return &histograms[static_cast<std::size_t>(at - columns.begin())];
}

const CellSection::Cell* CellSection::find(std::uint32_t column) const {
  const auto at = std::ranges::lower_bound(cells, column, {}, &Cell::column);
  return at == cells.end() || at->column != column ? nullptr : &*at;
}

void encode_cells(std::span<const StartCell> starts,
                  std::span<const HistogramRef> histograms,
                  std::int64_t base_ms, const KeyframeCells* keyframe,
                  std::string& out) {
  if (keyframe == nullptr) {
    wire::append_starts(out, base_ms, starts);
  } else {
    wire::append_starts(out, base_ms,
                        wire::changed_starts(keyframe->starts, starts));
  }
  LayoutTable layouts(keyframe);
  std::string directory;
  std::string cells;
  std::uint32_t column = 0;
  for (const HistogramRef& cell : histograms) {
    const std::size_t begin = cells.size();
    append_varint(cells, layouts.number(*cell.histogram));
    append_histogram_counts(
        cells, *cell.histogram,
        keyframe == nullptr ? nullptr : keyframe->find(cell.column));
    append_varint(directory, cell.column - column);
    append_varint(directory, cells.size() - begin);
    column = cell.column + 1;
  }
  append_varint(out, layouts.fresh().size());
  for (const FloatHistogram* layout : layouts.fresh()) {
    std::string bytes;
    append_histogram_layout(bytes, *layout);
    append_varint(out, bytes.size());
    out += bytes;
  }
  append_varint(out, histograms.size());
  out += directory;
  out += cells;
}

bool parse_cells(Bytes bytes, std::int64_t base_ms, std::uint32_t columns,
                 CellSection& into) {
  into = CellSection();
  ByteReader in(bytes);
  if (!wire::read_starts(in, base_ms, columns, into.starts)) return false;
  const std::uint64_t layouts = in.varint();
  for (std::uint64_t i = 0; i < layouts && in.ok(); ++i)
    into.layouts.push_back(as_bytes(in.text()));
  const std::uint64_t cells = in.varint();
  // Each takes two bytes of the directory at least.
  if (!in.ok() || cells > in.remaining() / 2) return false;
  std::vector<std::uint64_t> sizes;
  sizes.reserve(static_cast<std::size_t>(cells));
  into.cells.reserve(static_cast<std::size_t>(cells));
  std::uint64_t column = 0;
  for (std::uint64_t i = 0; i < cells; ++i) {
    const std::uint64_t gap = in.varint();
    sizes.push_back(in.varint());
    if (!in.ok() || column >= columns || gap >= columns - column) return false;
    column += gap;
    into.cells.push_back({static_cast<std::uint32_t>(column++), {}});
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > in.remaining()) return false;
    into.cells[i].bytes = in.take(static_cast<std::size_t>(sizes[i]));
  }
  return in.ok();
}

bool decode_cell(const CellSection::Cell& cell, const CellSection& section,
                 const CellSection* keyframe, const FloatHistogram* reference,
                 FloatHistogram& into) {
  ByteReader in(cell.bytes);
  std::uint64_t number = in.varint();
  const CellSection* owner = &section;
  if (keyframe != nullptr) {
    const std::size_t known = keyframe->layouts.size();
    if (number < known) {
      owner = keyframe;
    } else {
      number -= known;
    }
  }
  if (!in.ok() || number >= owner->layouts.size()) return false;
  ByteReader layout(owner->layouts[static_cast<std::size_t>(number)]);
  return read_histogram_layout(layout, into) &&
         read_histogram_counts(in, reference, into) && into.validate();
}

bool load_keyframe(const CellSection& section,
                   std::span<const std::uint64_t> values, KeyframeCells& into) {
  into = KeyframeCells();
  into.starts = section.starts;
  for (const Bytes bytes : section.layouts) {
    ByteReader in(bytes);
    if (!read_histogram_layout(in, into.layouts.emplace_back())) return false;
  }
  for (const CellSection::Cell& cell : section.cells) {
    FloatHistogram& histogram = into.histograms.emplace_back();
    if (cell.column >= values.size() ||
        !decode_cell(cell, section, nullptr, nullptr, histogram))
      return false;
    histogram.sum = std::bit_cast<double>(values[cell.column]);
    into.columns.push_back(cell.column);
  }
  return true;
}

std::optional<RowParts> row_cells(Bytes body, std::size_t at, bool has_cells,
                                  std::int64_t t_ms, std::uint32_t columns) {
  RowParts parts;
  parts.values = body.subspan(at);
  if (!has_cells) return parts;
  if (parts.values.size() < sizeof(CellsPart)) return std::nullopt;
  const auto part = load_struct<CellsPart>(parts.values.data());
  parts.values = parts.values.subspan(sizeof part);
  if (part.bytes > parts.values.size() ||
      !parse_cells(parts.values.first(part.bytes), t_ms, columns,
                   parts.section))
    return std::nullopt;
  parts.values = parts.values.subspan(part.bytes);
  return parts;
}

std::int64_t start_of(std::uint32_t column, const CellSection* row,
                      const CellSection* keyframe) {
  for (const CellSection* section : {row, keyframe}) {
    if (section == nullptr) continue;
    const auto at = std::ranges::lower_bound(section->starts, column, {},
                                             &StartCell::column);
    if (at != section->starts.end() && at->column == column)
      return at->start_ms;
  }
  return 0;
}

}  // namespace prom::store
