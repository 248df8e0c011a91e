#include "libprom/query/query_options.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "libprom/base/suggest.h"
#include "libprom/base/utf8.h"
#include "libprom/query/expression_completion.h"
#include "libprom/query/nagios.h"

namespace prom::query {
namespace {

using cli::Flag;

constexpr std::int64_t kStepsDefault = 250;
constexpr std::int64_t kWatchMsMin = 100;

std::string format_list() {
  std::string list;
  for (const OutputFormat& format : formats())
    list += (list.empty() ? "" : ", ") + std::string(format.name);
  return list;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const OutputFormat& format : formats()) names.emplace_back(format.name);
  return names;
}

std::vector<cli::Candidate> complete_format(std::string_view /*word*/,
                                            cli::Io& /*io*/) {
  std::vector<cli::Candidate> all;
  for (const OutputFormat& format : formats())
    all.push_back({std::string(format.name), std::string(format.summary)});
  return all;
}

Status set_style(std::string_view text, GraphStyle& into) {
  struct Style {
    std::string_view name;
    GraphStyle style;
  };
  constexpr std::array<Style, 4> kStyles = {{{"auto", GraphStyle::kAuto},
                                             {"braille", GraphStyle::kBraille},
                                             {"blocks", GraphStyle::kBlocks},
                                             {"ascii", GraphStyle::kAscii}}};
  for (const Style& style : kStyles) {
    if (style.name != text) continue;
    into = style.style;
    return {};
  }
  return fail(Code::kUsage, "one of auto, braille, blocks and ascii");
}

Status set_resolution(std::string_view text, Resolution& into) {
  struct Word {
    std::string_view name;
    Resolution resolution;
  };
  constexpr std::array<Word, 4> kWords = {{{"auto", Resolution::kAuto},
                                           {"raw", Resolution::kSamples},
                                           {"5m", Resolution::kFiveMinutes},
                                           {"1h", Resolution::kHours}}};
  for (const Word& word : kWords) {
    if (word.name != text) continue;
    into = word.resolution;
    return {};
  }
  return fail(Code::kUsage, "one of auto, raw, 5m and 1h");
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = ::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view text(value);
    return text.contains("UTF-8") || text.contains("utf8");
  }
  return false;
}

void append(std::vector<Flag>& flags, std::vector<Flag> more) {
  std::ranges::move(more, std::back_inserter(flags));
}

std::vector<Flag> output_flags(QueryOptions& o) {
  return {
      Flag{.name = "output",
           .short_name = "o",
           .value = "FORMAT",
           .help = format_list() +
                   " (default: on a terminal table, or graph for a range; "
                   "else plain)",
           .set = cli::into_text(o.output),
           .complete = complete_format},
      Flag{.name = "output-file",
           .short_name = "O",
           .value = "FILE",
           .help = "replace FILE in one step, instead of writing to standard "
                   "output",
           .set = cli::into_text(o.output_file)},
      Flag{.name = "template",
           .value = "TEXT",
           .help = "expand a Go template, with the functions of Prometheus' "
                   "consoles; the result's series are the dot",
           .set = cli::into_text(o.template_text)},
      Flag{.name = "style",
           .value = "STYLE",
           .help = "auto, braille, blocks or ascii, for graphs on a terminal",
           .set =
               [&o](std::string_view text) { return set_style(text, o.style); },
           .common = false,
           .complete = cli::one_of({{.text = "auto"},
                                    {.text = "braille"},
                                    {.text = "blocks"},
                                    {.text = "ascii"}})},
      Flag{.name = "name",
           .value = "NAME",
           .help = "the metric's name in expositions, where a series has none "
                   "(default: query_result)",
           .set = cli::into_text(o.metric_name),
           .common = false},
      Flag{.name = "exit-status",
           .short_name = "e",
           .help = "exit with 1 when the result is empty",
           .set = cli::into_switch(o.exit_status)},
  };
}

