// prom-query -i: questions from a person, one after the other, with history,
// completion and commands that begin with a dot.
#pragma once

#include "libprom/cli/command.h"
#include "libprom/query/query_options.h"

namespace prom::query {

// Reads until Ctrl-D, .quit or the end of a pipe.  Ctrl-C gives up the line
// that is typed or the query that runs.  An error is shown and the session goes
// on; the exit code is that of the input: 0, or why nothing can be read.
cli::Exit run_repl(const QueryOptions& options, cli::Io& io);

}  // namespace prom::query
