// Functions on texts that both function sets have.
#pragma once

#include <span>

#include "libprom/template/functions.h"

namespace prom::templates {

// match PATTERN TEXT: found anywhere in the text.
Result<Value> match_text(std::span<const Value> arguments,
                         const Environment& environment);
// reReplaceAll PATTERN REPLACEMENT TEXT.
Result<Value> replace_text(std::span<const Value> arguments,
                           const Environment& environment);
// safeHtml TEXT.
Result<Value> trust_html(std::span<const Value> arguments,
                         const Environment& environment);

}  // namespace prom::templates
