#include "libprom/os/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "libprom/os/file.h"

namespace prom::os {

void announce_ready(int ready_fd) {
  if (ready_fd >= 0) {
    [[maybe_unused]] const ssize_t n = ::write(ready_fd, "\n", 1);
    ::close(ready_fd);
  }
  notify_manager("READY=1");
}

void notify_manager(std::string_view state) {
  const char* name = ::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name == nullptr || (name[0] != '/' && name[0] != '@') ||
      std::strlen(name) >= sizeof address.sun_path) {
    return;
  }
  std::memcpy(address.sun_path, name, std::strlen(name));
  // A leading '@' stands for the zero byte of an abstract name.
  if (name[0] == '@') address.sun_path[0] = '\0';
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                           std::strlen(name));
  [[maybe_unused]] const ssize_t n =
      ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace prom::os
