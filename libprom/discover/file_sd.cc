// file_sd_configs: files that match patterns, read again when their directory
// changes and at every interval.  A file that does not read keeps the targets
// that it had; a file that is gone takes its targets with it.
#include <optional>
#include <set>

#include "libprom/config/load.h"
#include "libprom/discover/source.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"
#include "libprom/os/watch.h"

namespace prom::discover {
namespace {

constexpr std::size_t kFilesMax = 100'000;
constexpr std::int64_t kMillisecondNs = 1'000'000;

class FileSource : public Source {
 public:
  FileSource(const config::FileSdConfig& config, Surroundings& surroundings)
      : config_(config), surroundings_(surroundings) {
    if (auto watch = os::DirectoryWatch::create()) {
      watch_.emplace(std::move(*watch));
    } else {
      os::log_warn("files with targets are only read at intervals",
                   {{"err", watch.error().message}});
    }
  }

  [[nodiscard]] std::string_view mechanism() const override { return "file"; }
  [[nodiscard]] std::int64_t due_ns() const override { return due_ns_; }
  [[nodiscard]] int fd() const override { return watch_ ? watch_->fd() : -1; }
  [[nodiscard]] bool is_settled() const override { return due_ns_ != 0; }
  [[nodiscard]] const std::string& failure() const override { return failure_; }
  // What is not matched any more goes with the first refresh.
  void adopt(const Found& before) override { replace(before); }

  void refresh() override {
    due_ns_ = surroundings_.clock.monotonic_ns() +
              config_.refresh_interval_ms * kMillisecondNs;
    // Before reading: what changes meanwhile is noticed the next time.
    if (watch_) watch_->take_events();
    failure_.clear();
    Found now;
    for (const std::string& path : matching_files()) read(path, now);
    surroundings_.metrics.refreshed(mechanism(), failure_.empty());
    replace(std::move(now));
  }

 private:
  std::set<std::string> matching_files() {
    std::set<std::string> paths;
    for (const std::string& pattern : config_.files) {
      const std::string directory = os::parent_directory(pattern);
      // A directory that is not there yet is looked for at each interval.
      if (watch_) static_cast<void>(watch_->add(directory));
      for (std::string& path : os::glob(pattern)) {
        if (paths.size() < kFilesMax) paths.insert(std::move(path));
      }
    }
    return paths;
  }

  void read(const std::string& path, Found& now) {
    auto groups = config::load_file_sd(path);
    if (groups) {
      now[path] = std::move(*groups);
      return;
    }
    const Error error = config::to_error(groups.error());
    const auto before = found().find(path);
    if (before != found().end()) now[path] = before->second;
    failure_ = error.message;
    surroundings_.metrics.file_read_failed();
    os::log_error("cannot read targets; keeping those from before",
                  {{"file", path}, {"err", error.message}});
  }

  const config::FileSdConfig config_;
  Surroundings& surroundings_;
  std::optional<os::DirectoryWatch> watch_;
  std::int64_t due_ns_ = 0;
  std::string failure_;
};

}  // namespace

std::unique_ptr<Source> make_file_source(const config::FileSdConfig& config,
                                         Surroundings& surroundings) {
  return std::make_unique<FileSource>(config, surroundings);
}

}  // namespace prom::discover
