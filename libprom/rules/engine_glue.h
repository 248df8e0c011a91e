// The query engine as what rules evaluate their expressions with.
#pragma once

#include <memory>

#include "libprom/query/engine.h"
#include "libprom/query/source.h"
#include "libprom/rules/sample.h"

namespace prom::rules {

// Evaluates over `source`; warnings of the engine are logged.
Evaluate make_evaluate(std::shared_ptr<const query::Source> source,
                       const query::EngineOptions& options);

}  // namespace prom::rules
