// One verb of a format with its flags, applied to a value.  Used by sprintf()
// and, with the plain verb v, by everything that prints.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "libprom/template/value.h"

namespace prom::templates {

struct FormatSpec {
  bool plus = false;
  bool minus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  std::optional<std::size_t> width = {};
  std::optional<std::size_t> precision = {};
  char verb = 'v';
};

// Widths and precisions beyond this are BADWIDTH and BADPREC.
constexpr std::int64_t kFormatWidthMax = 4096;

void append_formatted(std::string& out, const Value& value,
                      const FormatSpec& spec);

}  // namespace prom::templates
