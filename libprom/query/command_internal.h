// The parts of prom-query's command: its subcommands, one file each family,
// and what they share.
#pragma once

#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/promql/ast.h"
#include "libprom/query/inputs.h"

namespace prom::query {

// prom-query series|labels|values|metadata: what there is (list_command.cc).
cli::Command series_command();
cli::Command labels_command();
cli::Command values_command();
cli::Command metadata_command();
// prom-query exemplars (exemplars_command.cc).
cli::Command exemplars_command();
// prom-query explain (explain_command.cc).
cli::Command explain_command();
// prom-query fmt|check: about expressions, without data (text_command.cc).
cli::Command fmt_command();
cli::Command check_command();

// True when the order of a vector result is part of it: sort(), topk().
bool order_matters(const promql::Expr& expr);

// Why a result may be empty: a metric that is not there, with the nearest one
// that is; a range over series of one sample.
std::vector<std::string> empty_result_hints(const promql::Expr& expr,
                                            const Inputs& inputs);

}  // namespace prom::query
