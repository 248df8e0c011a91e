// prom-query exemplars: the exemplars of series, as GET
// /api/v1/query_exemplars answers them.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <memory>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/cli/table.h"
#include "libprom/promql/parser.h"
#include "libprom/promql/walk.h"
#include "libprom/query/command_internal.h"
#include "libprom/query/exemplars.h"
#include "libprom/query/json.h"
#include "libprom/query/query_options.h"

namespace prom::query {
namespace {

struct Options {
  InputOptions inputs;  // only stores have exemplars
  std::string start, end;
  std::string output = "table";
  std::uint64_t limit = 0;
  std::vector<std::string> words;
};

// Of every selector in the expressions, as upstream takes a whole query here.
Result<std::vector<Matchers>> selectors_of(
    const std::vector<std::string>& expressions) {
  std::vector<Matchers> all;
  for (const std::string& text : expressions) {
    const auto expr = promql::parse(text, promql::ParseOptions::all());
    if (!expr) return fail(promql::to_error(expr.error()));
    promql::for_each_node(**expr, [&all](const promql::Expr& node) {
      if (const auto* vector = node.as<promql::VectorSelector>())
        all.push_back(vector->matchers);
      if (const auto* matrix = node.as<promql::MatrixSelector>())
        all.push_back(matrix->selector.matchers);
    });
  }
  return all;
}

Result<SelectRange> range_of(const Options& options, std::int64_t now_ms) {
  SelectRange range = {.min_ms = std::numeric_limits<std::int64_t>::min() / 2,
                       .max_ms = std::numeric_limits<std::int64_t>::max() / 2};
  if (!options.start.empty()) {
    const auto start = parse_time_ms(options.start, now_ms);
    if (!start) return fail(Code::kUsage, start.error().message);
    range.min_ms = *start;
  }
  if (!options.end.empty()) {
    const auto end = parse_time_ms(options.end, now_ms);
    if (!end) return fail(Code::kUsage, end.error().message);
    range.max_ms = *end;
  }
  if (range.max_ms < range.min_ms)
    return fail(Code::kUsage, "--end is before --start");
  return range;
}

// Keeps the newest, for which exemplars are looked at.
void keep_newest(std::vector<SeriesExemplars>& all, std::uint64_t limit) {
  std::vector<std::int64_t> times;
  for (const SeriesExemplars& series : all) {
    for (const store::Exemplar& one : series.exemplars)
      times.push_back(one.t_ms);
  }
  if (limit == 0 || times.size() <= limit) return;
  const auto first = times.end() - static_cast<std::ptrdiff_t>(limit);
  std::ranges::nth_element(times, first);
  auto equal =
      static_cast<std::uint64_t>(std::count(first, times.end(), *first));
  for (SeriesExemplars& series : all) {
    std::erase_if(series.exemplars, [&](const store::Exemplar& one) {
      if (one.t_ms != *first) return one.t_ms < *first;
      if (equal == 0) return true;
      --equal;
      return false;
    });
  }
  std::erase_if(all, [](const SeriesExemplars& series) {
    return series.exemplars.empty();
  });
}

Result<std::vector<SeriesExemplars>> read(const Options& options,
                                          std::int64_t now_ms) {
  auto selectors = selectors_of(options.words);
  if (!selectors) return fail(std::move(selectors).error());
  const auto range = range_of(options, now_ms);
  if (!range) return fail(range.error());
  std::vector<std::string> stores = options.inputs.stores;
  if (stores.empty()) stores.push_back(default_store());
  std::vector<SeriesExemplars> all;
  for (const std::string& path : stores) {
    const auto view = store::View::open(path);
    if (!view) return fail(view.error());
    auto found = exemplars(**view, *selectors, *range);
    if (!found) return fail(std::move(found).error());
    std::ranges::move(*found, std::back_inserter(all));
  }
  std::ranges::stable_sort(all, {}, &SeriesExemplars::series);
  keep_newest(all, options.limit);
  return all;
}

void write_labels(const Labels& labels, JsonWriter& json) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

void write_as_json(const std::vector<SeriesExemplars>& all, os::Output& out) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("status").string("success").key("data");
  json.begin_array();
  for (const SeriesExemplars& series : all) {
    json.begin_object().key("seriesLabels");
    write_labels(series.series, json);
    json.key("exemplars").begin_array();
    for (const store::Exemplar& one : series.exemplars) {
      json.begin_object().key("labels");
      write_labels(one.labels, json);
      json.key("value").sample_value(one.value);
      json.key("timestamp").time_ms(one.t_ms);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  out.write(text + "\n");
}

void write_as_table(const std::vector<SeriesExemplars>& all, cli::Io& io) {
  cli::Table table({{.title = "TIME"},
                    {.title = "SERIES"},
                    {.title = "VALUE", .align = cli::Table::Align::kRight},
                    {.title = "EXEMPLAR"}});
  for (const SeriesExemplars& series : all) {
    for (const store::Exemplar& one : series.exemplars) {
      table.add({format_rfc3339(one.t_ms), series.series.to_string(),
                 format_float(one.value), one.labels.to_string()});
    }
  }
  if (table.rows() == 0) return;
  const int columns =
      io.out_is_terminal ? os::terminal_columns(io.out.fd()) : 0;
  table.write(io.out, static_cast<std::size_t>(columns), io.color);
}

cli::Exit run(const Options& options, cli::Io& io) {
  const auto found = read(options, io.clock.wall_ms());
  if (!found) {
    if (options.output == "json") {
      write_json_error(found.error(), io.out);
      io.out.write("\n");
    } else {
      io.complain(found.error().message);
    }
    return cli::exit_for(found.error().code);
  }
  if (options.output == "json") {
    write_as_json(*found, io.out);
  } else {
    write_as_table(*found, io);
  }
  return cli::Exit::kOk;
}

std::vector<cli::Flag> flags(Options& o) {
  const auto output = [&o](std::string_view text) -> Status {
    if (text != "table" && text != "json")
      return fail(Code::kUsage, "the output is table or json");
    o.output = text;
    return {};
  };
  return {{.name = "storage",
           .short_name = "S",
           .value = "DIR",
           .help = "a store (default: $PROM_STORE, else ./prom-data); several "
                   "are read one after the other",
           .set = cli::into_texts(o.inputs.stores)},
          {.name = "start",
           .value = "T",
           .help = "none before T (default: all)",
           .set = cli::into_text(o.start)},
          {.name = "end",
           .value = "T",
           .help = "none after T (default: all)",
           .set = cli::into_text(o.end)},
          {.name = "limit",
           .value = "N",
           .help = "only the newest N (default: 0, all)",
           .set = cli::into_count(o.limit)},
          {.name = "output",
           .short_name = "o",
           .value = "FORMAT",
           .help = "table or json (default: table)",
           .set = output}};
}

}  // namespace

cli::Command exemplars_command() {
  auto options = std::make_shared<Options>();
  return {.name = "exemplars",
          .summary = "lists exemplars of series in a store",
          .flags = flags(*options),
          .positionals = {{.name = "SELECTOR",
                           .help = "of the series that match one of these; of "
                                   "an expression, all of its selectors",
                           .set = cli::into_texts(options->words),
                           .count_min = 1,
                           .count_max = cli::kMany,
                           .complete = expression_completer(options->inputs)}},
          .run = [options](cli::Io& io) { return run(*options, io); }};
}

}  // namespace prom::query
