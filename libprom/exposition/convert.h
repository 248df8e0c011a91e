// One exposition format into another: counters get or lose the suffix that
// their family has in the one and not in the other, types that a format has
// not become the nearest that it has, timestamps change their unit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"

namespace prom::exposition {

// The samples stay in their order, and a family's metadata before its first
// one.  Exemplars are kept between OpenMetrics and OpenMetrics; stale markers
// in the pipe dialect only.  Samples without a timestamp get `now_ms` where the
// target format wants one.  kBadData, as Parser has it.
Result<std::string> convert(std::string_view body, Format from, Format to,
                            std::int64_t now_ms);

}  // namespace prom::exposition
