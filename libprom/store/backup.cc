#include "libprom/store/backup.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "libprom/base/checksum.h"
#include "libprom/cli/progress.h"
#include "libprom/os/fault.h"
#include "libprom/os/map.h"
#include "libprom/store/compression.h"
#include "libprom/store/ctl.h"
#include "libprom/store/default_store.h"
#include "libprom/store/interrupt.h"
#include "libprom/store/view.h"
#include "libprom/store/whole_file.h"

namespace prom::store {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;
// How often a store may change under the hands of who opens its files.
constexpr int kAttempts = 20;

// A file that stays readable whatever becomes of its name.
struct BackupFile {
  std::string path;  // below the store
  os::MappedFile map = {};
  os::FaultGuard guard = {};
  std::uint64_t size = 0;  // of what is copied
};

struct BackupSet {
  std::shared_ptr<const View> view;
  std::vector<std::shared_ptr<Ctl>> ctls;  // of the view's heads
  std::deque<BackupFile> files;
  std::uint64_t bytes = 0;
};

Status add_file(BackupSet& set, const std::string& store,
                const std::string& path, std::uint64_t size_max) {
  BackupFile file{.path = path.substr(store.size() + 1)};
  auto map = os::MappedFile::open(path);
  if (!map) return fail(map.error());
  file.map = std::move(*map);
  file.guard = os::FaultGuard(file.map.bytes());
  file.map.advise(os::MappedFile::Advice::kSequential);
  file.size = std::min<std::uint64_t>(file.map.size(), size_max);
  set.bytes += file.size;
  set.files.push_back(std::move(file));
  return {};
}

// Of an arena, what lies before the end of the stream.
Status add_stream(BackupSet& set, const std::string& store,
                  const StreamReader& stream, Position end) {
  for (const StreamReader::ArenaInfo& arena : stream.arenas()) {
    if (arena.start >= end) continue;
    const std::uint64_t used = sizeof(ArenaHeader) + (end - arena.start);
    if (Status added = add_file(set, store, arena.path, used); !added)
      return added;
  }
  return {};
}

Result<BackupSet> open_once(const std::string& store) {
  BackupSet set;
  auto view = View::open(store);
  if (!view) return fail(view.error());
  set.view = std::move(*view);
  for (const auto& head : set.view->heads()) {
    auto ctl =
        Ctl::open(store, head->generation(), os::MappedFile::Access::kRead);
    if (!ctl) return fail(ctl.error());
    set.ctls.push_back(std::move(*ctl));
    Status added =
        add_stream(set, store, head->head().log(), head->head().log_end());
    if (added)
      added = add_stream(set, store, head->head().index(),
                         head->head().index_end());
    if (!added) return fail(added.error());
  }
  for (const ManifestBlock& block : set.view->manifest().blocks) {
    const Status added =
        add_file(set, store, block_path(store, block.id), UINT64_MAX);
    if (!added) return fail(added.error());
  }
  return set;
}

// Files that a compaction takes away between two looks are in the next view.
Result<BackupSet> open_set(const std::string& store) {
  Result<BackupSet> set = open_once(store);
  for (int i = 1; i < kAttempts && !set; ++i) {
    if (set.error().code != Code::kMissing || !os::exists(store + "/ctl"))
      break;
    set = open_once(store);
  }
  return set;
}

class Backup {
 public:
  Backup(const BackupSet& set, os::Output& out, cli::Progress& progress,
         Interrupt& interrupt)
      : set_(set),
        out_(out, Compression::kLz4),
        progress_(progress),
        interrupt_(interrupt) {}

