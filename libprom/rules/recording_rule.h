// Recording rules: an expression's value under a new name.
#pragma once

#include <cstdint>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/rules/rule.h"
#include "libprom/rules/sample.h"

namespace prom::rules {

// The samples that `rule` records for `elements` at `t_ms`.  Fails when two
// have the same labels or there are more than `limit` (0: no limit).
Result<std::vector<Sample>> record(const Rule& rule,
                                   const std::vector<Element>& elements,
                                   std::int64_t t_ms, std::int64_t limit);

}  // namespace prom::rules
