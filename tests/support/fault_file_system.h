// A file system that fails on command.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/os/file.h"

namespace prom {

// Passes calls on to the real one, counts those that can fail, and fails some.
class FaultFileSystem final : public os::FileSystem {
 public:
  // Fails call number `first` (from 1) and, if `for_good`, all after it, with
  // the reason `error_number`.  0: none.
  void fail_at(std::uint64_t first, int error_number, bool for_good);
  // Only calls whose name contains it count: "write", "sync", "preallocate".
  void only(std::string name) { only_ = std::move(name); }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] bool has_failed() const { return has_failed_; }

  Result<std::unique_ptr<os::File>> open(const std::string& path,
                                         os::OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status make_directory(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<os::DirectoryEntry>> list(
      const std::string& path) override;

  // Counts a call; the failure that it has to have.
  Status pass(std::string_view name, const std::string& path);

 private:
  std::uint64_t calls_ = 0;
  std::uint64_t first_ = 0;
  int error_number_ = 0;
  bool for_good_ = false;
  bool has_failed_ = false;
  std::string only_;
};

}  // namespace prom
