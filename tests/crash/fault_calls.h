// System calls that fail on command.  Defines them for the program that
// includes it (one file of it, before anything else), in front of the C
// library's: whatever in the program calls them gets these, the store's own
// code and that of libraries alike.  Only files below one directory count.
#pragma once

// Wrappers that check sizes would define the same names.
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace prom::faults {

enum Group : unsigned {
  kOpen = 1,      // open, opendir is not seen
  kRead = 2,      // read, pread
  kWrite = 4,     // write, pwrite
  kSync = 8,      // fsync, fdatasync
  kReserve = 16,  // posix_fallocate, ftruncate
  kName = 32,     // rename, mkdir
  kRemove = 128,  // unlink, rmdir
  kMap = 64,      // mmap of a file
};

struct Plan {
  std::string below;         // directory whose files count
  unsigned groups = 0;       // calls that count
  int error_number = 0;      // 0: reads and writes do half of what they can
  std::uint64_t first = 0;   // the call that fails, from 1; 0: none
  bool for_good = false;     // and all after it
  bool alternating = false;  // and every second one after it
  std::uint64_t calls = 0;   // that counted
  std::uint64_t failed = 0;
  std::string what;  // the first that failed
};

inline Plan plan;
constexpr int kFdsMax = 4096;
inline std::array<bool, kFdsMax> ours;

// Whether this call has to fail; it counts then, and otherwise.
inline bool fails(unsigned group, std::string_view name) {
  if (plan.first == 0 || (plan.groups & group) == 0) return false;
  ++plan.calls;
  const std::uint64_t behind = plan.calls - plan.first;
  const bool failing =
      plan.calls == plan.first ||
      (plan.calls > plan.first &&
       (plan.for_good || (plan.alternating && behind % 2 == 0)));
  if (!failing) return false;
  if (plan.failed++ == 0) plan.what = name;
  return true;
}

inline bool is_ours(int fd) {
  return fd >= 0 && fd < kFdsMax && ours[static_cast<std::size_t>(fd)];
}
inline bool is_ours(const char* path) {
  return !plan.below.empty() && std::string_view(path).starts_with(plan.below);
}

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Fails with the error of the plan; only for calls that do not do half.
template <typename T>
bool refused(unsigned group, const char* name, T where) {
  if (!is_ours(where) || plan.error_number == 0 || !fails(group, name))
    return false;
  errno = plan.error_number;
  return true;
}

// Bytes that a call may move, or -1 with errno.
inline std::int64_t allowed(unsigned group, const char* name, int fd,
                            std::size_t count) {
  if (!is_ours(fd) || count == 0 || !fails(group, name))
    return static_cast<std::int64_t>(count);
  if (plan.error_number == 0) return static_cast<std::int64_t>((count + 1) / 2);
  errno = plan.error_number;
  return -1;
}

}  // namespace prom::faults

// NOLINTBEGIN: the C library's names and types.
extern "C" {

int open(const char* path, int flags, ...) {
  using prom::faults::next;
  static const auto real = next<int (*)(const char*, int, mode_t)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (prom::faults::refused(prom::faults::kOpen, "open", path)) return -1;
  const int fd = real(path, flags, mode);
  if (fd >= 0 && fd < prom::faults::kFdsMax)
    prom::faults::ours[static_cast<std::size_t>(fd)] =
        prom::faults::is_ours(path);
  return fd;
}

int close(int fd) {
  static const auto real = prom::faults::next<int (*)(int)>("close");
  if (fd >= 0 && fd < prom::faults::kFdsMax)
    prom::faults::ours[static_cast<std::size_t>(fd)] = false;
  return real(fd);
}

ssize_t read(int fd, void* into, size_t count) {
  static const auto real =
      prom::faults::next<ssize_t (*)(int, void*, size_t)>("read");
  const auto n = prom::faults::allowed(prom::faults::kRead, "read", fd, count);
  return n < 0 ? -1 : real(fd, into, static_cast<size_t>(n));
}

ssize_t pread(int fd, void* into, size_t count, off_t at) {
  static const auto real =
      prom::faults::next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  const auto n = prom::faults::allowed(prom::faults::kRead, "pread", fd, count);
  return n < 0 ? -1 : real(fd, into, static_cast<size_t>(n), at);
}

// What code that checks sizes calls instead.
ssize_t __read_chk(int fd, void* into, size_t count, size_t) {
  return read(fd, into, count);
}
ssize_t __pread_chk(int fd, void* into, size_t count, off_t at, size_t) {
  return pread(fd, into, count, at);
}

ssize_t write(int fd, const void* from, size_t count) {
  static const auto real =
      prom::faults::next<ssize_t (*)(int, const void*, size_t)>("write");
  const auto n =
      prom::faults::allowed(prom::faults::kWrite, "write", fd, count);
  return n < 0 ? -1 : real(fd, from, static_cast<size_t>(n));
}

ssize_t pwrite(int fd, const void* from, size_t count, off_t at) {
  static const auto real =
      prom::faults::next<ssize_t (*)(int, const void*, size_t, off_t)>(
          "pwrite");
  const auto n =
      prom::faults::allowed(prom::faults::kWrite, "pwrite", fd, count);
  return n < 0 ? -1 : real(fd, from, static_cast<size_t>(n), at);
}

int fsync(int fd) {
  static const auto real = prom::faults::next<int (*)(int)>("fsync");
  if (prom::faults::refused(prom::faults::kSync, "fsync", fd)) return -1;
  return real(fd);
}

int fdatasync(int fd) {
  static const auto real = prom::faults::next<int (*)(int)>("fdatasync");
  if (prom::faults::refused(prom::faults::kSync, "fdatasync", fd)) return -1;
  return real(fd);
}

int posix_fallocate(int fd, off_t at, off_t size) {
  static const auto real =
      prom::faults::next<int (*)(int, off_t, off_t)>("posix_fallocate");
  if (prom::faults::refused(prom::faults::kReserve, "posix_fallocate", fd))
    return errno;
  return real(fd, at, size);
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto real = prom::faults::next<int (*)(int, off_t)>("ftruncate");
  if (prom::faults::refused(prom::faults::kReserve, "ftruncate", fd)) return -1;
  return real(fd, size);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real =
      prom::faults::next<int (*)(const char*, const char*)>("rename");
  if (prom::faults::refused(prom::faults::kName, "rename", from)) return -1;
  return real(from, to);
}

int unlink(const char* path) noexcept {
  static const auto real = prom::faults::next<int (*)(const char*)>("unlink");
  if (prom::faults::refused(prom::faults::kRemove, "unlink", path)) return -1;
  return real(path);
}

int rmdir(const char* path) noexcept {
  static const auto real = prom::faults::next<int (*)(const char*)>("rmdir");
  if (prom::faults::refused(prom::faults::kRemove, "rmdir", path)) return -1;
  return real(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real =
      prom::faults::next<int (*)(const char*, mode_t)>("mkdir");
  if (prom::faults::refused(prom::faults::kName, "mkdir", path)) return -1;
  return real(path, mode);
}

void* mmap(void* at, size_t size, int protection, int flags, int fd,
           off_t offset) noexcept {
  static const auto real =
      prom::faults::next<void* (*)(void*, size_t, int, int, int, off_t)>(
          "mmap");
  if (prom::faults::refused(prom::faults::kMap, "mmap", fd)) return MAP_FAILED;
  return real(at, size, protection, flags, fd, offset);
}

}  // extern "C"
// NOLINTEND
