// Text in columns, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/os/output.h"

namespace prom::cli {

// Columns that a text takes on a terminal: code points, wide ones (CJK,
// emoji) twice, combining ones not at all.
std::size_t display_width(std::string_view text);

// The front of `text` that fits into `width` columns, with "…" when cut, or
// "~" where the terminal does not show UTF-8.
std::string fit(std::string_view text, std::size_t width, bool utf8 = true);

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.  Untrusted text is made printable.
  void add(const std::vector<std::string>& cells);
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  // Writes titles and rows.  A table wider than `width` has its widest
  // columns cut; width 0: as wide as it is.
  void write(os::Output& out, std::size_t width, bool color,
             bool utf8 = true) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t total) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace prom::cli
