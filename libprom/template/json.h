// Values as JSON, as Go's json.Marshal writes them: keys of maps ascending,
// <, > and & escaped.
#pragma once

#include <string>

#include "libprom/base/result.h"
#include "libprom/template/value.h"

namespace prom::templates {

// Fails for NaN and infinities.  Cut soon after the limit of format.h.
Result<std::string> to_json(const Value& value);

}  // namespace prom::templates