std::vector<Flag> repetition_flags(QueryOptions& o) {
  return {
      Flag{.name = "interactive",
           .short_name = "i",
           .help = "read expressions from the terminal, with history and "
                   "completion",
           .set = cli::into_switch(o.interactive)},
      Flag{.name = "watch",
           .short_name = "w",
           .value = "D",
           .help = "evaluate again every D",
           .set = cli::into_duration(o.watch_ms)},
      Flag{.name = "follow",
           .help = "read standard input as it comes, and evaluate again when "
                   "there is more (at most every --watch, default 2s)",
           .set = cli::into_switch(o.follow)},
      Flag{.name = "keep",
           .value = "D",
           .help = "with --follow: how much of the past to keep (default: 1h)",
           .set = cli::into_duration(o.keep_ms),
           .common = false},
      Flag{.name = "nagios",
           .help = "answer as a monitoring plugin: a line with performance "
                   "data, and exit 0, 1, 2 or 3",
           .set = cli::into_switch(o.nagios),
           .common = false},
      Flag{.name = "warning",
           .value = "RANGE",
           .help = "with --nagios: warn of values outside of RANGE, such as "
                   "10, 5:10, ~:10 or @5:10",
           .set = cli::into_text(o.warning),
           .common = false},
      Flag{.name = "critical",
           .value = "RANGE",
           .help = "the same for critical values",
           .set = cli::into_text(o.critical),
           .common = false},
  };
}

Status check_output(const QueryOptions& options) {
  if (!options.output.empty() && find_format(options.output) == nullptr) {
    return fail(Code::kUsage, "unknown output format " + quote(options.output) +
                                  did_you_mean(options.output, format_names()) +
                                  "; one of " + format_list());
  }
  if (!is_legacy_metric_name(options.metric_name))
    return fail(Code::kUsage,
                quote(options.metric_name) + " is no name of a metric");
  if (!options.template_text.empty() && !options.output.empty())
    return fail(Code::kUsage, "give one of --template and --output");
  return {};
}

}  // namespace

EngineOptions EngineFlags::engine() const {
  EngineOptions engine;
  engine.timeout_ms = timeout_ms;
  engine.lookback_ms = lookback_ms;
  engine.samples_max = static_cast<std::size_t>(samples_max);
  engine.series_max = static_cast<std::size_t>(series_max);
  engine.memory_bytes_max = static_cast<std::size_t>(memory_bytes_max);
  engine.threads = static_cast<unsigned>(threads);
  engine.resolution = resolution;
  for (const std::string& feature : features) (void)engine.enable(feature);
  return engine;
}

std::string way_around(const Error& error) {
  const auto names = [&error](std::string_view part) {
    return error.message.find(part) != std::string::npos;
  };
  if (error.code == Code::kTimeout) return "--timeout allows more time";
  if (names("exceeded maximum resolution"))
    return "a larger --step gives fewer points";
  if (error.code != Code::kLimit) return {};
  if (names("too many samples")) return "--max-samples allows more";
  if (names("MiB of memory")) return "--max-memory allows more";
  if (names("series, more than")) return "--max-series allows more";
  return {};
}

