// --watch and --follow: the same question again and again, until a signal, the
// end of the input, or a reader that goes away.
#pragma once

#include "libprom/query/answer.h"

namespace prom::query {

// On a terminal the answers replace each other on the alternate screen; in a
// pipe they follow each other.  A source that fails is reported and asked
// again.
cli::Exit watch(const Question& question, const QueryOptions& options,
                cli::Io& io);

}  // namespace prom::query
