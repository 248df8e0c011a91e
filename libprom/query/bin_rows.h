// Functions of ranges over bins (model/bins.h) instead of samples: what is
// inside of a long range is not read sample by sample.  Internal to query/.
//
// Where bins stand beside samples they give the same results: to the last bit,
// except that sums of what is not whole may differ in their last place.  Where
// bins stand for samples that are gone, a range has the windows that end
// within it: for times that are multiples of a window that is the same again,
// else it is the result of up to a window earlier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/bins.h"
#include "libprom/promql/functions.h"
#include "libprom/query/cells.h"
#include "libprom/query/context.h"

namespace prom::query {

// One thread.
class BinRows {
 public:
  // `ends_ms`: of the ranges, one per step, ascending.  nullopt for a function
  // that needs samples.
  static std::optional<BinRows> make(promql::FunctionId function,
                                     std::vector<std::int64_t> ends_ms,
                                     std::int64_t range_ms);

  // Whether samples are so much more than the bins of these ranges that bins
  // are worth asking for.
  [[nodiscard]] bool is_worth_it() const { return resolution_ms_ != 0; }
  // Valid while this object is.
  [[nodiscard]] BinRequest request(Resolution use) const;

  // Fills the cells of one row from `at` on; `any` becomes whether there are
  // some.  False when its samples are needed after all.
  Result<bool> fill(const Bins& bins, const QueryContext& query, Cells& into,
                    std::size_t at, bool& any);

 private:
  BinRows() = default;
  struct Some {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  void choose_resolution();
  void index(const Bins& bins);
  [[nodiscard]] Some bins_of(const Bins& bins, std::int64_t end_ms);
  // False: no value.
  bool value_of(const Bins& bins, const Some& some, std::int64_t end_ms,
                double& value);
  [[nodiscard]] double increase_of(const Bins& bins, const Some& some,
                                   std::int64_t end_ms) const;

  promql::FunctionId function_{};
  unsigned columns_ = 0;
  std::vector<std::int64_t> ends_ms_;
  std::int64_t range_ms_ = 0;
  std::int64_t resolution_ms_ = 0;
  // Of the row that is being filled.
  std::vector<std::int64_t> key_ms_;  // a bin is in the ranges that this is in
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool needs_samples_ = false;
};

}  // namespace prom::query