std::vector<Flag> engine_flags(EngineFlags& o) {
  const auto features = [&o](std::string_view text) -> Status {
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      o.features.emplace_back(text.substr(0, comma));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return {};
  };
  return {
      Flag{.name = "enable-feature",
           .value = "NAME,…",
           .help = "turn on experimental parts by upstream's names",
           .set = features,
           .common = false,
           .complete = cli::one_of({{.text = "promql-experimental-functions"},
                                    {.text = "promql-duration-expr"},
                                    {.text = "promql-extended-range-selectors"},
                                    {.text = "promql-binop-fill-modifiers"},
                                    {.text = "promql-delayed-name-removal"},
                                    {.text = "type-and-unit-labels"},
                                    {.text = "use-start-timestamps"}})},
      Flag{.name = "resolution",
           .value = "R",
           .help = "what of a store to read: samples (raw), statistics of "
                   "windows where there are some (5m, 1h), or samples, and "
                   "statistics where they say the same or samples are gone "
                   "(auto, the default)",
           .set =
               [&o](std::string_view text) {
                 return set_resolution(text, o.resolution);
               },
           .complete = cli::one_of({{.text = "auto"},
                                    {.text = "raw"},
                                    {.text = "5m"},
                                    {.text = "1h"}})},
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
      Flag{.name = "max-series",
           .value = "N",
           .help = "series of one selector (default: 10000000; 0: any number)",
           .set = cli::into_count(o.series_max),
           .group = "Limits",
           .common = false},
      Flag{.name = "max-memory",
           .value = "SIZE",
           .help = "memory for samples and series (default: 4GB; 0: any)",
           .set = cli::into_size(o.memory_bytes_max),
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

std::vector<Flag> time_flags(TimeFlags& o) {
  return {
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
  };
}

Status check_times(const TimeFlags& options) {
  const bool has_range = !options.start.empty() || !options.end.empty();
  if (has_range && options.start.empty())
    return fail(Code::kUsage, "--end needs --start");
  if (has_range && !options.time.empty())
    return fail(Code::kUsage,
                "--time is for instant queries, --start for "
                "ranges; give one of them");
  if (!has_range && options.step_ms != 0)
    return fail(Code::kUsage, "--step needs --start");
  return {};
}

Result<When> resolve_times(const TimeFlags& options, std::int64_t now_ms) {
  const auto time = [now_ms](const std::string& text) -> Result<std::int64_t> {
    if (text.empty()) return now_ms;
    auto parsed = parse_time_ms(text, now_ms);
    if (!parsed) parsed.error().code = Code::kUsage;
    return parsed;
  };
  When when;
  when.is_range = options.is_range();
  if (!when.is_range) {
    const Result<std::int64_t> at = time(options.time);
    if (!at) return fail(at.error());
    when.time_ms = *at;
    return when;
  }
  const Result<std::int64_t> start = time(options.start);
  const Result<std::int64_t> end = time(options.end);
  if (!start) return fail(start.error());
  if (!end) return fail(end.error());
  if (*end < *start) return fail(Code::kUsage, "--end is before --start");
  const std::int64_t coarse_s = (*end - *start) / kStepsDefault / kSecondMs;
  when.times = {.start_ms = *start,
                .end_ms = *end,
                .step_ms = options.step_ms != 0
                               ? options.step_ms
                               : std::max(coarse_s, 1L) * kSecondMs};
  return when;
}

std::vector<Flag> query_flags(QueryOptions& options) {
  std::vector<Flag> flags = input_flags(options.inputs);
  append(flags, time_flags(options.times));
  append(flags, output_flags(options));
  append(flags, repetition_flags(options));
  append(flags, engine_flags(options.engine));
  return flags;
}

cli::Completer expression_completer(const InputOptions& inputs) {
  return [&inputs](std::string_view word, cli::Io& io) {
    const Result<Inputs> opened = open_inputs(inputs, io);
    ExpressionCompletion completion =
        complete_expression(word, opened ? opened->source.get() : nullptr);
    for (cli::Candidate& one : completion.candidates)
      one.text.insert(0, word.substr(0, completion.begin));
    return std::move(completion.candidates);
  };
}

Status check_options(const QueryOptions& options) {
  Status checked = check_times(options.times);
  if (checked) checked = check_output(options);
  if (!checked) return checked;
  const bool has_thresholds =
      !options.warning.empty() || !options.critical.empty();
  if (has_thresholds && !options.nagios)
    return fail(Code::kUsage, "--warning and --critical need --nagios");
  if (options.nagios && (options.watch_ms != 0 || options.follow))
    return fail(Code::kUsage, "--nagios answers once, without --watch");
  for (const std::string* text : {&options.warning, &options.critical}) {
    if (text->empty()) continue;
    const auto threshold = Threshold::parse(*text);
    if (!threshold) return fail(threshold.error());
  }
  if (options.watch_ms != 0 && options.watch_ms < kWatchMsMin)
    return fail(Code::kUsage, "--watch is at least 100ms");
  if (options.follow &&
      (options.inputs.names_any() || options.words.size() > 1))
    return fail(Code::kUsage, "--follow reads standard input and nothing else");
  return {};
}

const OutputFormat& format_for(const std::string& name, bool is_range,
                               bool is_terminal) {
  const OutputFormat* const named = find_format(name);
  if (named != nullptr) return *named;
  if (!is_terminal) return *find_format("plain");
  return *find_format(is_range ? "graph" : "table");
}

View make_view(const cli::Io& io) {
  View view;
  view.color = io.color;
  view.utf8 = locale_is_utf8() || !io.out_is_terminal;
  if (io.out_is_terminal) {
    view.columns = static_cast<std::size_t>(os::terminal_columns(io.out.fd()));
    view.rows = static_cast<std::size_t>(os::terminal_rows(io.out.fd()));
  } else {
    view.columns = 0;
  }
  return view;
}

}  // namespace prom::query
