#include "libprom/cli/canvas.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "libprom/base/utf8.h"

namespace prom::cli {
namespace {

constexpr std::array<std::string_view, kLineColors> kColors = {
    "\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m"};
constexpr std::array<char, kLineColors> kMarks = {'*', '+', 'o', 'x', '#', '%'};

// Bits of the dots of U+2800, by column and by row from the top.
constexpr std::array<std::array<std::uint8_t, 4>, 2> kDotBits = {
    {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
constexpr std::uint32_t kBrailleBlank = 0x2800;

// By which quarters are set: 1 upper left, 2 lower left, 8 upper right, 16
// lower right, which are the bits of the upper four dots of braille.
std::string_view quarter_block(std::uint8_t dots) {
  constexpr std::array<std::string_view, 16> kBlocks = {
      " ", "▘", "▖", "▌", "▝", "▀", "▞", "▛",
      "▗", "▚", "▄", "▙", "▐", "▜", "▟", "█"};
  const unsigned left = dots & 0x03U;
  const unsigned right = (dots >> 3U) & 0x03U;
  return kBlocks[left | right << 2U];
}

std::size_t dots_down(Canvas::Style style) {
  switch (style) {
    case Canvas::Style::kBraille:
      return 4;
    case Canvas::Style::kBlocks:
      return 2;
    case Canvas::Style::kAscii:
      break;
  }
  return 1;
}

}  // namespace

std::string_view line_color(std::size_t index, bool color) {
  return color ? kColors[index % kLineColors] : std::string_view();
}

char line_mark(std::size_t index) {
  return kMarks[index % kLineColors];
}

Canvas::Canvas(std::size_t columns, std::size_t rows, Style style)
    : columns_(columns),
      rows_(rows),
      dots_x_(style == Style::kAscii ? 1 : 2),
      dots_y_(dots_down(style)),
      style_(style),
      cells_(columns * rows) {}

void Canvas::dot(std::size_t x, std::size_t y, std::size_t line) {
  if (x >= width() || y >= height()) return;
  const std::size_t from_top = height() - 1 - y;
  Cell& cell = cells_[from_top / dots_y_ * columns_ + x / dots_x_];
  cell.dots |= kDotBits[x % dots_x_][from_top % dots_y_];
  cell.line = static_cast<std::uint8_t>(line % kLineColors);
}

void Canvas::connect(std::size_t x0, std::size_t y0, std::size_t x1,
                     std::size_t y1, std::size_t line) {
  const auto dx = static_cast<std::int64_t>(x1) - static_cast<std::int64_t>(x0);
  const auto dy = static_cast<std::int64_t>(y1) - static_cast<std::int64_t>(y0);
  const std::int64_t steps = std::max({std::abs(dx), std::abs(dy), 1L});
  for (std::int64_t i = 0; i <= steps; ++i) {
    // Rounded to the nearest dot.
    const std::int64_t x = (2 * dx * i + steps) / (2 * steps);
    const std::int64_t y_twice = 2 * dy * i;
    const std::int64_t y =
        (y_twice >= 0 ? y_twice + steps : y_twice - steps) / (2 * steps);
    dot(static_cast<std::size_t>(static_cast<std::int64_t>(x0) + x),
        static_cast<std::size_t>(static_cast<std::int64_t>(y0) + y), line);
  }
}

std::string Canvas::row(std::size_t index, bool color) const {
  std::string text;
  std::size_t current = kLineColors;  // none
  for (std::size_t column = 0; column < columns_; ++column) {
    const Cell& cell = cells_[index * columns_ + column];
    if (cell.dots == 0) {
      text += ' ';
      continue;
    }
    if (color && cell.line != current) {
      current = cell.line;
      text += line_color(current, true);
    }
    if (style_ == Style::kBraille) {
      append_utf8(text, kBrailleBlank + cell.dots);
    } else if (style_ == Style::kBlocks) {
      text += quarter_block(cell.dots);
    } else {
      text += line_mark(cell.line);
    }
  }
  if (current != kLineColors) text += "\x1b[0m";
  return text;
}

}  // namespace prom::cli
