#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"
#include "libprom/cli/progress.h"
#include "libprom/os/retry.h"
#include "libprom/store/backup.h"
#include "libprom/store/compression.h"
#include "libprom/store/ctl.h"
#include "libprom/store/default_store.h"
#include "libprom/store/interrupt.h"
#include "libprom/store/manifest.h"
#include "libprom/store/report.h"
#include "libprom/store/unfinished.h"

namespace prom::store {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;
constexpr std::size_t kDamageShown = 20;
constexpr std::string_view kMark = ".part-";
constexpr int kLevels = 3;  // of directories in a store

std::unexpected<Error> broken(std::string what) {
  return fail(Code::kBadData, "not a whole backup: " + std::move(what));
}

bool is_hex16(std::string_view text) {
  return text.size() == 16 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The only paths that a backup has: nothing else is ever written.
bool is_path_of_store(std::string_view path) {
  if (path == "manifest") return true;
  if (path.starts_with("blocks/"))
    return block::Ulid::parse(path.substr(7)).has_value();
  if (!path.starts_with("head/") || !is_hex16(path.substr(5, 16))) return false;
  std::string_view file = path.substr(21);
  for (const std::string_view stream : {"/log.", "/index."}) {
    if (file.starts_with(stream)) return is_hex16(file.substr(stream.size()));
  }
  return false;
}

// The words of a line that begins with `kind`.
class LineWords {
 public:
  explicit LineWords(std::string_view line) : rest_(line) {}
  bool take(std::string_view kind) {
    if (!rest_.starts_with(kind)) return false;
    rest_.remove_prefix(kind.size());
    return true;
  }
  template <typename T>
  bool number(T& into, int base = 10) {
    const char* const last = rest_.data() + rest_.size();
    const auto [end, error] = std::from_chars(rest_.data(), last, into, base);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return rest_.empty() || take(" ");
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// The stream, decompressed: lines and bytes between them.
class BackupStream {
 public:
  BackupStream(int fd, int stop_fd) : input_(fd, stop_fd) {}

  Result<std::string> line() {
    while (true) {
      const std::size_t newline = buffer_.find('\n', at_);
      if (newline != std::string::npos && newline - at_ <= kBackupLineMax) {
        std::string text = buffer_.substr(at_, newline - at_);
        at_ = newline + 1;
        return text;
      }
      if (buffer_.size() - at_ > kBackupLineMax) return broken("a long line");
      const auto more = fill();
      if (!more) return fail(more.error());
      if (!*more) return broken("it is cut");
    }
  }

  // Up to `max` bytes that come next; at least one.
  Result<std::string_view> bytes(std::uint64_t max) {
    if (at_ == buffer_.size()) {
      const auto more = fill();
      if (!more) return fail(more.error());
      if (!*more) return broken("it is cut");
    }
    const auto n = static_cast<std::size_t>(
        std::min<std::uint64_t>(max, buffer_.size() - at_));
    at_ += n;
    return std::string_view(buffer_).substr(at_ - n, n);
  }

  Result<bool> at_end() {
    if (at_ < buffer_.size()) return false;
    const auto more = fill();
    if (!more) return fail(more.error());
    return !*more;
  }

  [[nodiscard]] std::uint64_t stored_bytes() const {
    return input_.stored_bytes();
  }

 private:
  Result<bool> fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t have = buffer_.size();
    buffer_.resize(have + kPieceBytes);
    const auto n = input_.read(std::span(buffer_).subspan(have));
    buffer_.resize(have + n.value_or(0));
    if (!n) return fail(n.error());
    return *n > 0;
  }

  CompressedInput input_;
  std::string buffer_;
  std::size_t at_ = 0;
};

// Puts the files of a stream into a directory of its own.
class Restore {
 public:
  Restore(os::FileSystem& files, std::string directory, int fd,
          cli::Progress& progress, Interrupt& interrupt)
      : files_(files),
        directory_(std::move(directory)),
        stream_(fd, interrupt.fd()),
        progress_(progress),
        interrupt_(interrupt) {}

  Status run() {
    const auto magic = stream_.line();
    if (!magic) return fail(magic.error());
    if (*magic + "\n" != kBackupMagic) return broken("no such first line");
    while (true) {
      const auto line = stream_.line();
      if (!line) return fail(line.error());
      LineWords words(*line);
      if (words.take("end ")) return end(words);
      Status done = words.take("generation ") ? generation(words)
                    : words.take("file ")     ? file(words)
                                              : broken("an unknown line");
      if (!done) return done;
    }
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t file_count() const { return file_count_; }

 private:
  Status end(LineWords words) {
    std::uint64_t file_count = 0;
    std::uint64_t bytes = 0;
    if (!words.number(file_count) || !words.number(bytes) ||
        file_count != file_count_ || bytes != bytes_)
      return broken("files are missing");
    const auto ended = stream_.at_end();
    if (!ended) return fail(ended.error());
    if (!*ended) return broken("something follows its end");
    if (!has_first_) {
      // It is the mark of a store, even when its generation is in blocks.
      Status made = Ctl::create(files_, directory_, kFirstGeneration, store_id_,
                                created_ms_);
      if (!made) return made;
    }
    for (const std::string& made : directories_) {
      if (Status done = files_.sync_directory(made); !done) return done;
    }
    return files_.sync_directory(directory_);
  }

  Status generation(LineWords words) {
    std::uint64_t number = 0;
    Position log_end = 0;
    if (!words.number(number) || !words.number(store_id_) ||
        !words.number(created_ms_) || !words.number(log_end) || number == 0 ||
        log_end < kFirstPosition || log_end % 8 != 0)
      return broken("a bad generation");
    const std::string path = head_path(directory_, number);
    if (Status made = make_directory(path); !made) return made;
    Status made =
        Ctl::create(files_, directory_, number, store_id_, created_ms_);
    if (!made) return made;
    auto ctl =
        Ctl::open(directory_, number, os::MappedFile::Access::kReadWrite);
    if (!ctl) return fail(ctl.error());
    // Of no boot: who opens it goes by what was synced, which all of it is.
    (*ctl)->set_synced(log_end);
    (*ctl)->publish(log_end);
    has_first_ = has_first_ || number == kFirstGeneration;
    return {};
  }

  Status file(LineWords words) {
    std::uint64_t size = 0;
    std::uint64_t reserve = 0;
    if (!words.number(size) || !words.number(reserve) || reserve < size)
      return broken("a bad file");
    const std::string_view path = words.rest();
    if (!is_path_of_store(path)) return broken("a path that no store has");
    const std::string whole = directory_ + "/" + std::string(path);
    Status made = make_directory(os::parent_directory(whole));
    if (!made) return made;
    auto file = files_.open(whole, os::OpenMode::kCreate);
    if (!file) return fail(file.error());
    if (reserve > size) {
      if (Status kept = (*file)->preallocate(reserve); !kept) return kept;
    }
    if (Status copied = copy(**file, size); !copied) return copied;
    ++file_count_;
    return (*file)->sync();
  }

  Status copy(os::File& file, std::uint64_t size) {
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < size;) {
      if (interrupt_.asked())
        return fail(Code::kCancelled, "interrupted; nothing was restored");
      const auto piece = stream_.bytes(size - at);
      if (!piece) return fail(piece.error());
      crc = crc32c(*piece, crc);
      Status done = file.write_at(at, as_bytes(*piece));
      if (!done) return done;
      at += piece->size();
      bytes_ += piece->size();
      progress_.show(stream_.stored_bytes());
    }
    const auto line = stream_.line();
    if (!line) return fail(line.error());
    LineWords words(*line);
    std::uint32_t expected = 0;
    if (!words.take("crc ") || !words.number(expected, 16) || expected != crc)
      return broken(file.path() + ": bad crc");
    return {};
  }

  Status make_directory(const std::string& path) {
    if (std::ranges::find(directories_, path) != directories_.end()) return {};
    if (path != directory_) directories_.push_back(path);
    return os::make_directories(files_, path);
  }

  os::FileSystem& files_;
  const std::string directory_;
  BackupStream stream_;
  cli::Progress& progress_;
  Interrupt& interrupt_;
  std::vector<std::string> directories_;
  std::uint64_t store_id_ = 0;
  std::int64_t created_ms_ = 0;
  bool has_first_ = false;
  std::uint64_t file_count_ = 0;
  std::uint64_t bytes_ = 0;
};

Status check_target(os::FileSystem& files, const std::string& store) {
  const auto entries = files.list(store);
  if (!entries && entries.error().code == Code::kMissing) return {};
  if (!entries) return fail(entries.error());
  if (!entries->empty())
    return fail(Code::kUsage, store + " is not empty; restore into a new one");
  return {};
}

// What is damaged in the restored store, which is then as the source was.
Result<std::size_t> verify_restored(const std::string& store,
                                    const cli::Io& io) {
  const auto checked = verify_store(store);
  if (!checked) return fail(checked.error());
  const VerifyReport& report = *checked;
  for (std::size_t i = 0; i < std::min(report.damage.size(), kDamageShown); ++i)
    io.complain("damaged: " + report.damage[i]);
  if (report.damage.size() > kDamageShown)
    io.complain(fmt::format("{} more", report.damage.size() - kDamageShown));
  return report.damage.size();
}

Result<std::size_t> restore(const RestoreOptions& options,
                            os::FileSystem& files, cli::Io& io) {
  Interrupt interrupt;
  if (Status good = check_target(files, options.store); !good)
    return fail(good.error());
  os::Fd opened;
  std::uint64_t total = 0;
  if (options.in != "-") {
    opened = os::Fd(os::retried(
        [&] { return ::open(options.in.c_str(), O_RDONLY | O_CLOEXEC); }));
    if (!opened.valid())
      return fail(os::system_error("open " + options.in, errno));
    const auto info = os::file_info(options.in);
    if (info) total = info->size;
  }
  std::string target = options.store;
  while (target.size() > 1 && target.ends_with('/')) target.pop_back();
  const std::string part = unfinished_name(target, kMark);
  remove_unfinished(files, target, kMark);
  cli::Progress progress(io.err, io.clock, "restore", total);
  Restore work(files, part, opened.valid() ? opened.get() : io.in_fd, progress,
               interrupt);
  Status done = os::make_directories(files, part);
  if (done) done = work.run();
  Result<std::size_t> damaged = 0;
  if (done) {
    progress.clear();
    damaged = verify_restored(part, io);
    if (!damaged) done = fail(damaged.error());
  }
  if (done) done = files.rename(part, target);
  if (done) done = files.sync_directory(os::parent_directory(target));
  if (!done) {
    remove_tree(files, part, kLevels);
    return fail(done.error());
  }
  io.complain(fmt::format("restored {} in {} files",
                          cli::format_bytes(work.bytes()), work.file_count()));
  return damaged;
}

}  // namespace

cli::Exit run_restore(const RestoreOptions& options, os::FileSystem& files,
                      cli::Io& io) {
  const auto damaged = restore(options, files, io);
  if (damaged) return *damaged == 0 ? cli::Exit::kOk : cli::Exit::kNo;
  io.complain(damaged.error().message);
  return cli::exit_for(damaged.error().code);
}

cli::Command restore_command() {
  const auto options = std::make_shared<RestoreOptions>();
  return {.name = "restore",
          .summary = "make a store of a backup",
          .description =
              "The store must not be there yet, or be an empty directory. "
              "Everything is checked; a backup that is cut or damaged leaves "
              "nothing behind.",
          .flags = {store_flag(options->store)},
          .positionals = {{.name = "IN",
                           .help = "A backup, or - for standard input, the "
                                   "default.",
                           .set = cli::into_text(options->in)}},
          .examples = {{.line = "prom-store restore -S new-data "
                                "/backup/prom-data.lz4",
                        .what = "from a file"}},
          .run = [options](cli::Io& io) {
            RestoreOptions resolved = *options;
            if (resolved.store.empty()) resolved.store = default_store();
            if (resolved.in == "-" && io.in_is_terminal) {
              io.complain("nothing on standard input; name a backup as IN");
              return cli::Exit::kUsage;
            }
            return run_restore(resolved, os::real_file_system(), io);
          }};
}

}  // namespace prom::store
