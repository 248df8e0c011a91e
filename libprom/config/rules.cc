#include "libprom/config/rules.h"

#include <algorithm>

namespace prom::config {

TextPosition LocatedText::position_of(std::size_t offset) const {
  if (!is_verbatim) return at;
  const TextPosition inside = prom::position_of(text, offset);
  if (inside.line == 1) return {at.line, at.column + inside.column - 1};
  return {at.line + inside.line - 1, indent + inside.column};
}

}  // namespace prom::config