  Status write() {
    if (Status done = out_.write(kBackupMagic); !done) return done;
    for (std::size_t i = 0; i < set_.ctls.size(); ++i) {
      const Ctl& ctl = *set_.ctls[i];
      Status done = out_.write(fmt::format(
          "generation {} {} {} {}\n", ctl.generation(), ctl.store_id(),
          ctl.created_ms(), set_.view->heads()[i]->head().log_end()));
      if (!done) return done;
    }
    const std::string manifest = format_manifest(set_.view->manifest());
    if (Status done = write_file("manifest", as_bytes(manifest),
                                 manifest.size(), nullptr);
        !done)
      return done;
    for (const BackupFile& file : set_.files) {
      Status done = write_file(file.path, file.map.bytes().first(file.size),
                               file.map.size(), &file.guard);
      if (!done) return done;
    }
    Status done =
        out_.write(fmt::format("end {} {}\n", set_.files.size() + 1, bytes_));
    return done ? out_.finish() : done;
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Status write_file(const std::string& path, Bytes bytes, std::uint64_t reserve,
                    const os::FaultGuard* guard) {
    Status done =
        out_.write(fmt::format("file {} {} {}\n", bytes.size(), reserve, path));
    std::uint32_t crc = 0;
    while (done && !bytes.empty()) {
      if (interrupt_.asked()) return fail(Code::kCancelled, "interrupted");
      const Bytes piece = bytes.first(std::min(bytes.size(), kPieceBytes));
      bytes = bytes.subspan(piece.size());
      crc = crc32c(piece, crc);
      done = out_.write(as_text(piece));
      bytes_ += piece.size();
      progress_.show(bytes_);
    }
    if (!done) return done;
    if (guard != nullptr) {
      if (const auto fault = guard->fault())
        return fail(Code::kIo,
                    path + ": unreadable at offset " + std::to_string(*fault));
    }
    return out_.write(fmt::format("crc {:08x}\n", crc));
  }

  const BackupSet& set_;
  CompressedOutput out_;
  cli::Progress& progress_;
  Interrupt& interrupt_;
  std::uint64_t bytes_ = 0;
};

Status backup(const BackupOptions& options, os::FileSystem& files,
              cli::Io& io) {
  Interrupt interrupt;
  const auto set = open_set(options.store);
  if (!set) return fail(set.error());
  auto file = WholeFile::create(files, options.out, io.out);
  if (!file) return fail(file.error());
  cli::Progress progress(io.err, io.clock, "backup", set->bytes);
  Backup writer(*set, (*file)->out(), progress, interrupt);
  if (Status done = writer.write(); !done) return done;
  if (Status done = (*file)->finish(); !done) return done;
  progress.clear();
  for (const Error& damage : set->view->damage())
    io.complain("warning: " + damage.message);
  io.complain(fmt::format("{} in {} files", cli::format_bytes(writer.bytes()),
                          set->files.size() + 1));
  return {};
}

}  // namespace

cli::Exit run_backup(const BackupOptions& options, os::FileSystem& files,
                     cli::Io& io) {
  const Status done = backup(options, files, io);
  // A backup that nobody reads to its end is none.
  if (done) return cli::Exit::kOk;
  io.complain(done.error().message);
  return cli::exit_for(done.error().code);
}

cli::Command backup_command() {
  const auto options = std::make_shared<BackupOptions>();
  return {
      .name = "backup",
      .summary = "copy the store as it is now into one file",
      .description =
          "Beside a running writer: the copy is what a reader sees at this "
          "moment. OUT gets its name when it is whole.",
      .flags = {store_flag(options->store)},
      .positionals = {{.name = "OUT",
                       .help = "A file, or - for standard output, the default.",
                       .set = cli::into_text(options->out)}},
      .examples = {{.line = "prom-store backup /backup/prom-data.lz4",
                    .what = "into a file"},
                   {.line = "prom-store backup | ssh host prom-store restore "
                            "-S prom-data",
                    .what = "to another host"}},
      .run = [options](cli::Io& io) {
        BackupOptions resolved = *options;
        if (resolved.store.empty()) resolved.store = default_store();
        if (resolved.out == "-" && io.out_is_terminal) {
          io.complain("a backup is not for a terminal; name a file as OUT");
          return cli::Exit::kUsage;
        }
        return run_backup(resolved, os::real_file_system(), io);
      }};
}

}  // namespace prom::store
