#include "libprom/config/watch.h"

#include "libprom/os/file.h"

namespace prom::config {

ConfigWatch::ConfigWatch() {
  if (auto watch = os::DirectoryWatch::create())
    watch_.emplace(std::move(*watch));
}

void ConfigWatch::begin_load(const std::string& path) {
  if (patterns_.empty()) patterns_ = {path};
  if (watch_) {
    static_cast<void>(watch_->add(os::parent_directory(path)));
    watch_->take_events();
  }
  loaded_ = fingerprint();
}

void ConfigWatch::watch(const PrometheusConfig& config) {
  const bool unchanged_so_far = fingerprint() == loaded_;
  patterns_ = {config.file};
  for (const std::string& pattern : config.scrape_config_files)
    patterns_.push_back(pattern);
  if (unchanged_so_far) loaded_ = fingerprint();
  if (!watch_) return;
  for (const std::string& pattern : patterns_)
    static_cast<void>(watch_->add(os::parent_directory(pattern)));
}

bool ConfigWatch::changed() {
  if (watch_) watch_->take_events();
  return fingerprint() != loaded_;
}

std::string ConfigWatch::fingerprint() const {
  std::string all;
  for (const std::string& pattern : patterns_) {
    for (const std::string& path : os::glob(pattern)) {
      const auto info = os::file_info(path);
      if (!info) continue;
      all += path + ' ' + std::to_string(info->modified_ns) + ' ' +
             std::to_string(info->inode) + ' ' + std::to_string(info->size) +
             '\n';
    }
  }
  return all;
}

}  // namespace prom::config
