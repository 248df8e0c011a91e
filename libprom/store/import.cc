#include "libprom/store/import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "libprom/cli/progress.h"
#include "libprom/os/retry.h"
#include "libprom/store/compression.h"
#include "libprom/store/default_store.h"
#include "libprom/store/import_sorter.h"
#include "libprom/store/import_target.h"
#include "libprom/store/import_tsdb.h"
#include "libprom/store/interrupt.h"

namespace prom::store {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;
constexpr std::size_t kTailBytes = 16;

// What the text inputs have in common.
struct Import {
  const ImportOptions& options;
  os::FileSystem& files;
  cli::Io& io;
  Interrupt interrupt = {};
  ImportErrors errors = {};
  ImportCounts counts = {};
  cli::Progress progress;
};

Status interrupted() {
  return fail(Code::kCancelled, "interrupted; nothing was imported");
}

bool is_directory(const std::string& path) {
  const auto info = os::file_info(path);
  return info && info->is_directory;
}

// Sorting files beside the store if it is there, else where it will be.
std::string spill_directory(const std::string& store) {
  return is_directory(store) ? store : os::parent_directory(store);
}

std::uint64_t total_bytes(const std::vector<std::string>& paths) {
  std::uint64_t total = 0;
  for (const std::string& path : paths) {
    const auto info = os::file_info(path);
    if (path == "-" || !info) return 0;
    if (!info->is_directory) total += info->size;
  }
  return total;
}

// A file that can be looked at before it is read says by its end whether it is
// OpenMetrics.
bool ends_as_open_metrics(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  char tail[kTailBytes];
  off_t at = std::max<off_t>(0, info.st_size - static_cast<off_t>(sizeof tail));
  std::size_t got = 0;
  while (at < info.st_size && got < sizeof tail) {
    const ssize_t n = os::retried(
        [&] { return ::pread(fd, tail + got, sizeof tail - got, at); });
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
    at += n;
  }
  std::string_view text(tail, got);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text.ends_with("\n# EOF") || text == "# EOF";
}

// One input from its first byte to its last.
class TextImport {
 public:
  TextImport(Import& import, ImportSorter& sorter, std::string path, int fd,
             std::uint64_t& done_bytes)
      : import_(import),
        sorter_(sorter),
        path_(std::move(path)),
        fd_(fd),
        input_(fd, import.interrupt.fd()),
        done_bytes_(done_bytes) {}

  Status run() {
    bool end = false;
    while (!end) {
      if (import_.interrupt.asked()) return interrupted();
      const std::size_t have = bytes_.size();
      bytes_.resize(have + kReadBytes);
      const auto got = input_.read(std::span(bytes_).subspan(have, kReadBytes));
      bytes_.resize(have + got.value_or(0));
      if (!got && got.error().code == Code::kCancelled) return interrupted();
      if (!got) return fail(Error(got.error()).in(path_));
      end = *got == 0;
      // What is guessed needs something to look at.
      if (!reader_ && !end && bytes_.size() < 4096) continue;
      if (!reader_) choose_reader();
      if (Status taken = take(end); !taken) return taken;
      import_.progress.show(done_bytes_ + input_.stored_bytes(),
                            cli::format_count(sorter_.samples()) + " samples");
    }
    done_bytes_ += input_.stored_bytes();
    return {};
  }

 private:
  void choose_reader() {
    ImportFormat format = import_.options.format;
    const bool guessed = format == ImportFormat::kAuto;
    if (guessed) format = guess_format(bytes_);
    if (guessed && format == ImportFormat::kText &&
        input_.compression() == Compression::kPlain &&
        ends_as_open_metrics(fd_))
      format = ImportFormat::kOpenMetrics;
    reader_ =
        make_import_reader(format, guessed, path_, sorter_, import_.errors);
  }

  Status take(bool end) {
    const auto taken = reader_->take(bytes_, end);
    if (!taken) return fail(taken.error());
    bytes_.erase(0, *taken);
    if (bytes_.size() > kImportRecordBytesMax)
      return fail(Code::kLimit, path_ + ": a line of more than 64 MiB");
    return {};
  }

