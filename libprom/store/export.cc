#include "libprom/store/export.h"

#include <fmt/format.h>

#include "libprom/base/duration.h"
#include "libprom/cli/progress.h"
#include "libprom/promql/parser.h"
#include "libprom/store/compression.h"
#include "libprom/store/default_store.h"
#include "libprom/store/export_series.h"
#include "libprom/store/export_tsdb.h"
#include "libprom/store/interrupt.h"
#include "libprom/store/view.h"
#include "libprom/store/whole_file.h"

namespace prom::store {
namespace {

constexpr std::uint64_t kSeriesPerLook = 64;
constexpr std::size_t kTextBytes = 256U << 10U;

struct Request {
  std::vector<Matchers> selectors;
  std::int64_t min_ms = INT64_MIN;
  std::int64_t max_ms = INT64_MAX;
};

Result<Request> resolve(const ExportOptions& options, os::Clock& clock) {
  Request request;
  for (const std::string& text : options.matches) {
    auto matchers = promql::parse_selector(text);
    if (!matchers)
      return fail(Code::kBadData,
                  "--match " + text + ": " + matchers.error().front().message);
    request.selectors.push_back(std::move(*matchers));
  }
  if (request.selectors.empty()) request.selectors.emplace_back();
  const std::int64_t now_ms = clock.wall_ms();
  const auto time_of = [&](const std::string& text, std::int64_t& into) {
    if (text.empty()) return Status();
    const auto t_ms = parse_time_ms(text, now_ms);
    if (!t_ms) return Status(fail(Code::kUsage, t_ms.error().message));
    into = *t_ms;
    return Status();
  };
  if (Status good = time_of(options.start, request.min_ms); !good)
    return fail(good.error());
  if (Status good = time_of(options.end, request.max_ms); !good)
    return fail(good.error());
  if (request.min_ms > request.max_ms)
    return fail(Code::kUsage, "--start is behind --end");
  return request;
}

void say_what_is_left_out(const LeftOut& left_out, ExportFormat format,
                          const cli::Io& io) {
  const auto say = [&](std::uint64_t count, std::string_view what) {
    if (count > 0)
      io.complain(fmt::format("warning: {} {} left out: {} cannot carry them",
                              count, what, to_string(format)));
  };
  say(left_out.histograms, "native histograms");
  say(left_out.stale_markers, "stale markers");
  say(left_out.nameless_series, "series without a name");
  say(left_out.exemplars, "exemplars");
}

Status export_text(const View& view, const Request& request,
                   const ExportOptions& options, os::FileSystem& files,
                   cli::Io& io, Interrupt& interrupt) {
  auto series = ExportSeries::open(view, request.selectors, request.min_ms,
                                   request.max_ms);
  if (!series) return fail(series.error());
  auto file = WholeFile::create(files, options.out, io.out);
  if (!file) return fail(file.error());
  CompressedOutput out((*file)->out(), compression_of_name(options.out));
  ExportContext context;
  if (options.format == ExportFormat::kCsv)
    context.label_names = (*series)->label_names();
  else
    context.metadata = view.metadata();
  const auto writer = make_export_writer(options.format, std::move(context));
  cli::Progress progress(io.err, io.clock, "export", (*series)->size(),
                         cli::Progress::Unit::kCount);
  std::string text;
  Labels labels;
  Samples samples;
  writer->begin(text);
  for (std::uint64_t n = 0;; ++n) {
    if (n % kSeriesPerLook == 0) {
      if (interrupt.asked()) return fail(Code::kCancelled, "interrupted");
      progress.show((*series)->done(), "series");
    }
    const auto more = (*series)->next(labels, samples);
    if (!more) return fail(more.error());
    if (!*more) break;
    writer->add(labels, samples.of(0), (*series)->exemplars(), text);
    if (text.size() < kTextBytes) continue;
    if (Status written = out.write(text); !written) return written;
    text.clear();
  }
  writer->finish(text);
  if (Status written = out.write(text); !written) return written;
  if (Status done = out.finish(); !done) return done;
  if (Status done = (*file)->finish(); !done) return done;
  progress.clear();
  say_what_is_left_out(writer->left_out(), options.format, io);
  return {};
}

Status export_blocks(const View& view, const Request& request,
                     const ExportOptions& options, os::FileSystem& files,
                     cli::Io& io, Interrupt& interrupt) {
  if (options.out == "-")
    return fail(Code::kUsage, "name the directory for the blocks as OUT");
  cli::Progress progress(io.err, io.clock, "export", 0,
                         cli::Progress::Unit::kCount);
  const auto done = export_tsdb(view,
                                {.directory = options.out,
                                 .selectors = request.selectors,
                                 .min_ms = request.min_ms,
                                 .max_ms = request.max_ms},
                                files, io.clock, [&](std::uint64_t samples) {
                                  progress.show(samples, "samples");
                                  return !interrupt.asked();
                                });
  if (!done) return fail(done.error());
  return {};
}

Status export_all(const ExportOptions& options, os::FileSystem& files,
                  cli::Io& io) {
  const auto request = resolve(options, io.clock);
  if (!request) return fail(request.error());
  const auto view = View::open(options.store);
  if (!view) return fail(view.error());
  Interrupt interrupt;
  Status done =
      options.format == ExportFormat::kTsdb
          ? export_blocks(**view, *request, options, files, io, interrupt)
          : export_text(**view, *request, options, files, io, interrupt);
  const std::vector<Error> damage = (*view)->damage();
  for (const Error& error : damage) io.complain("warning: " + error.message);
  if (done && !damage.empty())
    return fail(Code::kCorrupt, "what is damaged is missing in the export");
  return done;
}

}  // namespace

cli::Exit run_export(const ExportOptions& options, os::FileSystem& files,
                     cli::Io& io) {
  const Status done = export_all(options, files, io);
  if (done || io.out.reader_gone()) return cli::Exit::kOk;
  io.complain(done.error().message);
  return cli::exit_for(done.error().code);
}

cli::Command export_command() {
  const auto options = std::make_shared<ExportOptions>();
  return {
      .name = "export",
      .summary = "write samples in other formats",
      .description =
          "Writes what the store has at this moment, ordered by series. OUT is "
          "compressed if its name ends in .gz, .lz4 or .zst, and gets its name "
          "when it is whole.",
      .flags = {store_flag(options->store),
                {.name = "format",
                 .value = "F",
                 .help = "text, openmetrics, jsonl, csv, or tsdb: blocks for "
                         "Prometheus in the directory OUT; default text.",
                 .set = [options](std::string_view text) -> Status {
                   const auto format = parse_export_format(text);
                   if (!format) return fail(format.error());
                   options->format = *format;
                   return {};
                 }},
                {.name = "match",
                 .value = "SEL",
                 .help =
                     "Only series that this selector accepts; may be repeated.",
                 .set = cli::into_texts(options->matches)},
                {.name = "start",
                 .value = "T",
                 .help = "Only samples at T or later: RFC 3339, Unix seconds, "
                         "now-1h.",
                 .set = cli::into_text(options->start)},
                {.name = "end",
                 .value = "T",
                 .help = "Only samples at T or earlier.",
                 .set = cli::into_text(options->end)}},
      .positionals = {{.name = "OUT",
                       .help = "A file, a directory for tsdb, or - for "
                               "standard output, the default.",
                       .set = cli::into_text(options->out)}},
      .examples = {{.line = "prom-store export --match 'up{job=\"node\"}' "
                            "--start now-1h --format csv",
                    .what = "an hour for a spreadsheet"},
                   {.line = "prom-store export --format jsonl all.jsonl.zst",
                    .what = "everything, compressed"}},
      .run = [options](cli::Io& io) {
        ExportOptions resolved = *options;
        if (resolved.store.empty()) resolved.store = default_store();
        return run_export(resolved, os::real_file_system(), io);
      }};
}

}  // namespace prom::store
