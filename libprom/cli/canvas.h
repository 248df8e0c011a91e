// A drawing surface of character cells for graphs on a terminal: braille (2x4
// dots a cell) or quarter blocks (2x2) where the terminal shows UTF-8, else one
// mark a cell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/os/output.h"

namespace prom::cli {

// Colours that lines take in turn.
constexpr std::size_t kLineColors = 6;
// The sequence of colour `index`, "" without colour.
std::string_view line_color(std::size_t index, bool color);
// The mark of line `index` where there are no dots.
char line_mark(std::size_t index);

class Canvas {
 public:
  enum class Style { kBraille, kBlocks, kAscii };

  Canvas(std::size_t columns, std::size_t rows, Style style);

  // Size in dots; (0, 0) is the lower left one.
  [[nodiscard]] std::size_t width() const { return columns_ * dots_x_; }
  [[nodiscard]] std::size_t height() const { return rows_ * dots_y_; }

  void dot(std::size_t x, std::size_t y, std::size_t line);
  // Connects two dots.
  void connect(std::size_t x0, std::size_t y0, std::size_t x1, std::size_t y1,
               std::size_t line);

  // One row of cells as text, from the top.
  [[nodiscard]] std::string row(std::size_t index, bool color) const;

 private:
  struct Cell {
    std::uint8_t dots = 0;
    std::uint8_t line = 0;
  };
  const std::size_t columns_, rows_;
  const std::size_t dots_x_, dots_y_;
  const Style style_;
  std::vector<Cell> cells_;
};

}  // namespace prom::cli
