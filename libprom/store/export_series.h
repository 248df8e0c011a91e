// The series that any of some selectors accepts, in ascending order of their
// labels, each once.  export.cc and export_tsdb.cc read a store through it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/matcher.h"
#include "libprom/store/sorted_series.h"
#include "libprom/store/view.h"

namespace prom::store {

class ExportSeries final : public SortedSeries {
 public:
  // Times are inclusive at both ends.
  static Result<std::unique_ptr<ExportSeries>> open(
      const View& view, const std::vector<Matchers>& selectors,
      std::int64_t min_ms, std::int64_t max_ms);

  // Series without a sample in the range are left out.
  Result<bool> next(Labels& labels, Samples& samples) override;

  // Of the series that next() gave, ascending in time.
  [[nodiscard]] const std::vector<Exemplar>& exemplars() const {
    return exemplars_;
  }

  [[nodiscard]] std::uint64_t size() const;  // at most
  [[nodiscard]] std::uint64_t done() const { return done_; }
  // Of all series; sorted.
  [[nodiscard]] std::vector<std::string> label_names() const;

 private:
  struct Cursor {
    std::unique_ptr<const ViewSelection> selection;
    std::size_t at = 0;
    Labels labels;  // of the series at `at`
    // Of series [exemplars_from, exemplars_from + size).
    std::size_t exemplars_from = 0;
    std::vector<std::vector<Exemplar>> exemplars = {};
  };
  void settle(Cursor& cursor) const;
  Cursor* first();
  static std::vector<Exemplar> take_exemplars(Cursor& cursor);

  std::vector<Cursor> cursors_;
  std::vector<Exemplar> exemplars_;
  std::uint64_t done_ = 0;
};

}  // namespace prom::store
