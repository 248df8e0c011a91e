// Tells whoever started us how we are: a newline on a descriptor, as s6 wants
// it, and sd_notify(3)'s protocol, written here so that nothing links against
// libsystemd.
#pragma once

#include <string_view>

namespace prom::os {

// Says "ready" once: a newline on `ready_fd`, which is then closed (negative:
// none), and READY=1 to the service manager where there is one.
void announce_ready(int ready_fd);

// RELOADING=1, STOPPING=1, WATCHDOG=1, STATUS=…: one assignment a line, to
// $NOTIFY_SOCKET.  Does nothing without one; failures are ignored, as the
// protocol wants it.
void notify_manager(std::string_view state);

}  // namespace prom::os
