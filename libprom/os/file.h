// Files and directories.  The store and everything that keeps state writes
// through FileSystem, so that a test can fail, cut or record any call; readers
// map files with os/map.h.
//
// Errors carry the path and the system's reason, and one of the codes kMissing
// (ENOENT), kPermission (EACCES, EPERM, EROFS) and kIo (everything else).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"

namespace prom::os {

// Turns errno into an Error: "append /data/x: No space left on device".
Error system_error(std::string_view what, int error_number);

// Owns a file descriptor, opened close-on-exec.  Movable; closing errors are
// reported by File::close, ignored by the destructor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// An open file for writing at positions.  One thread at a time.
class File {
 public:
  virtual ~File() = default;

  // Writes all of `bytes` at `offset`; retries short writes and EINTR.  On
  // failure an unknown prefix may be written.
  virtual Status write_at(std::uint64_t offset, Bytes bytes) = 0;
  // Reads until `into` is full or the file ends; returns the bytes read.
  virtual Result<std::size_t> read_at(std::uint64_t offset,
                                      std::span<std::byte> into) = 0;
  // Data and size reach the disk.  After a failure the file must not be
  // trusted nor synced again: the kernel may have dropped the pages.
  virtual Status sync() = 0;
  // Reserves [0, size): later writes there cannot fail for lack of space.
  virtual Status preallocate(std::uint64_t size) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
  [[nodiscard]] virtual int fd() const = 0;
  [[nodiscard]] virtual const std::string& path() const = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // must not exist; created with mode 0640
  kOpenOrCreate,
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path,
                                             OpenMode mode) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status unlink(const std::string& path) = 0;
  virtual Status make_directory(const std::string& path) = 0;  // ok if there
  virtual Status remove_directory(const std::string& path) = 0;
  // Names created, renamed or removed in `path` reach the disk.
  virtual Status sync_directory(const std::string& path) = 0;
  // Sorted by name; without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
};

// The real one.  Thread-safe; lives for the whole process.
FileSystem& real_file_system();

// The whole content of a file of at most `bytes_max` bytes (kLimit beyond);
// "-" reads standard input.
Result<std::string> read_file(const std::string& path,
                              std::uint64_t bytes_max = 1ULL << 30U);
// Everything from `fd` until its end.
Result<std::string> read_all(int fd, std::uint64_t bytes_max);

// Replaces `path` in one step, of which readers see all or nothing, and syncs
// it.  A path that is no regular file (a device, a pipe) is written through.
Status write_file_atomically(FileSystem& files, const std::string& path,
                             std::string_view content);

// Creates `path` and its missing parents; their names reach the disk.
Status make_directories(FileSystem& files, const std::string& path);

bool exists(const std::string& path);
struct FileInfo {
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;
  bool is_directory = false;
};
Result<FileInfo> file_info(const std::string& path);

// Paths that match a shell pattern, sorted; none when nothing matches.
std::vector<std::string> glob(const std::string& pattern);

// `path` itself when absolute, else relative to `directory`.
std::string join_path(std::string_view directory, std::string_view path);
std::string parent_directory(std::string_view path);

// Name of the file system type when it is one that several hosts or a user
// process may change behind our back (NFS, CIFS, FUSE, 9p, Ceph …), else "".
Result<std::string> unsafe_file_system(const std::string& path);

// Free and total bytes of the file system that holds `path`.
struct Space {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};
Result<Space> disk_space(const std::string& path);

}  // namespace prom::os
