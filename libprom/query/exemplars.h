// Exemplars of a store, as GET /api/v1/query_exemplars answers them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/query/source.h"
#include "libprom/store/view.h"

namespace prom::query {

struct SeriesExemplars {
  Labels series;
  std::vector<store::Exemplar> exemplars;  // ascending in time
};

// Of the series that one of the selectors accepts, in ascending order of their
// labels; those without an exemplar in the range are left out.
Result<std::vector<SeriesExemplars>> exemplars(
    const store::View& view, std::span<const Matchers> selectors,
    const SelectRange& range);

}  // namespace prom::query
