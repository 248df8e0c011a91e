// Shows diagnostics to a person: where, what, the line with a caret, a hint.
// The first line of each is file:line:column: severity: message, which editors
// understand.  Untrusted text comes out escaped.
#pragma once

#include <string_view>

#include "libprom/base/diagnostic.h"
#include "libprom/os/output.h"

namespace prom::cli {

// Reads each named file again for its lines; one that cannot be read is shown
// without them.
void show(const Diagnostics& diagnostics, os::Output& out, bool color);

// The same when all of them are about `text`, which is no file or is known.
void show(const Diagnostics& diagnostics, std::string_view text,
          os::Output& out, bool color);

// The sequences that colour a terminal; empty strings without colour.
struct Palette {
  std::string_view red, yellow, green, blue, bold, dim, reset;
};
Palette palette(bool color);

}  // namespace prom::cli
