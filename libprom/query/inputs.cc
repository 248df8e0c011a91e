#include "libprom/query/inputs.h"

#include <sys/stat.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "libprom/config/load.h"
#include "libprom/os/file.h"
#include "libprom/query/merged_source.h"
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

bool is_standard_input(const std::string& file) {
  return file == "-";
}

Result<std::unique_ptr<MemorySource>> read_files(
    const std::vector<std::string>& files, const cli::Io& io) {
  auto memory = std::make_unique<MemorySource>();
  for (const std::string& file : files) {
    const Result<std::string> content = os::read_file(file, kTextBytesMax);
    if (!content) return fail(content.error());
    const std::string name = is_standard_input(file) ? "standard input" : file;
    Status added = add_file(name, *content, io, *memory);
    if (!added) return fail(std::move(added).error());
  }
  return memory;
}

// Null when the pipe holds nothing.
Result<std::unique_ptr<MemorySource>> read_pipe(const cli::Io& io) {
  const Result<std::string> content = os::read_all(io.in_fd, kTextBytesMax);
  if (!content) return fail(content.error());
  if (content->empty()) return nullptr;
  auto memory = std::make_unique<MemorySource>();
  Status added = add_file("standard input", *content, io, *memory);
  if (!added) return fail(std::move(added).error());
  return memory;
}

Result<std::unique_ptr<Source>> open_store(const std::string& path) {
  auto store = StoreSource::open(path);
  if (!store && store.error().code == Code::kMissing) {
    return fail(Code::kMissing,
                "no store at " + path +
                    "; name one with -S or $PROM_STORE, or give a file or a "
                    "pipe to read");
  }
  if (!store) return fail(store.error());
  return std::move(*store);
}

Result<config::HttpClientConfig> http_config(const InputOptions& options) {
  if (options.http_config.empty()) return config::HttpClientConfig();
  auto loaded = config::load_http_client(options.http_config);
  if (!loaded) return fail(config::to_error(loaded.error()));
  return std::move(*loaded);
}

// Collects what is named and makes one source of it.
class Collector {
 public:
  Status add_stores(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      auto store = open_store(path);
      if (!store) return fail(std::move(store).error());
      sources_.push_back(std::move(*store));
    }
    return {};
  }

  Status add_tsdbs(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      auto tsdb = TsdbSource::open(path);
      if (!tsdb) return fail(std::move(tsdb).error());
      if ((*tsdb)->has_samples()) newest_ms_ = (*tsdb)->newest_ms();
      sources_.push_back(std::move(*tsdb));
    }
    return {};
  }

  Status add_servers(const InputOptions& options) {
    const auto http = http_config(options);
    if (!http) return fail(http.error());
    for (const std::string& url : options.urls) {
      auto remote = RemoteSource::open(url, *http, options.timeout_ms);
      if (!remote) return fail(std::move(remote).error());
      inputs_.remote = remote->get();
      sources_.push_back(std::move(*remote));
    }
    return {};
  }

  void add_memory(std::unique_ptr<MemorySource> memory) {
    inputs_.memory = memory.get();
    if (memory->sample_count() != 0) newest_ms_ = memory->span().max_ms;
    sources_.push_back(std::move(memory));
  }

  Inputs finish(std::int64_t wall_ms) {
    inputs_.now_ms = wall_ms;
    if (sources_.size() == 1) {
      inputs_.now_ms = newest_ms_.value_or(wall_ms);
      inputs_.source = std::move(sources_.front());
    } else {
      inputs_.memory = nullptr;
      inputs_.remote = nullptr;
      inputs_.source = std::make_unique<MergedSource>(std::move(sources_));
    }
    return std::move(inputs_);
  }

 private:
  Inputs inputs_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::optional<std::int64_t> newest_ms_;  // of an input that may be old
};

}  // namespace

std::string default_store() {
  const char* const store = ::getenv("PROM_STORE");
  return store != nullptr && *store != '\0' ? store : "prom-data";
}

std::vector<cli::Flag> input_flags(InputOptions& options) {
  return {{.name = "storage",
           .short_name = "S",
           .value = "DIR",
           .help = "a store (default: $PROM_STORE, else ./prom-data); several "
                   "are joined",
           .set = cli::into_texts(options.stores)},
          {.name = "tsdb",
           .value = "DIR",
           .help = "the data directory of a Prometheus server, which may be "
                   "running; a snapshot, or a block",
           .set = cli::into_texts(options.tsdbs)},
          {.name = "url",
           .value = "URL",
           .help = "a server with Prometheus' HTTP API, such as "
                   "http://localhost:9090",
           .set = cli::into_texts(options.urls)},
          {.name = "http.config.file",
           .value = "FILE",
           .help = "YAML with the authorization, TLS and headers for --url",
           .set = cli::into_text(options.http_config),
           .common = false}};
}

Result<Inputs> open_inputs(const InputOptions& options, const cli::Io& io) {
  Collector collector;
  if (!options.names_any() && is_pipe(io.in_fd)) {
    auto piped = read_pipe(io);
    if (!piped) return fail(std::move(piped).error());
    if (*piped != nullptr) {
      collector.add_memory(std::move(*piped));
      return collector.finish(io.clock.wall_ms());
    }
  }
  const std::vector<std::string> stores =
      options.names_any() ? options.stores
                          : std::vector<std::string>{default_store()};
  Status added = collector.add_stores(stores);
  if (added) added = collector.add_tsdbs(options.tsdbs);
  if (added) added = collector.add_servers(options);
  if (!added) return fail(std::move(added).error());
  if (!options.files.empty()) {
    auto memory = read_files(options.files, io);
    if (!memory) return fail(std::move(memory).error());
    collector.add_memory(std::move(*memory));
  }
  return collector.finish(io.clock.wall_ms());
}

Result<QueryResult> query_instant(const Inputs& inputs,
                                  const promql::Expr& expr,
                                  std::string_view text, std::int64_t time_ms,
                                  const EngineOptions& options) {
  if (inputs.remote != nullptr)
    return inputs.remote->query(text, time_ms, options);
  return instant(*inputs.source, expr, text, time_ms, options);
}

Result<QueryResult> query_range(const Inputs& inputs, const promql::Expr& expr,
                                std::string_view text, const RangeTimes& times,
                                const EngineOptions& options) {
  if (inputs.remote != nullptr)
    return inputs.remote->query_range(text, times, options);
  return range(*inputs.source, expr, text, times, options);
}

}  // namespace prom::query
