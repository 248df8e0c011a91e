// Where the text of one run goes.
#pragma once

#include <string>
#include <string_view>

#include "libprom/cli/command.h"

namespace prom::exports {

// Standard output, or in place of `path` in one step, as the reader of a
// *.prom file needs it.
cli::Exit write_output(std::string_view text, const std::string& path,
                       cli::Io& io);

}  // namespace prom::exports
