#include "libprom/os/local_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace prom::os {
namespace {

constexpr int kBacklog = 64;

struct Name {
  Fd directory;
  sockaddr_un address{};
};

Result<Name> name_of(const std::string& directory, std::string_view name) {
  Name result;
  result.directory =
      Fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!result.directory.valid())
    return fail(system_error("open " + directory, errno));
  const std::string path = "/proc/self/fd/" +
                           std::to_string(result.directory.get()) + "/" +
                           std::string(name);
  if (path.size() >= sizeof result.address.sun_path)
    return fail(Code::kInternal, "socket name too long");
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, path.c_str(), path.size() + 1);
  return result;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<Fd> listen_local(const std::string& directory, std::string_view name) {
  const auto at = name_of(directory, name);
  if (!at) return fail(at.error());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail(system_error("socket", errno));
  const std::string path = directory + "/" + std::string(name);
  (void)::unlink(path.c_str());
  // Before it is bound nobody can reach it, so the mode is set on the socket.
  (void)::fchmod(fd.get(), 0660);
  if (::bind(fd.get(), generic(at->address), sizeof at->address) != 0 ||
      ::listen(fd.get(), kBacklog) != 0)
    return fail(system_error("listen on " + path, errno));
  return fd;
}

Fd accept_local(int listener) {
  return Fd(
      ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

Result<Fd> connect_local(const std::string& directory, std::string_view name) {
  const auto at = name_of(directory, name);
  if (!at) return fail(at.error());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail(system_error("socket", errno));
  if (::connect(fd.get(), generic(at->address), sizeof at->address) == 0)
    return fd;
  const std::string what = "connect to " + directory + "/" + std::string(name);
  if (errno == ECONNREFUSED)
    return fail(Code::kMissing, what + ": nobody listens");
  return fail(system_error(what, errno));
}

Status send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error("send", errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

void end_sending(int fd) {
  (void)::shutdown(fd, SHUT_WR);
}

}  // namespace prom::os
