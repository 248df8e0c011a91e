#include "libprom/query/command.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>

#include "libprom/base/duration.h"
#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/engine.h"
#include "libprom/query/format.h"
#include "libprom/query/inputs.h"
#include "libprom/query/json.h"

namespace prom::query {
namespace {

constexpr std::int64_t kStepsDefault = 250;

struct Options {
  InputOptions inputs;
  std::string time, start, end;
  std::int64_t step_ms = 0;
  std::string output;
  bool exit_status = false;
  std::vector<std::string> features;
  std::int64_t timeout_ms = 2 * kMinuteMs;
  std::int64_t lookback_ms = 5 * kMinuteMs;
  std::uint64_t samples_max = 50'000'000;
  std::uint64_t threads = 0;
  std::vector<std::string> words;  // files, then the expression
};

// What the options mean, once it is known what is read.
struct Plan {
  std::string expression;
  bool is_range = false;
  std::int64_t time_ms = 0;
  RangeTimes times;
  std::string output;
  EngineOptions engine;
};

using Write = void (*)(const QueryResult&, const View&, os::Output&);
struct Format {
  std::string_view name;
  Write write;  // null: JSON, which also has errors
};
constexpr std::array<Format, 5> kFormats = {{{"table", write_table},
                                             {"plain", write_plain},
                                             {"json", nullptr},
                                             {"csv", write_csv},
                                             {"graph", write_graph}}};

const Format* find_format(std::string_view name) {
  const auto* const found = std::ranges::find(kFormats, name, &Format::name);
  return found == kFormats.end() ? nullptr : found;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return names;
}

Status check_options(const Options& options) {
  const bool has_range = !options.start.empty() || !options.end.empty();
  if (has_range && options.start.empty())
    return fail(Code::kUsage, "--end needs --start");
  if (has_range && !options.time.empty())
    return fail(Code::kUsage,
                "--time is for instant queries, --start for "
                "ranges; give one of them");
  if (!has_range && options.step_ms != 0)
    return fail(Code::kUsage, "--step needs --start");
  if (!options.output.empty() && find_format(options.output) == nullptr) {
    return fail(Code::kUsage, "unknown output format " + quote(options.output) +
                                  did_you_mean(options.output, format_names()) +
                                  "; one of table, plain, json, csv, graph");
  }
  return {};
}

Result<Plan> make_plan(const Options& options, const Inputs& inputs,
                       const cli::Io& io) {
  Plan plan;
  plan.expression = options.words.back();
  plan.is_range = !options.start.empty();
  const auto time = [&](const std::string& text) -> Result<std::int64_t> {
    auto parsed = parse_time_ms(text, inputs.now_ms);
    if (!parsed) parsed.error().code = Code::kUsage;
    return parsed;
  };
  if (plan.is_range) {
    const Result<std::int64_t> start = time(options.start);
    const Result<std::int64_t> end =
        options.end.empty() ? inputs.now_ms : time(options.end);
    if (!start) return fail(start.error());
    if (!end) return fail(end.error());
    if (*end < *start) return fail(Code::kUsage, "--end is before --start");
    const std::int64_t coarse_s = (*end - *start) / kStepsDefault / kSecondMs;
    plan.times = {.start_ms = *start,
                  .end_ms = *end,
                  .step_ms = options.step_ms != 0
                                 ? options.step_ms
                                 : std::max(coarse_s, 1L) * kSecondMs};
  } else {
    const Result<std::int64_t> at =
        options.time.empty() ? inputs.now_ms : time(options.time);
    if (!at) return fail(at.error());
    plan.time_ms = *at;
  }
  plan.output = options.output;
  if (plan.output.empty()) {
    plan.output = !io.out_is_terminal ? "plain"
                  : plan.is_range     ? "graph"
                                      : "table";
  }
  plan.engine.timeout_ms = options.timeout_ms;
  plan.engine.lookback_ms = options.lookback_ms;
  plan.engine.samples_max = static_cast<std::size_t>(options.samples_max);
  plan.engine.threads = static_cast<unsigned>(options.threads);
  for (const std::string& feature : options.features)
    (void)plan.engine.enable(feature);
  return plan;
}

bool is_empty(const QueryResult& result) {
  const bool has_series = result.type == promql::ValueType::kVector ||
                          result.type == promql::ValueType::kMatrix;
  return has_series && result.series.empty();
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = ::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view text(value);
    return text.contains("UTF-8") || text.contains("utf8");
  }
  return false;
}

View make_view(const cli::Io& io, const promql::Expr& expr) {
  View view;
  view.color = io.color;
  view.keep_order = order_matters(expr);
  view.utf8 = locale_is_utf8() || !io.out_is_terminal;
  view.columns =
      io.out_is_terminal
          ? static_cast<std::size_t>(os::terminal_columns(io.out.fd()))
          : 0;
  view.rows = io.out_is_terminal
                  ? static_cast<std::size_t>(os::terminal_rows(io.out.fd()))
                  : 24;
  return view;
}

cli::Exit report(const Error& error, const Plan& plan, cli::Io& io) {
  if (plan.output == "json") {
    write_json_error(error, io.out);
    io.out.write("\n");
  } else {
    io.complain(error.message);
  }
  return cli::exit_for(error.code);
}

// Shows a result that is there, and says on stderr what is worth knowing.
cli::Exit show(const QueryResult& result, const Plan& plan,
               const promql::Expr& expr, const Inputs& inputs,
               const Options& options, cli::Io& io) {
  if (plan.output == "json") {
    write_json(result, io.out);
    io.out.write("\n");
  } else {
    find_format(plan.output)->write(result, make_view(io, expr), io.out);
    for (const std::string& warning : result.warnings)
      io.complain("warning: " + warning);
    for (const std::string& info : result.infos) io.complain(info);
    if (is_empty(result)) {
      for (const std::string& hint : empty_result_hints(expr, inputs))
        io.complain(hint);
    }
  }
  return options.exit_status && is_empty(result) ? cli::Exit::kNo
                                                 : cli::Exit::kOk;
}

cli::Exit run_query(const Options& options, cli::Io& io) {
  if (Status checked = check_options(options); !checked) {
    io.complain(checked.error().message);
    return cli::Exit::kUsage;
  }
  InputOptions inputs_wanted = options.inputs;
  inputs_wanted.files.assign(options.words.begin(), options.words.end() - 1);
  // The expression first: a mistake there needs no data to be seen.
  Plan plan;
  plan.output = options.output;
  EngineOptions features;
  for (const std::string& feature : options.features)
    (void)features.enable(feature);
  const std::string& text = options.words.back();
  const auto expr = promql::parse(text, features.parse);
  if (!expr) {
    if (plan.output != "json") {
      cli::show(expr.error(), text, io.err, io.color);
      return cli::Exit::kBadData;
    }
    return report(
        promql::to_error(expr.error()).in("invalid parameter \"query\""), plan,
        io);
  }
  const Result<Inputs> inputs = open_inputs(inputs_wanted, io);
  if (!inputs) return report(inputs.error(), plan, io);
  Result<Plan> planned = make_plan(options, *inputs, io);
  if (!planned) return report(planned.error(), plan, io);
  plan = std::move(*planned);
  const Result<QueryResult> result =
      plan.is_range
          ? range(*inputs->source, **expr, text, plan.times, plan.engine)
          : instant(*inputs->source, **expr, text, plan.time_ms, plan.engine);
  if (!result) return report(result.error(), plan, io);
  return show(*result, plan, **expr, *inputs, options, io);
}

std::vector<cli::Flag> query_flags(Options& o) {
  using cli::Flag;
  const auto features = [&o](std::string_view text) -> Status {
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      o.features.emplace_back(text.substr(0, comma));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return {};
  };
  return {
      storage_flag(o.inputs.store),
      tsdb_flag(o.inputs.tsdb),
      Flag{.name = "time",
           .short_name = "t",
           .value = "T",
           .help = "evaluate at T (default: now, or the newest sample of an "
                   "input that is no store)",
           .set = cli::into_text(o.time)},
      Flag{.name = "start",
           .value = "T",
           .help = "evaluate over a range that begins at T",
           .set = cli::into_text(o.start)},
      Flag{.name = "end",
           .value = "T",
           .help = "end of the range (default: now)",
           .set = cli::into_text(o.end)},
      Flag{.name = "step",
           .value = "D",
           .help = "distance of the points (default: a 250th of the range, at "
                   "least 1s)",
           .set = cli::into_duration(o.step_ms)},
      Flag{.name = "output",
           .short_name = "o",
           .value = "FORMAT",
           .help = "table, plain, json, csv or graph (default: on a terminal "
                   "table, or graph for a range; else plain)",
           .set = cli::into_text(o.output)},
      Flag{.name = "exit-status",
           .short_name = "e",
           .help = "exit with 1 when the result is empty",
           .set = cli::into_switch(o.exit_status)},
      Flag{.name = "enable-feature",
           .value = "NAME,…",
           .help = "turn on experimental parts by upstream's names",
           .set = features,
           .common = false},
      Flag{.name = "timeout",
           .value = "D",
           .help = "give up after D (default: 2m; 0: never)",
           .set = cli::into_duration(o.timeout_ms),
           .group = "Limits",
           .common = false},
      Flag{.name = "max-samples",
           .value = "N",
           .help = "samples in memory at one time (default: 50000000; 0: any "
                   "number)",
           .set = cli::into_count(o.samples_max),
           .group = "Limits",
           .common = false},
      Flag{.name = "threads",
           .value = "N",
           .help = "threads to compute with (default: one a core)",
           .set = cli::into_count(o.threads, 0, 1024),
           .group = "Limits",
           .common = false},
      Flag{.name = "lookback-delta",
           .value = "D",
           .help = "how long a sample counts as current (default: 5m)",
           .set = cli::into_duration(o.lookback_ms),
           .common = false},
  };
}

}  // namespace

