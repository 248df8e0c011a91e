// Notices that the configuration, or a file that it is made of, has changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libprom/config/prometheus.h"
#include "libprom/os/watch.h"

namespace prom::config {

// One thread.
class ConfigWatch {
 public:
  ConfigWatch();

  // Remembers what the files look like now: call before reading them.
  void begin_load(const std::string& path);
  // Once they are read: from now on these files matter.  What changed while
  // they were read is noticed.
  void watch(const PrometheusConfig& config);

  // Readable when changed() is worth asking; -1: ask from time to time.
  [[nodiscard]] int fd() const { return watch_ ? watch_->fd() : -1; }
  // The files are not what they were at begin_load.
  bool changed();

 private:
  [[nodiscard]] std::string fingerprint() const;

  std::optional<os::DirectoryWatch> watch_;
  std::vector<std::string> patterns_;
  std::string loaded_;
};

}  // namespace prom::config
