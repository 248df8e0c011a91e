// The values of some series at all steps of a query, one row per series.
// The engine's unit of work: operators fill a Cells from a batch of series and
// change it in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "libprom/model/histogram.h"

namespace prom::query {

using HistogramPtr = std::shared_ptr<const FloatHistogram>;

enum class CellKind : std::uint8_t { kNone, kFloat, kHistogram };

// Nine bytes a cell; histograms have a column of their own that most queries
// never allocate.
class Cells {
 public:
  // Makes all cells empty.  Keeps memory for the next batch.
  void reset(std::size_t rows, std::size_t steps) {
    rows_ = rows;
    steps_ = steps;
    kinds_.assign(rows * steps, CellKind::kNone);
    values_.resize(rows * steps);
    histograms_.clear();
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] std::size_t size() const { return kinds_.size(); }
  [[nodiscard]] bool has_histograms() const { return !histograms_.empty(); }

  // All cells, row after row.
  [[nodiscard]] std::span<const CellKind> kinds() const { return kinds_; }
  [[nodiscard]] std::span<CellKind> kinds() { return kinds_; }
  [[nodiscard]] std::span<const double> values() const { return values_; }
  [[nodiscard]] std::span<double> values() { return values_; }

  // REQUIRES: at < size()
  [[nodiscard]] CellKind kind(std::size_t at) const { return kinds_[at]; }
  [[nodiscard]] double value(std::size_t at) const { return values_[at]; }
  // REQUIRES: kind(at) is kHistogram
  [[nodiscard]] const HistogramPtr& histogram(std::size_t at) const {
    return histograms_[at];
  }

  void set(std::size_t at, double value) {
    kinds_[at] = CellKind::kFloat;
    values_[at] = value;
  }
  void set(std::size_t at, HistogramPtr histogram) {
    if (histograms_.empty()) histograms_.resize(kinds_.size());
    kinds_[at] = CellKind::kHistogram;
    histograms_[at] = std::move(histogram);
  }
  void clear(std::size_t at) { kinds_[at] = CellKind::kNone; }

  // Copies a cell of another Cells.
  void copy(std::size_t at, const Cells& from, std::size_t from_at) {
    if (from.kinds_[from_at] == CellKind::kHistogram) {
      set(at, from.histograms_[from_at]);
    } else {
      kinds_[at] = from.kinds_[from_at];
      values_[at] = from.values_[from_at];
    }
  }

  // Whether a row has a value at some step.
  [[nodiscard]] bool row_is_empty(std::size_t row) const;
  // Appends a row of another Cells with as many steps.
  void append_row(const Cells& from, std::size_t row);

 private:
  std::size_t rows_ = 0;
  std::size_t steps_ = 0;
  std::vector<CellKind> kinds_;
  std::vector<double> values_;
  std::vector<HistogramPtr> histograms_;  // empty, or one per cell
};

}  // namespace prom::query
