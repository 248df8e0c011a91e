// --template: a result as the operator wants to see it.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/query/engine.h"
#include "libprom/query/inputs.h"

namespace prom::query {

// Expands a Go template.  The dot is the list of the result's series, each with
// .Labels and .Value (of a range: the last value); a scalar is a list of one.
// The functions are those of Prometheus' templates; `query` evaluates over the
// same inputs at the time of the result.
Result<std::string> expand_template(std::string_view text,
                                    const QueryResult& result,
                                    const Inputs& inputs,
                                    const EngineOptions& engine);

}  // namespace prom::query
