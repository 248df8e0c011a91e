// prom-query series, labels, values, metadata: what a store or an input holds.
#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/promql/parser.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/expression_completion.h"
#include "libprom/query/query_options.h"

namespace prom::query {
namespace {

struct Options {
  InputOptions inputs;
  std::string start, end;
  std::string output = "plain";
  std::uint64_t limit = 0;
  std::string label;                   // of values
  std::vector<std::string> selectors;  // of all of them
};

struct Request {
  std::unique_ptr<Source> source;
  std::vector<Matchers> selectors;  // any of them; never empty
  SelectRange range;
  std::size_t limit = 0;
};

Result<Request> make_request(const Options& options, const cli::Io& io) {
  Request request;
  for (const std::string& text : options.selectors) {
    auto matchers = promql::parse_selector(text);
    if (!matchers) return fail(promql::to_error(matchers.error()));
    request.selectors.push_back(std::move(*matchers));
  }
  if (request.selectors.empty()) request.selectors.emplace_back();
  Result<Inputs> inputs = open_inputs(options.inputs, io);
  if (!inputs) return fail(inputs.error());
  request.range = {.min_ms = std::numeric_limits<std::int64_t>::min() / 2,
                   .max_ms = std::numeric_limits<std::int64_t>::max() / 2};
  if (!options.start.empty()) {
    const auto start = parse_time_ms(options.start, inputs->now_ms);
    if (!start) return fail(Code::kUsage, start.error().message);
    request.range.min_ms = *start;
  }
  if (!options.end.empty()) {
    const auto end = parse_time_ms(options.end, inputs->now_ms);
    if (!end) return fail(Code::kUsage, end.error().message);
    request.range.max_ms = *end;
  }
  request.source = std::move(inputs->source);
  request.limit = options.limit == 0 ? std::numeric_limits<std::size_t>::max()
                                     : options.limit;
  return request;
}

// Joins what several selectors give: sorted, each once.
using Names = std::vector<std::string>;
void merge(Names& into, Names&& more) {
  Names merged;
  std::ranges::set_union(into, more, std::back_inserter(merged));
  into = std::move(merged);
}

cli::Exit write_names(const Names& names, const Options& options, cli::Io& io) {
  if (options.output == "json") {
    std::string json;
    JsonWriter writer(json);
    writer.begin_object().key("status").string("success").key("data");
    writer.begin_array();
    for (const std::string& name : names) writer.string(name);
    writer.end_array().end_object();
    io.out.write(json + "\n");
    return cli::Exit::kOk;
  }
  for (const std::string& name : names) io.out.write(printable(name) + "\n");
  return cli::Exit::kOk;
}

cli::Exit write_series(const std::vector<Labels>& series,
                       const Options& options, cli::Io& io) {
  if (options.output != "json") {
    for (const Labels& labels : series) io.out.write(labels.to_string() + "\n");
    return cli::Exit::kOk;
  }
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("status").string("success").key("data");
  writer.begin_array();
  for (const Labels& labels : series) {
    writer.begin_object();
    for (const auto& [name, value] : labels) writer.key(name).string(value);
    writer.end_object();
  }
  writer.end_array().end_object();
  io.out.write(json + "\n");
  return cli::Exit::kOk;
}

cli::Exit refuse(const Error& error, cli::Io& io) {
  io.complain(error.message);
  return cli::exit_for(error.code);
}

cli::Exit run_names(const Options& options, cli::Io& io) {
  const Result<Request> request = make_request(options, io);
  if (!request) return refuse(request.error(), io);
  Names names;
  for (const Matchers& matchers : request->selectors) {
    auto found =
        options.label.empty()
            ? request->source->label_names(matchers, request->range,
                                           request->limit)
            : request->source->label_values(options.label, matchers,
                                            request->range, request->limit);
    if (!found) return refuse(found.error(), io);
    merge(names, std::move(*found));
  }
  if (names.size() > request->limit) names.resize(request->limit);
  return write_names(names, options, io);
}

cli::Exit run_series(const Options& options, cli::Io& io) {
  const Result<Request> request = make_request(options, io);
  if (!request) return refuse(request.error(), io);
  std::vector<Labels> series;
  for (const Matchers& matchers : request->selectors) {
    const auto selection = request->source->select(matchers, request->range);
    if (!selection) return refuse(selection.error(), io);
    for (std::size_t i = 0;
         i < (*selection)->size() && series.size() < request->limit; ++i) {
      series.push_back((*selection)->labels(i));
    }
  }
  std::ranges::sort(series);
  const auto repeated = std::ranges::unique(series);
  series.erase(repeated.begin(), repeated.end());
  return write_series(series, options, io);
}

void write_family(const FamilyDescription& family, JsonWriter& writer) {
  writer.key(family.family).begin_array().begin_object();
  writer.key("type").string(family.type.empty() ? "unknown" : family.type);
  writer.key("unit").string(family.unit);
  writer.key("help").string(family.help);
  writer.end_object().end_array();
}

// A name is wanted when it, or the family of a histogram's or summary's
// series, is among the arguments.
bool is_wanted(const std::string& family,
               const std::vector<std::string>& names) {
  return names.empty() ||
         std::ranges::any_of(names, [&family](const std::string& name) {
           if (!name.starts_with(family)) return false;
           const std::string_view rest =
               std::string_view(name).substr(family.size());
           return rest.empty() || rest == "_total" || rest == "_bucket" ||
                  rest == "_sum" || rest == "_count" || rest == "_created" ||
                  rest == "_info";
         });
}

cli::Exit run_metadata(const Options& options, cli::Io& io) {
  const Result<Inputs> inputs = open_inputs(options.inputs, io);
  if (!inputs) return refuse(inputs.error(), io);
  auto families = inputs->source->metadata();
  if (!families) return refuse(families.error(), io);
  std::erase_if(*families, [&options](const FamilyDescription& family) {
    return !is_wanted(family.family, options.selectors);
  });
  if (options.limit != 0 && families->size() > options.limit)
    families->resize(options.limit);
  if (options.output == "json") {
    std::string json;
    JsonWriter writer(json);
    writer.begin_object().key("status").string("success").key("data");
    writer.begin_object();
    for (const FamilyDescription& family : *families)
      write_family(family, writer);
    writer.end_object().end_object();
    io.out.write(json + "\n");
    return cli::Exit::kOk;
  }
  cli::Table table({{.title = "METRIC"},
                    {.title = "TYPE"},
                    {.title = "UNIT"},
                    {.title = "HELP"}});
  for (const FamilyDescription& family : *families)
    table.add({family.family, family.type, family.unit, family.help});
  if (table.rows() != 0) {
    const int columns =
        io.out_is_terminal ? os::terminal_columns(io.out.fd()) : 0;
    table.write(io.out, static_cast<std::size_t>(columns), io.color);
  }
  return cli::Exit::kOk;
}

std::vector<cli::Flag> list_flags(Options& o) {
  using cli::Flag;
  const auto output = [&o](std::string_view text) -> Status {
    if (text != "plain" && text != "json")
      return fail(Code::kUsage, "the output is plain or json");
    o.output = text;
    return {};
  };
  std::vector<Flag> flags = input_flags(o.inputs);
  std::vector<Flag> more = {
      Flag{.name = "input",
           .short_name = "f",
           .value = "FILE",
           .help = "read FILE, too; - is standard input",
           .set = cli::into_texts(o.inputs.files)},
      Flag{.name = "start",
           .value = "T",
           .help = "only what may have samples since T (default: ever)",
           .set = cli::into_text(o.start)},
      Flag{.name = "end",
           .value = "T",
           .help = "only what may have samples before T (default: ever)",
           .set = cli::into_text(o.end)},
      Flag{.name = "limit",
           .value = "N",
           .help = "at most N lines (default: 0, all)",
           .set = cli::into_count(o.limit)},
      Flag{.name = "output",
           .short_name = "o",
           .value = "FORMAT",
           .help = "plain or json (default: plain)",
           .set = output}};
  std::ranges::move(more, std::back_inserter(flags));
  return flags;
}

cli::Completer label_completer(const InputOptions& inputs) {
  return [&inputs](std::string_view, cli::Io& io) {
    std::vector<cli::Candidate> all;
    const Result<Inputs> opened = open_inputs(inputs, io);
    if (!opened) return all;
    const SelectRange ever = {
        .min_ms = std::numeric_limits<std::int64_t>::min() / 2,
        .max_ms = std::numeric_limits<std::int64_t>::max() / 2};
    const auto names = opened->source->label_names({}, ever, kCompletionsMax);
    if (!names) return all;
    for (const std::string& name : *names) all.push_back({name, {}});
    return all;
  };
}

cli::Positional selector_positional(Options& options) {
  return {.name = "SELECTOR",
          .help = "only series that match one of these",
          .set = cli::into_texts(options.selectors),
          .count_max = cli::kMany,
          .complete = expression_completer(options.inputs)};
}

}  // namespace

cli::Command series_command() {
  auto options = std::make_shared<Options>();
  return {.name = "series",
          .summary = "lists series",
          .flags = list_flags(*options),
          .positionals = {selector_positional(*options)},
          .run = [options](cli::Io& io) { return run_series(*options, io); }};
}

cli::Command labels_command() {
  auto options = std::make_shared<Options>();
  return {.name = "labels",
          .summary = "lists names of labels",
          .flags = list_flags(*options),
          .positionals = {selector_positional(*options)},
          .run = [options](cli::Io& io) { return run_names(*options, io); }};
}

cli::Command values_command() {
  auto options = std::make_shared<Options>();
  return {.name = "values",
          .summary = "lists values of a label",
          .flags = list_flags(*options),
          .positionals = {{.name = "LABEL",
                           .help = "__name__ for the names of metrics",
                           .set = cli::into_text(options->label),
                           .count_min = 1,
                           .complete = label_completer(options->inputs)},
                          selector_positional(*options)},
          .run = [options](cli::Io& io) { return run_names(*options, io); }};
}

cli::Command metadata_command() {
  auto options = std::make_shared<Options>();
  return {
      .name = "metadata",
      .summary = "lists types, units and help of metrics",
      .flags = list_flags(*options),
      .positionals = {{.name = "METRIC",
                       .help = "only these; of a histogram any of its series",
                       .set = cli::into_texts(options->selectors),
                       .count_max = cli::kMany}},
      .run = [options](cli::Io& io) { return run_metadata(*options, io); }};
}

}  // namespace prom::query
