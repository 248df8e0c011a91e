#include "libprom/scrape/convert_command.h"

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "libprom/base/suggest.h"
#include "libprom/exposition/convert.h"
#include "libprom/scrape/exposition_input.h"

namespace prom::scrape {
namespace {

using cli::Exit;
using exposition::Format;

struct Options {
  std::string input = "-";
  std::string from;
  std::string to = "openmetrics";
};

constexpr std::array<std::pair<std::string_view, Format>, 3> kFormats = {{
    {"text", Format::kText},
    {"openmetrics", Format::kOpenMetrics},
    {"samples", Format::kPipe},
}};

Result<Format> format_called(const std::string& word) {
  for (const auto& [name, format] : kFormats)
    if (name == word) return format;
  std::vector<std::string> names;
  names.reserve(kFormats.size());
  for (const auto& [name, format] : kFormats) names.emplace_back(name);
  return fail(Code::kUsage, "there is no format " + word +
                                did_you_mean(word, names) +
                                "; text, openmetrics or samples");
}

Status run_convert(const Options& options, cli::Io& io) {
  const auto to = format_called(options.to);
  if (!to) return fail(to.error());
  std::optional<Format> from;
  if (!options.from.empty()) {
    const auto named = format_called(options.from);
    if (!named) return fail(named.error());
    from = *named;
  }
  const auto input = read_exposition(options.input, io);
  if (!input) return fail(input.error());
  const auto text = exposition::convert(
      input->body, from.value_or(input->format), *to, io.clock.wall_ms());
  if (!text) return fail(text.error());
  io.out.write(*text);
  return {};
}

}  // namespace

cli::Command convert_subcommand() {
  const auto options = std::make_shared<Options>();
  return {
      .name = "convert",
      .summary = "turn one exposition format into another",
      .description =
          "Reads metrics in the text format, OpenMetrics or the format of our "
          "own pipes and writes them in another of these.",
      .flags = {{.name = "from",
                 .value = "FORMAT",
                 .help = "text, openmetrics or samples (default: found out).",
                 .set = cli::into_text(options->from)},
                {.name = "to",
                 .value = "FORMAT",
                 .help = "text, openmetrics or samples (default openmetrics).",
                 .set = cli::into_text(options->to)}},
      .positionals = {{.name = "INPUT",
                       .help = "a URL, a file, or - (default)",
                       .set = cli::into_text(options->input)}},
      .examples = {{"prom-scrape convert --to text "
                    "http://localhost:9100/metrics",
                    "what an old reader understands"}},
      .run = [options](cli::Io& io) {
        const Status done = run_convert(*options, io);
        if (done) return Exit::kOk;
        io.complain(done.error().message);
        return cli::exit_for(done.error().code);
      }};
}

}  // namespace prom::scrape
