#include "libprom/query/command.h"

#include <memory>

#include "libprom/cli/diagnostics.h"
#include "libprom/query/answer.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/json.h"
#include "libprom/query/query_options.h"
#include "libprom/query/repl.h"
#include "libprom/query/watch.h"

namespace prom::query {
namespace {

cli::Exit run_query(const QueryOptions& options, cli::Io& io) {
  if (Status checked = check_options(options); !checked) {
    io.complain(checked.error().message);
    return cli::Exit::kUsage;
  }
  if (options.interactive) return run_repl(options, io);
  if (options.words.empty()) {
    io.complain("EXPR is required; -i asks for expressions");
    return cli::Exit::kUsage;
  }
  Question question{.text = options.words.back(), .expr = nullptr};
  auto expr = promql::parse(question.text, options.engine.engine().parse);
  if (expr) {
    question.expr = std::move(*expr);
    return options.watch_ms != 0 || options.follow
               ? watch(question, options, io)
               : answer_once(question, options, io);
  }
  if (options.output == "json") {
    write_json_error(
        promql::to_error(expr.error()).in("invalid parameter \"query\""),
        io.out);
    io.out.write("\n");
  } else {
    cli::show(expr.error(), question.text, io.err, io.color);
  }
  return cli::Exit::kBadData;
}

}  // namespace

cli::Command command() {
  auto options = std::make_shared<QueryOptions>();
  return {
      .name = "prom-query",
      .summary = "evaluates PromQL over stores, servers, files or a pipe",
      .description =
          "Reads FILEs, - for standard input, stores and servers: those that "
          "-S and --url name, joined.  Without any of them a pipe on standard "
          "input is read, else the store that $PROM_STORE names or "
          "./prom-data.  Times are RFC 3339, Unix seconds, now, or now-1h.",
      .flags = query_flags(*options),
      .positionals = {{.name = "FILE",
                       .help = "exposition text, OpenMetrics or frames",
                       .set = cli::into_texts(options->words),
                       .count_max = cli::kMany},
                      {.name = "EXPR",
                       .help = "what to evaluate; put -- before one that "
                               "begins with a minus",
                       .set = cli::into_texts(options->words),
                       .complete = expression_completer(options->inputs)}},
      .subcommands = {series_command(), labels_command(), values_command(),
                      metadata_command(), exemplars_command(),
                      explain_command(), fmt_command(), check_command()},
      .examples =
          {{"prom-query 'sum by (job) (up)'", "from the store ./prom-data"},
           {"prom-scrape http://localhost:9100/metrics | prom-query node_load1",
            "from a pipe, with no store at all"},
           {"prom-query --start now-1h 'rate(node_cpu_seconds_total[5m])'",
            "a graph of the last hour"},
           {"prom-query --url http://prometheus:9090 -w 2s 'topk(5, up == 0)'",
            "from a server, every two seconds"},
           {"prom-query -i", "questions and answers"}},
      .run = [options](cli::Io& io) { return run_query(*options, io); }};
}

}  // namespace prom::query
