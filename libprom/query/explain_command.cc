// prom-query explain: where the series, the samples and the time of an
// expression are.
#include <iterator>
#include <memory>

#include "libprom/base/json_writer.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/explain.h"

namespace prom::query {
namespace {

struct Options {
  InputOptions inputs;
  TimeFlags times;
  EngineFlags engine;
  bool json = false;
  std::vector<std::string> words;  // files, then the expression
};

void write_json_nodes(const std::vector<ExplainedNode>& nodes,
                      os::Output& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_array();
  for (const ExplainedNode& node : nodes) {
    json.begin_object();
    json.key("depth").integer(static_cast<std::int64_t>(node.depth));
    json.key("node").string(node.text);
    json.key("type").string(to_string(node.type));
    if (node.series)
      json.key("series").integer(static_cast<std::int64_t>(*node.series));
    if (node.samples)
      json.key("samples").integer(static_cast<std::int64_t>(*node.samples));
    if (node.bins)
      json.key("statistics").integer(static_cast<std::int64_t>(*node.bins));
    if (node.time_us) json.key("time_us").integer(*node.time_us);
    if (node.is_shared) json.key("shared").boolean(true);
    if (!node.failure.empty()) json.key("error").string(node.failure);
    json.end_object();
  }
  json.end_array();
  out.write(text + "\n");
}

cli::Exit refuse(const Error& error, cli::Io& io) {
  io.complain(error.message);
  return cli::exit_for(error.code);
}

cli::Exit run_explain(const Options& options, cli::Io& io) {
  if (Status checked = check_times(options.times); !checked)
    return refuse(checked.error(), io);
  const std::string& text = options.words.back();
  const EngineOptions engine = options.engine.engine();
  const auto expr = promql::parse(text, engine.parse);
  if (!expr) {
    cli::show(expr.error(), text, io.err, io.color);
    return cli::Exit::kBadData;
  }
  InputOptions wanted = options.inputs;
  wanted.files.assign(options.words.begin(), options.words.end() - 1);
  wanted.timeout_ms = options.engine.timeout_ms;
  const Result<Inputs> inputs = open_inputs(wanted, io);
  if (!inputs) return refuse(inputs.error(), io);
  const Result<When> when = resolve_times(options.times, inputs->now_ms);
  if (!when) return refuse(when.error(), io);
  const auto nodes = explain(**expr, *inputs->source, *when, engine);
  if (!nodes) return refuse(nodes.error(), io);
  if (options.json) {
    write_json_nodes(*nodes, io.out);
  } else {
    write_explained(*nodes, make_view(io), io.out);
  }
  return cli::Exit::kOk;
}

std::vector<cli::Flag> flags_of(Options& o) {
  std::vector<cli::Flag> flags = input_flags(o.inputs);
  std::ranges::move(time_flags(o.times), std::back_inserter(flags));
  flags.push_back(
      {.name = "output",
       .short_name = "o",
       .value = "FORMAT",
       .help = "table or json (default: table)",
       .set = [&o](std::string_view text) -> Status {
         if (text != "table" && text != "json")
           return fail(Code::kUsage, "the output is table or json");
         o.json = text == "json";
         return {};
       },
       .complete = cli::one_of({{.text = "table"}, {.text = "json"}})});
  std::ranges::move(engine_flags(o.engine), std::back_inserter(flags));
  return flags;
}

}  // namespace

cli::Command explain_command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "explain",
      .summary = "shows the parts of an expression with series, samples, time",
      .description =
          "Evaluates the expression and shows what its parts took.  Of range "
          "selectors the samples that were read are counted, of everything "
          "else those of the result; times are of all threads together, with "
          "what is below.",
      .flags = flags_of(*options),
      .positionals = {{.name = "FILE",
                       .help = "exposition text, OpenMetrics or frames",
                       .set = cli::into_texts(options->words),
                       .count_max = cli::kMany},
                      {.name = "EXPR",
                       .help = "what to explain",
                       .set = cli::into_texts(options->words),
                       .count_min = 1,
                       .complete = expression_completer(options->inputs)}},
      .run = [options](cli::Io& io) { return run_explain(*options, io); }};
}

}  // namespace prom::query
