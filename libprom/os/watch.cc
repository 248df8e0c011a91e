#include "libprom/os/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace prom::os {

Result<DirectoryWatch> DirectoryWatch::create() {
  Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return fail(system_error("watch directories", errno));
  return DirectoryWatch(std::move(fd));
}

Status DirectoryWatch::add(const std::string& path) {
  // Not IN_MODIFY: a file that is being written is not worth reading yet.
  constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                    IN_MOVED_FROM | IN_MOVED_TO |
                                    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  const std::string directory = path.empty() ? "." : path;
  if (::inotify_add_watch(fd_.get(), directory.c_str(), kEvents) < 0)
    return fail(system_error("watch " + directory, errno));
  return {};
}

bool DirectoryWatch::take_events() {
  alignas(inotify_event) std::array<char, 16384> buffer{};
  bool any = false;
  while (::read(fd_.get(), buffer.data(), buffer.size()) > 0) any = true;
  return any;
}

}  // namespace prom::os
