// scrape_failure_log_file: one JSON line per failed scrape, for those who look
// for the reason of a target's gaps later.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "libprom/os/file.h"

namespace prom::scrape {

class FailureLogs {
 public:
  // Appends to the file at `path`, which is opened once; "" does nothing.
  // A file that cannot be opened or written is said once in our own log.
  void write(const std::string& path, std::int64_t now_ms, std::string_view job,
             std::string_view url, std::string_view message);
  // After a reload: files are opened again, so that rotation works.
  void reopen() { files_.clear(); }

 private:
  std::map<std::string, os::Fd> files_;
};

}  // namespace prom::scrape
