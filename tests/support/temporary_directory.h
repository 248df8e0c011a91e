// A private directory that is gone when the test ends: in memory where that is
// possible, since thousands of small stores are synced in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace prom {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* const base = std::getenv("TMPDIR");
    const bool has_memory = std::filesystem::is_directory("/dev/shm");
    path_ = base != nullptr ? base : has_memory ? "/dev/shm" : "/tmp";
    path_ += "/prom-test-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace prom
