#include "libprom/os/lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "libprom/os/retry.h"

namespace prom::os {
namespace {

struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path) {
  Fd fd(retried([&] {
    return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  }));
  if (!fd.valid()) return fail(system_error("open " + path, errno));
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_OFD_SETLK, &lock) == 0)
    return FileLock(std::move(fd));
  if (errno == EAGAIN || errno == EACCES)
    return fail(Code::kBusy, path + ": held by another process");
  return fail(system_error("lock " + path, errno));
}

Result<bool> FileLock::is_held(const std::string& path) {
  const Fd fd(
      retried([&] { return ::open(path.c_str(), O_RDWR | O_CLOEXEC); }));
  if (!fd.valid()) {
    if (errno == ENOENT) return false;
    return fail(system_error("open " + path, errno));
  }
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_OFD_GETLK, &lock) != 0)
    return fail(system_error("ask for lock " + path, errno));
  return lock.l_type != F_UNLCK;
}

}  // namespace prom::os
