// Listening sockets: the addresses that flags like --web.listen-address take,
// bound or inherited.  Used by the server; plain system calls.
#pragma once

#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::http {

struct Listener {
  os::Fd fd;                // listening, non-blocking
  std::string address;      // "127.0.0.1:9093", "[::]:9093", "unix:/run/x.sock"
  std::string unlink_path;  // a unix socket that we made; remove when done
};

// Binds "host:port", ":port" (every address, IPv6 and IPv4), "[::1]:port" or
// "unix:/path", or takes over "fd:N".  A host name is resolved and its first
// address used.  A unix socket whose owner died is replaced; a live one is
// kUnavailable.  kUnavailable: taken, or no such address; kPermission: may
// not be bound; kUsage: not an address.
Result<Listener> open_listener(const std::string& address);

// "fd:3", "fd:4" … for the sockets that a service manager passed to this very
// process (LISTEN_PID and LISTEN_FDS); empty without any.
std::vector<std::string> inherited_listeners();

// The address of the other end of a connected socket, for logs:
// "127.0.0.1:5678", "[::1]:5678", "unix".
std::string peer_address(int fd);

}  // namespace prom::http
