#include <fcntl.h>

#include "libprom/alert/command_internal.h"
#include "libprom/alert/history.h"
#include "libprom/os/file.h"

namespace prom::alert {
namespace {

struct Options {
  std::string storage_path = "data";
  std::string contains;
  std::uint64_t lines = 0;
};

// Lines of the older file come first.
Result<std::vector<std::string>> read_lines(const Options& options) {
  std::vector<std::string> lines;
  const std::string path = os::join_path(options.storage_path, "history.jsonl");
  if (!os::exists(path))
    return fail(Code::kMissing, path + ": there is no history");
  for (const std::string& file : {path + ".1", path}) {
    if (!os::exists(file)) continue;
    auto text = os::read_file(file, 2 * kHistoryBytesMax);
    if (!text) return fail(std::move(text).error());
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      if (line.find(options.contains) != std::string_view::npos)
        lines.emplace_back(line);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return lines;
}

cli::Exit history(const Options& options, cli::Io& io) {
  auto lines = read_lines(options);
  if (!lines) return report(io, lines.error());
  const std::size_t skip = options.lines != 0 && lines->size() > options.lines
                               ? lines->size() - options.lines
                               : 0;
  for (std::size_t i = skip; i < lines->size(); ++i)
    io.out.write((*lines)[i] + "\n");
  return cli::Exit::kOk;
}

}  // namespace

cli::Command history_command() {
  auto options = std::make_shared<Options>();
  return {.name = "history",
          .summary = "print what was sent to whom, and how it went",
          .description =
              "One JSON line per attempt, the oldest first, as the server or "
              "`send` wrote it into its storage path.",
          .flags = {{.name = "storage.path",
                     .value = "DIR",
                     .help = "The state to read (data).",
                     .set = cli::into_text(options->storage_path)},
                    {.name = "lines",
                     .short_name = "n",
                     .value = "N",
                     .help = "Only the last ones; 0 is all (0).",
                     .set = cli::into_count(options->lines)}},
          .positionals = {{.name = "TEXT",
                           .help = "Only lines that hold this text.",
                           .set = cli::into_text(options->contains)}},
          .examples = {{"prom-alert history --storage.path data -n 20 DbDown",
                        "the latest attempts about an alert"}},
          .run = [options](cli::Io& io) { return history(*options, io); }};
}

}  // namespace prom::alert
