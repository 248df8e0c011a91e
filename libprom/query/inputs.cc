#include "libprom/query/inputs.h"

#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "libprom/os/file.h"
#include "libprom/query/store_source.h"
#include "libprom/query/text_source.h"
#include "libprom/query/tsdb_source.h"

namespace prom::query {
namespace {

// A terminal and /dev/null are no input, and neither is the file that a shell
// loop reads its lines from.
bool is_pipe(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 &&
         (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

Status add_file(const std::string& name, const std::string& content,
                const cli::Io& io, MemorySource& into) {
  const Result<TextInput> added = add_text(content, io.clock.wall_ms(), into);
  if (!added) return fail(Error(added.error()).in(name));
  if (added->cut) io.complain(name + ": the stream was cut before its end");
  return {};
}

Inputs in_memory(std::unique_ptr<MemorySource> memory, const cli::Io& io) {
  Inputs inputs;
  inputs.memory = memory.get();
  inputs.now_ms =
      memory->sample_count() == 0 ? io.clock.wall_ms() : memory->span().max_ms;
  inputs.source = std::move(memory);
  return inputs;
}

Result<Inputs> open_store(const std::string& path, const cli::Io& io) {
  auto store = StoreSource::open(path);
  if (!store && store.error().code == Code::kMissing) {
    return fail(Code::kMissing,
                "no store at " + path +
                    "; name one with -S or $PROM_STORE, or give a file or a "
                    "pipe to read");
  }
  if (!store) return fail(store.error());
  Inputs inputs;
  inputs.source = std::move(*store);
  inputs.now_ms = io.clock.wall_ms();
  return inputs;
}

Result<Inputs> open_tsdb(const std::string& path, const cli::Io& io) {
  auto tsdb = TsdbSource::open(path);
  if (!tsdb) return fail(std::move(tsdb).error());
  Inputs inputs;
  inputs.now_ms =
      (*tsdb)->has_samples() ? (*tsdb)->newest_ms() : io.clock.wall_ms();
  inputs.source = std::move(*tsdb);
  return inputs;
}

}  // namespace

Result<Inputs> open_inputs(const InputOptions& options, const cli::Io& io) {
  if (!options.tsdb.empty()) return open_tsdb(options.tsdb, io);
  if (!options.files.empty()) {
    auto memory = std::make_unique<MemorySource>();
    for (const std::string& file : options.files) {
      const Result<std::string> content = os::read_file(file, kTextBytesMax);
      if (!content) return fail(content.error());
      const std::string name = file == "-" ? "standard input" : file;
      if (Status added = add_file(name, *content, io, *memory); !added)
        return fail(added.error());
    }
    return in_memory(std::move(memory), io);
  }
  if (options.store.empty() && is_pipe(io.in_fd)) {
    const Result<std::string> content = os::read_all(io.in_fd, kTextBytesMax);
    if (!content) return fail(content.error());
    if (!content->empty()) {
      auto memory = std::make_unique<MemorySource>();
      if (Status added = add_file("standard input", *content, io, *memory);
          !added) {
        return fail(added.error());
      }
      return in_memory(std::move(memory), io);
    }
  }
  if (!options.store.empty()) return open_store(options.store, io);
  const char* store = ::getenv("PROM_STORE");
  return open_store(store != nullptr && *store != '\0' ? store : "prom-data",
                    io);
}

}  // namespace prom::query
