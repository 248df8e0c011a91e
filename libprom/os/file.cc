#include "libprom/os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "libprom/os/retry.h"

namespace prom::os {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

std::unexpected<Error> system_fail(std::string_view what) {
  return fail(system_error(what, errno));
}

std::unexpected<Error> system_fail(std::string_view verb,
                                   const std::string& path) {
  return fail(system_error(std::string(verb) + " " + path, errno));
}

class RealFile final : public File {
 public:
  RealFile(Fd fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  Status write_at(std::uint64_t offset, Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(),
                                 static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_fail("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset,
                              std::span<std::byte> into) override {
    std::size_t total = 0;
    while (total < into.size()) {
      const ssize_t n =
          ::pread(fd_.get(), into.data() + total, into.size() - total,
                  static_cast<off_t>(offset + total));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_fail("read", path_);
      if (n == 0) break;
      total += static_cast<std::size_t>(n);
    }
    return total;
  }

  Status sync() override {
    if (retried([&] { return ::fdatasync(fd_.get()); }) != 0)
      return system_fail("sync", path_);
    return {};
  }

  Status preallocate(std::uint64_t size) override {
    // posix_fallocate returns the reason instead of setting errno.
    int error = EINTR;
    while (error == EINTR)
      error = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (error != 0) return fail(system_error("preallocate " + path_, error));
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (retried([&] {
          return ::ftruncate(fd_.get(), static_cast<off_t>(size));
        }) != 0)
      return system_fail("truncate", path_);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) return system_fail("stat", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  [[nodiscard]] int fd() const override { return fd_.get(); }
  [[nodiscard]] const std::string& path() const override { return path_; }

 private:
  const Fd fd_;
  const std::string path_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kOpenOrCreate:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path,
                                     OpenMode mode) override {
    const int fd = retried([&] {
      return ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, kFileMode);
    });
    if (fd < 0) return system_fail("open", path);
    return std::make_unique<RealFile>(Fd(fd), path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return system_fail("rename", from + " to " + to);
    return {};
  }

  Status unlink(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_fail("remove", path);
    return {};
  }

  Status make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
      return system_fail("create directory", path);
    return {};
  }

  Status remove_directory(const std::string& path) override {
    if (::rmdir(path.c_str()) != 0)
      return system_fail("remove directory", path);
    return {};
  }

  Status sync_directory(const std::string& path) override {
    const Fd directory(retried([&] {
      return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }));
    if (!directory.valid()) return system_fail("open directory", path);
    if (retried([&] { return ::fsync(directory.get()); }) != 0)
      return system_fail("sync directory", path);
    return {};
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()),
                                                        &::closedir);
    if (!directory) return system_fail("open directory", path);
    std::vector<DirectoryEntry> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const auto info = file_info(path + "/" + name);
      entries.push_back({name, info && info->is_directory});
      errno = 0;
    }
    if (errno != 0) return system_fail("read directory", path);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }
};

struct MagicName {
  std::uint64_t magic;
  std::string_view name;
};
// linux/magic.h and the file systems' own sources.
constexpr std::array<MagicName, 9> kUnsafe = {{{0x6969, "NFS"},
                                               {0xFF534D42, "CIFS"},
                                               {0xFE534D42, "SMB"},
                                               {0x517B, "SMB"},
                                               {0x65735546, "FUSE"},
                                               {0x01021997, "9p"},
                                               {0x00C36400, "Ceph"},
                                               {0x5346414F, "AFS"},
                                               {0x73757245, "Coda"}}};

}  // namespace

Error system_error(std::string_view what, int error_number) {
  Code code = Code::kIo;
  if (error_number == ENOENT || error_number == ENOTDIR) {
    code = Code::kMissing;
  } else if (error_number == EACCES || error_number == EPERM ||
             error_number == EROFS) {
    code = Code::kPermission;
  }
  return Error{code, std::string(what) + ": " +
                         std::system_category().message(error_number)};
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Fd::~Fd() {
  reset();
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

Result<std::string> read_all(int fd, std::uint64_t bytes_max) {
  std::string content;
  std::array<char, 65536> buffer;  // NOLINT: filled by read
  while (true) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_fail("read");
    if (n == 0) return content;
    if (content.size() + static_cast<std::size_t>(n) > bytes_max)
      return fail(Code::kLimit,
                  "more than " + std::to_string(bytes_max) + " bytes");
    content.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Result<std::string> read_file(const std::string& path,
                              std::uint64_t bytes_max) {
  if (path == "-") return read_all(STDIN_FILENO, bytes_max);
  const Fd fd(
      retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!fd.valid()) return system_fail("open", path);
  struct stat info{};
  if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode))
    return fail(system_error("read " + path, EISDIR));
  Result<std::string> content = read_all(fd.get(), bytes_max);
  if (!content) return fail(std::move(content).error().in(path));
  return content;
}

namespace {

Status write_through(const std::string& path, std::string_view content) {
  const Fd fd(
      retried([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); }));
  if (!fd.valid()) return system_fail("open", path);
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_fail("write", path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Status write_file_atomically(FileSystem& files, const std::string& path,
                             std::string_view content) {
  // A name like /dev/null, given where a file was expected, must stay what it
  // is: devices, pipes and sockets are written to.
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return write_through(path, content);
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  {
    // Left over from a process that died, or put there by someone who would
    // like us to write through a link: never opened, always made anew.
    if (Status gone = files.unlink(temporary);
        !gone && gone.error().code != Code::kMissing)
      return gone;
    auto file = files.open(temporary, OpenMode::kCreate);
    if (!file) return fail(std::move(file).error());
    Status written = (*file)->write_at(0, as_bytes(content));
    if (written) written = (*file)->sync();
    if (!written) {
      (void)files.unlink(temporary);
      return written;
    }
  }
  if (Status renamed = files.rename(temporary, path); !renamed) {
    (void)files.unlink(temporary);
    return renamed;
  }
  return files.sync_directory(parent_directory(path));
}

Status make_directories(FileSystem& files, const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    const std::string directory = path.substr(0, at);
    const bool is_new = !exists(directory);
    if (Status made = files.make_directory(directory); !made) return made;
    if (!is_new) continue;
    Status synced = files.sync_directory(parent_directory(directory));
    if (!synced && synced.error().code != Code::kPermission) return synced;
  }
  return {};
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<FileInfo> file_info(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return system_fail("stat", path);
  return FileInfo{.size = static_cast<std::uint64_t>(info.st_size),
                  .modified_ns = info.st_mtim.tv_sec * 1'000'000'000L +
                                 info.st_mtim.tv_nsec,
                  .inode = info.st_ino,
                  .is_directory = S_ISDIR(info.st_mode)};
}

std::vector<std::string> glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

std::string join_path(std::string_view directory, std::string_view path) {
  if (path.starts_with('/') || directory.empty() || directory == ".")
    return std::string(path);
  std::string joined(directory);
  if (!joined.ends_with('/')) joined += '/';
  joined += path;
  return joined;
}

std::string parent_directory(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

Result<std::string> unsafe_file_system(const std::string& path) {
  struct statfs info{};
  if (::statfs(path.c_str(), &info) != 0) return system_fail("statfs", path);
  const auto magic = static_cast<std::uint64_t>(info.f_type) & 0xFFFFFFFFU;
  for (const MagicName& known : kUnsafe) {
    if (known.magic == magic) return std::string(known.name);
  }
  return std::string();
}

Result<Space> disk_space(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return system_fail("statvfs", path);
  return Space{info.f_bavail * info.f_frsize, info.f_blocks * info.f_frsize};
}

}  // namespace prom::os
