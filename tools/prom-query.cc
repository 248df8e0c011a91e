// prom-query evaluates PromQL over a store, files or a pipe.  See
// man/prom-query.1.
#include "libprom/cli/command.h"
#include "libprom/query/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::query::command());
}