  Import& import_;
  ImportSorter& sorter_;
  const std::string path_;
  const int fd_;
  CompressedInput input_;
  std::uint64_t& done_bytes_;
  std::string bytes_;
  std::unique_ptr<ImportReader> reader_;
};

// Whether what was read may be imported.
Status check_errors(const Import& import) {
  const ImportErrors& errors = import.errors;
  if (errors.count() == 0) return {};
  for (const std::string& one : errors.first()) import.io.complain(one);
  if (errors.count() > errors.first().size())
    import.io.complain(
        fmt::format("{} more", errors.count() - errors.first().size()));
  if (import.options.skip_bad) return {};
  return fail(Code::kBadData,
              fmt::format("{} error{}; nothing was imported "
                          "(--skip-bad imports the rest)",
                          errors.count(), errors.count() == 1 ? "" : "s"));
}

void add_counts(ImportCounts& into, const ImportCounts& from) {
  into.samples += from.samples;
  into.blocks += from.blocks;
  into.duplicates.repeated += from.duplicates.repeated;
  into.duplicates.refused += from.duplicates.refused;
}

Status build(Import& import, const ImportSorter& sorter) {
  auto target =
      ImportTarget::open(import.options.store, import.files, import.io.clock);
  if (!target) return fail(target.error());
  import.progress.begin("write blocks", sorter.samples(),
                        cli::Progress::Unit::kCount);
  const std::vector<ImportSlot> slots = sorter.slots();
  std::uint64_t before = 0;
  std::uint64_t in_block = 0;
  for (const ImportSlot& slot : slots) {
    auto series = sorter.open(slot, (*target)->counts().duplicates);
    if (!series) return fail(series.error());
    // The last word on a family counts, so one block is enough.
    const bool last = &slot == &slots.back();
    const Status added = (*target)->add_block(
        slot, **series, last ? sorter.metadata() : ImportTarget::Families(),
        sorter.exemplars(), [&](std::uint64_t read) {
          in_block = read;
          import.progress.show(before + read);
          return !import.interrupt.asked();
        });
    if (!added) return added;
    before += in_block;
  }
  if (Status done = (*target)->publish(); !done) return done;
  add_counts(import.counts, (*target)->counts());
  return {};
}

Status import_text(Import& import, const std::vector<std::string>& paths) {
  ImportSorter sorter(import.files, spill_directory(import.options.store),
                      import.options.memory_bytes);
  import.progress.begin("read", total_bytes(paths),
                        cli::Progress::Unit::kBytes);
  std::uint64_t done_bytes = 0;
  for (const std::string& path : paths) {
    os::Fd opened;
    if (path != "-") {
      opened = os::Fd(os::retried(
          [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
      if (!opened.valid()) return fail(os::system_error("open " + path, errno));
    }
    const int fd = path == "-" ? import.io.in_fd : opened.get();
    const std::string name = path == "-" ? "stdin" : path;
    Status read = TextImport(import, sorter, name, fd, done_bytes).run();
    if (!read) return read;
  }
  if (Status done = sorter.finish(); !done) return done;
  import.progress.clear();
  if (Status good = check_errors(import); !good) return good;
  if (sorter.samples() == 0) return {};
  return build(import, sorter);
}

Status import_tsdb(Import& import, const std::string& path) {
  auto input = TsdbInput::open(path, import.errors);
  if (!input) return fail(input.error());
  auto target =
      ImportTarget::open(import.options.store, import.files, import.io.clock);
  if (!target) return fail(target.error());
  const auto slots = (*input)->slots();
  import.progress.begin("import " + path, 0, cli::Progress::Unit::kCount);
  std::uint64_t before = 0;
  std::uint64_t in_block = 0;
  for (const ImportSlot& slot : slots) {
    auto series = (*input)->open_slot(slot);
    if (!series) return fail(series.error());
    const Status added = (*target)->add_block(
        slot, **series, (*input)->metadata(), {}, [&](std::uint64_t read) {
          in_block = read;
          import.progress.show(before + read, "samples");
          return !import.interrupt.asked();
        });
    if (!added) return added;
    before += in_block;
  }
  import.progress.clear();
  if (Status good = check_errors(import); !good) return good;
  if (Status done = (*target)->publish(); !done) return done;
  add_counts(import.counts, (*target)->counts());
  return {};
}

Status import_all(Import& import) {
  const ImportOptions& options = import.options;
  std::vector<std::string> texts;
  std::vector<std::string> directories;
  for (const std::string& path : options.paths) {
    const bool directory = path != "-" && is_directory(path);
    if (directory != (options.format == ImportFormat::kTsdb) &&
        options.format != ImportFormat::kAuto)
      return fail(Code::kUsage,
                  path + (directory ? ": a directory is --format tsdb"
                                    : ": tsdb is a directory"));
    (directory ? directories : texts).push_back(path);
  }
  if (!texts.empty()) {
    if (Status done = import_text(import, texts); !done) return done;
  }
  for (const std::string& directory : directories) {
    import.errors = {};
    if (Status done = import_tsdb(import, directory); !done) return done;
  }
  return {};
}

std::string summary(const ImportCounts& counts) {
  std::string text = fmt::format("imported {} samples into {} blocks",
                                 counts.samples, counts.blocks);
  if (counts.duplicates.repeated > 0)
    text += fmt::format("; {} were there already", counts.duplicates.repeated);
  if (counts.duplicates.refused > 0)
    text += fmt::format("; {} refused: another value was there already",
                        counts.duplicates.refused);
  return text;
}

}  // namespace

cli::Exit run_import(const ImportOptions& options, os::FileSystem& files,
                     cli::Io& io) {
  Import import{.options = options,
                .files = files,
                .io = io,
                .progress = cli::Progress(io.err, io.clock, "read", 0)};
  const Status done = import_all(import);
  import.progress.clear();
  if (!done) {
    io.complain(done.error().message);
    return cli::exit_for(done.error().code);
  }
  io.complain(summary(import.counts));
  return cli::Exit::kOk;
}

cli::Command import_command() {
  const auto options = std::make_shared<ImportOptions>();
  return {
      .name = "import",
      .summary = "take in other formats and Prometheus' own data",
      .description =
          "Makes blocks of OpenMetrics, Prometheus text with timestamps, JSON "
          "lines, CSV, or a Prometheus data directory. Inputs may be gzip, "
          "LZ4 or Zstandard. Samples that the store has already are left "
          "alone, so an import can be run again.",
      .flags = {store_flag(options->store),
                {.name = "format",
                 .value = "F",
                 .help = "openmetrics, text, jsonl, csv or tsdb; default auto, "
                         "which tells them apart by content.",
                 .set = [options](std::string_view text) -> Status {
                   const auto format = parse_import_format(text);
                   if (!format) return fail(format.error());
                   options->format = *format;
                   return {};
                 }},
                {.name = "memory",
                 .value = "SIZE",
                 .help = "Memory for sorting, beyond which a temporary file is "
                         "used; default 128MB.",
                 .set = cli::into_size(options->memory_bytes)},
                {.name = "skip-bad",
                 .help = "Import the rest of an input that has errors.",
                 .set = cli::into_switch(options->skip_bad)}},
      .positionals = {{.name = "PATH",
                       .help = "A file, a Prometheus directory, or - for "
                               "standard input.",
                       .set = cli::into_texts(options->paths),
                       .count_max = cli::kMany}},
      .examples = {{.line = "prom-store import /var/lib/prometheus/metrics2",
                    .what = "bring everything along from Prometheus"},
                   {.line = "curl -s 'http://vm:8428/api/v1/export?match[]=up' "
                            "| prom-store import --format jsonl -",
                    .what = "from VictoriaMetrics"}},
      .run = [options](cli::Io& io) {
        ImportOptions resolved = *options;
        if (resolved.store.empty()) resolved.store = default_store();
        if (resolved.paths.empty()) resolved.paths = {"-"};
        if (resolved.paths == std::vector<std::string>{"-"} &&
            io.in_is_terminal) {
          io.complain("nothing on standard input; name a PATH, or see --help");
          return cli::Exit::kUsage;
        }
        return run_import(resolved, os::real_file_system(), io);
      }};
}

}  // namespace prom::store