cli::Command command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "prom-query",
      .summary = "evaluates PromQL over a store, files or a pipe",
      .description =
          "Reads FILEs, - for standard input, or a store: the one that -S or "
          "$PROM_STORE names, else ./prom-data.  Without any of them a pipe on "
          "standard input is read.  Times are RFC 3339, Unix seconds, now, or "
          "now-1h.",
      .flags = query_flags(*options),
      .positionals = {{.name = "FILE",
                       .help = "exposition text, OpenMetrics or frames",
                       .set = cli::into_texts(options->words),
                       .count_max = cli::kMany},
                      {.name = "EXPR",
                       .help = "what to evaluate; put -- before one that "
                               "begins with a minus",
                       .set = cli::into_texts(options->words),
                       .count_min = 1}},
      .subcommands = {series_command(), labels_command(), values_command(),
                      fmt_command(), check_command()},
      .examples =
          {{"prom-query 'sum by (job) (up)'", "from the store ./prom-data"},
           {"prom-scrape http://localhost:9100/metrics | prom-query node_load1",
            "from a pipe, with no store at all"},
           {"prom-query --start now-1h 'rate(node_cpu_seconds_total[5m])'",
            "a graph of the last hour"}},
      .run = [options](cli::Io& io) { return run_query(*options, io); }};
}

}  // namespace prom::query
