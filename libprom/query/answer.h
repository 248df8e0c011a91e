// One evaluation of prom-query's command, from its inputs to its output.
#pragma once

#include <string>

#include "libprom/cli/command.h"
#include "libprom/promql/ast.h"
#include "libprom/query/inputs.h"
#include "libprom/query/query_options.h"

namespace prom::query {

// An expression that was parsed; a tree and the text that it is of.
struct Question {
  std::string text;
  promql::ExprPtr expr;
};

// Nothing in it: an empty vector or matrix.
bool is_empty(const QueryResult& result);

// Evaluates at the times that the options name.
Result<QueryResult> evaluate(const Question& question, const Inputs& inputs,
                             const TimeFlags& times,
                             const EngineOptions& engine);

// Writes a result, in the format that is asked for, to `out`.  Fails when a
// template does.  `view` describes where it will be seen.
Status render(const QueryResult& result, const Question& question,
              const Inputs& inputs, const QueryOptions& options, View view,
              bool is_terminal, os::Output& out);

// The whole of a single evaluation: result or error, notes on standard error,
// the exit code.
cli::Exit answer_once(const Question& question, const QueryOptions& options,
                      cli::Io& io);

// Warnings, infos and, of an empty result, why it may be empty.
void show_notes(const QueryResult& result, const Question& question,
                const Inputs& inputs, cli::Io& io);

}  // namespace prom::query
