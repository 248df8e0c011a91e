// file_sd_configs: files that match patterns, read again when their directory
// changes and at every interval.  A file that does not read keeps the targets
// that it had; a file that is gone takes its targets with it.
#include "libprom/config/sd/file.h"

#include <optional>
#include <set>

#include "libprom/config/load.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/os/file.h"
#include "libprom/os/log.h"
#include "libprom/os/watch.h"

namespace prom::discover {
namespace {

constexpr std::size_t kFilesMax = 100'000;

class File : public Mechanism {
 public:
  File(const config::FileSdConfig& config, Surroundings& around)
      : config_(config), around_(around) {
    if (auto watch = os::DirectoryWatch::create()) {
      watch_.emplace(std::move(*watch));
    } else {
      os::log_warn("files with targets are only read at intervals",
                   {{"err", watch.error().message}});
    }
  }

  [[nodiscard]] std::string_view name() const override { return "file"; }
  // What no pattern matches any more goes with the first look.
  [[nodiscard]] bool covers(std::string_view /*place*/) const override {
    return true;
  }

  Task<Status> run(Findings& findings) override {
    for (;;) {
      // Before reading: what changes meanwhile is noticed the next time.
      if (watch_) watch_->take_events();
      look(findings);
      if (watch_) {
        co_await around_.async.readable(watch_->fd(),
                                        config_.refresh_interval_ms);
      } else {
        co_await around_.async.sleep_ms(config_.refresh_interval_ms);
      }
    }
  }

 private:
  void look(Findings& findings) {
    Findings::Places now;
    std::string bad_path;
    std::string why;
    for (const std::string& path : matching_files()) {
      auto groups = config::load_file_sd(path);
      if (groups) {
        now[path] = std::move(*groups);
        continue;
      }
      const auto before = findings.places().find(path);
      if (before != findings.places().end()) now[path] = before->second;
      bad_path = path;
      why = config::to_error(groups.error()).message;
      around_.metrics.file_read_failed();
    }
    findings.found_all(std::move(now));
    if (!why.empty()) findings.failed(bad_path, why);
  }

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

  const config::FileSdConfig config_;
  Surroundings& around_;
  std::optional<os::DirectoryWatch> watch_;
};

}  // namespace

Made make_file(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<File>(
      static_cast<const config::FileSdConfig&>(config), around);
}

}  // namespace prom::discover
