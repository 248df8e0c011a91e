// One exposition for the subcommands that look at it rather than scrape it:
// from standard input, a file, or a URL that is fetched once.
#pragma once

#include <string>

#include "libprom/base/result.h"
#include "libprom/cli/command.h"
#include "libprom/exposition/format.h"

namespace prom::scrape {

struct ExpositionInput {
  std::string body;
  exposition::Format format = exposition::Format::kText;
};

// `name` is "-", a path, or an http or https URL.  The format is what a
// Content-Type says, else what the text looks like.
Result<ExpositionInput> read_exposition(const std::string& name, cli::Io& io);

}  // namespace prom::scrape
