#include "libprom/query/cells.h"

#include <algorithm>

namespace prom::query {

bool Cells::row_is_empty(std::size_t row) const {
  const auto of_row = std::span(kinds_).subspan(row * steps_, steps_);
  return std::ranges::all_of(
      of_row, [](CellKind kind) { return kind == CellKind::kNone; });
}

void Cells::append_row(const Cells& from, std::size_t row) {
  if (rows_ == 0) steps_ = from.steps_;
  const auto begin = static_cast<std::ptrdiff_t>(row * steps_);
  const auto end = begin + static_cast<std::ptrdiff_t>(steps_);
  const std::size_t before = kinds_.size();
  kinds_.insert(kinds_.end(), from.kinds_.begin() + begin,
                from.kinds_.begin() + end);
  values_.insert(values_.end(), from.values_.begin() + begin,
                 from.values_.begin() + end);
  if (from.has_histograms()) {
    histograms_.resize(before);
    histograms_.insert(histograms_.end(), from.histograms_.begin() + begin,
                       from.histograms_.begin() + end);
  } else if (has_histograms()) {
    histograms_.resize(kinds_.size());
  }
  ++rows_;
}

}  // namespace prom::query
