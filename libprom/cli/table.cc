#include "libprom/cli/table.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <numeric>

#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"

namespace prom::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kColumnWidthMin = 4;

struct CodeRange {
  std::uint32_t first, last;
};
// The blocks that matter; Unicode's EastAsianWidth has the whole list.
constexpr std::array<CodeRange, 9> kWide = {{{0x1100, 0x115F},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0xA4CF},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};
constexpr std::array<CodeRange, 5> kCombining = {{{0x0300, 0x036F},
                                                  {0x1AB0, 0x1AFF},
                                                  {0x200B, 0x200F},
                                                  {0x20D0, 0x20FF},
                                                  {0xFE00, 0xFE0F}}};

template <std::size_t N>
bool within(const std::array<CodeRange, N>& ranges, std::uint32_t c) {
  return std::ranges::any_of(ranges, [c](const CodeRange& range) {
    return c >= range.first && c <= range.last;
  });
}

std::size_t code_point_width(std::uint32_t c) {
  if (c < 0x300) return 1;
  if (within(kCombining, c)) return 0;
  return within(kWide, c) ? 2 : 1;
}

std::string padding(std::size_t width, std::size_t used) {
  return std::string(width > used ? width - used : 0, ' ');
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint c = decode_utf8(text);
    width += code_point_width(c.value);
    text.remove_prefix(c.size);
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width, bool utf8) {
  if (display_width(text) <= width) return std::string(text);
  std::string cut;
  std::size_t used = 0;
  while (!text.empty()) {
    const CodePoint c = decode_utf8(text);
    used += code_point_width(c.value);
    if (used + 1 > width) break;
    cut += text.substr(0, c.size);
    text.remove_prefix(c.size);
  }
  return width == 0 ? "" : cut + (utf8 ? "…" : "~");
}

void Table::add(const std::vector<std::string>& cells) {
  assert(cells.size() == columns_.size());
  std::vector<std::string>& row = rows_.emplace_back();
  row.reserve(cells.size());
  for (const std::string& cell : cells) row.push_back(printable(cell));
}

std::vector<std::size_t> Table::widths(std::size_t total) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_)
      width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  if (total == 0 || widths.empty()) return widths;
  const std::size_t gaps = kGap * (widths.size() - 1);
  std::size_t used = std::accumulate(widths.begin(), widths.end(), gaps);
  while (used > total) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= kColumnWidthMin) break;
    --*widest;
    --used;
  }
  return widths;
}

void Table::write(os::Output& out, std::size_t width, bool color,
                  bool utf8) const {
  const std::vector<std::size_t> columns = widths(width);
  const Palette colors = palette(color);
  const auto write_row = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = fit(cells[i], columns[i], utf8);
      const std::string space = padding(columns[i], display_width(cell));
      const bool last = i + 1 == cells.size();
      if (columns_[i].align == Align::kRight) {
        out.write(space + cell);
      } else {
        out.write(last ? cell : cell + space);
      }
      if (!last) out.write(std::string(kGap, ' '));
    }
    out.write("\n");
  };
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  out.write(colors.bold);
  write_row(titles);
  out.write(colors.reset);
  for (const auto& row : rows_) write_row(row);
}

}  // namespace prom::cli
