#include "libprom/http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "libprom/base/number.h"

namespace prom::http {
namespace {

constexpr int kBacklog = 1024;
constexpr std::uint64_t kPortMax = 65535;
constexpr int kFirstInheritedFd = 3;  // sd_listen_fds(3)
constexpr std::uint64_t kInheritedMax = 64;

std::string text_of(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(in.sin6_port));
  }
  return "unix";
}

std::string local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return "";
  if (address.ss_family != AF_UNIX) return text_of(address);
  sockaddr_un un{};
  std::memcpy(&un, &address, sizeof un);
  return "unix:" + std::string(un.sun_path);
}

Error bind_error(const std::string& address, int error) {
  Error made = os::system_error("listen on " + address, error);
  if (error == EADDRINUSE || error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
    made.code = Code::kUnavailable;
  return made;
}

Result<Listener> inherit(const std::string& address, std::string_view number) {
  const auto fd = parse_uint(number);
  if (!fd || *fd > 1U << 20U)
    return fail(Code::kUsage, "listen on " + address + ": not a descriptor");
  const int raw = static_cast<int>(*fd);
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(raw, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0)
    return fail(bind_error(address, errno));
  if (listening == 0)
    return fail(Code::kUsage, "listen on " + address + ": not listening");
  fcntl(raw, F_SETFD, FD_CLOEXEC);
  fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK);
  return Listener{
      .fd = os::Fd(raw), .address = local_address(raw), .unlink_path = {}};
}

// Removes a socket file whose owner is gone.
Status clear_stale_socket(const std::string& path, const sockaddr_un& un) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode))
    return fail(Code::kUnavailable,
                "listen on unix:" + path + ": a file that is no socket");
  const os::Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return fail(os::system_error("socket", errno));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&un), sizeof un) ==
          0 ||
      errno != ECONNREFUSED)
    return fail(Code::kUnavailable, "listen on unix:" + path + ": in use");
  unlink(path.c_str());
  return {};
}

Result<Listener> listen_unix(const std::string& address,
                             const std::string& path) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof un.sun_path)
    return fail(Code::kUsage, "listen on " + address +
                                  ": the path is empty or over 107 bytes");
  std::memcpy(un.sun_path, path.c_str(), path.size());
  if (Status clear = clear_stale_socket(path, un); !clear)
    return fail(std::move(clear).error());
  os::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid() ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&un), sizeof un) != 0)
    return fail(bind_error(address, errno));
  // Owner and group: who may write to the socket may use the server.
  if (chmod(path.c_str(), 0660) != 0 || listen(fd.get(), kBacklog) != 0)
    return fail(bind_error(address, errno));
  return Listener{.fd = std::move(fd), .address = address, .unlink_path = path};
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

Result<Listener> listen_tcp(const std::string& text, const addrinfo& where) {
  os::Fd fd(
      socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail(bind_error(text, errno));
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (where.ai_family == AF_INET6)
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd.get(), where.ai_addr, where.ai_addrlen) != 0 ||
      listen(fd.get(), kBacklog) != 0)
    return fail(bind_error(text, errno));
  std::string address = local_address(fd.get());
  return Listener{
      .fd = std::move(fd), .address = std::move(address), .unlink_path = {}};
}

struct HostPort {
  std::string host;
  std::string port;
};
Result<HostPort> split_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  const std::string port =
      colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool bracketed =
      host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (parse_uint(port).value_or(kPortMax + 1) > kPortMax ||
      (!bracketed && host.find(':') != std::string::npos))
    return fail(Code::kUsage,
                "listen on " + text +
                    ": expected host:port, [IPv6]:port, unix:/path or fd:N");
  return HostPort{.host = std::move(host), .port = port};
}

}  // namespace

Result<Listener> open_listener(const std::string& address) {
  if (address.starts_with("unix:"))
    return listen_unix(address, address.substr(5));
  if (address.starts_with("fd:")) return inherit(address, address.substr(3));
  auto where = split_host_port(address);
  if (!where) return fail(std::move(where).error());

  // Every address: one IPv6 socket that also takes IPv4; only IPv4 where the
  // host has no IPv6.
  const bool every = where->host.empty();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  hints.ai_family = every ? AF_INET6 : AF_UNSPEC;
  addrinfo* found = nullptr;
  int status = getaddrinfo(every ? "::" : where->host.c_str(),
                           where->port.c_str(), &hints, &found);
  if (status != 0)
    return fail(Code::kUnavailable,
                "listen on " + address + ": " + gai_strerror(status));
  std::unique_ptr<addrinfo, FreeAddresses> list(found);
  auto listener = listen_tcp(address, *list);
  if (listener || !every) return listener;
  hints.ai_family = AF_INET;
  status = getaddrinfo("0.0.0.0", where->port.c_str(), &hints, &found);
  if (status != 0) return listener;
  list.reset(found);
  return listen_tcp(address, *list);
}

std::vector<std::string> inherited_listeners() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  std::vector<std::string> found;
  if (pid == nullptr || count == nullptr) return found;
  if (parse_int(pid) != static_cast<std::int64_t>(getpid())) return found;
  const auto sockets = parse_uint(count);
  if (!sockets || *sockets > kInheritedMax) return found;
  for (std::uint64_t i = 0; i < *sockets; ++i)
    found.push_back("fd:" + std::to_string(kFirstInheritedFd + i));
  return found;
}

std::string peer_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return "";
  return text_of(address);
}

}  // namespace prom::http
