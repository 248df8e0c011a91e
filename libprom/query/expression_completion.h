// What the end of an unfinished expression may become: functions, keywords,
// metrics, labels and their values.  The REPL and the shells' completions use
// it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/query/source.h"

namespace prom::query {

struct ExpressionCompletion {
  std::size_t begin = 0;  // of the bytes of the text that are replaced
  // What may stand there, ascending, functions before metrics.
  std::vector<cli::Candidate> candidates;
};

constexpr std::size_t kCompletionsMax = 1000;

// `text` is what stands before the cursor.  Without a source only what the
// language has is offered; a source that fails offers nothing.
ExpressionCompletion complete_expression(std::string_view text,
                                         const Source* source);

// Some bracket or raw string is still open, so that there has to be more.
bool is_unfinished(std::string_view text);

}  // namespace prom::query
