#include "libprom/query/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "libprom/os/file.h"

namespace prom::query {
namespace {

Status write_new(os::FileSystem& files, const std::string& path,
                 std::string_view content) {
  auto file = files.open(path, os::OpenMode::kCreate);
  if (!file) return fail(std::move(file).error());
  if (::fchmod((*file)->fd(), 0644) != 0)
    return fail(os::system_error("chmod " + path, errno));
  Status written = (*file)->write_at(0, as_bytes(content));
  if (written) written = (*file)->sync();
  return written;
}

}  // namespace

Status replace_file(const std::string& path, std::string_view content) {
  os::FileSystem& files = os::real_file_system();
  // The collector takes what ends in .prom, which this does not.
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  Status gone = files.unlink(temporary);
  if (!gone && gone.error().code != Code::kMissing) return gone;
  Status written = write_new(files, temporary, content);
  if (written) written = files.rename(temporary, path);
  if (!written) {
    (void)files.unlink(temporary);
    return written;
  }
  return files.sync_directory(os::parent_directory(path));
}

}  // namespace prom::query
