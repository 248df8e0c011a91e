// A file system that fails on command, and one that remembers what was done, so
// that a test can make every state in which a power loss may leave the disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
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

// Passes calls on and records them.
class RecordingFileSystem final : public os::FileSystem {
 public:
  // `watched` is a file that is changed through a mapping; its content is
  // recorded with each call.
  RecordingFileSystem(std::string root, std::string watched)
      : root_(std::move(root)), watched_(std::move(watched)) {}

  Result<std::unique_ptr<os::File>> open(const std::string& path,
                                         os::OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status make_directory(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<os::DirectoryEntry>> list(
      const std::string& path) override;

  // Calls so far: a point at which the power may fail.
  [[nodiscard]] std::size_t size() const { return calls_.size(); }

  // Makes under `directory` one of the states in which the disk may be after a
  // power loss behind the first `count` calls: writes since a file's last sync
  // are there, missing or torn at 512 bytes; names since a directory's last
  // sync are there or not.
  void make_state(std::size_t count, std::mt19937_64& random,
                  const std::string& directory) const;

  struct Call {
    enum class Kind {
      kCreate,
      kWrite,
      kSync,
      kSize,
      kRename,
      kUnlink,
      kDirectory,
      kSyncDirectory,
    };
    Kind kind = Kind::kWrite;
    std::string path;  // below the root
    std::string to;
    std::uint64_t file = 0;  // the same for a file of any name
    std::uint64_t offset = 0;
    std::string bytes;
    std::string watched;
  };
  void record(Call call);
  [[nodiscard]] std::string below_root(const std::string& path) const;

 private:
  std::string root_;
  std::string watched_;
  std::vector<Call> calls_;
  std::map<std::string, std::uint64_t> ids_;  // of files by their path
  std::uint64_t last_id_ = 0;
};

}  // namespace prom
