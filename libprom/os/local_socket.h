// Stream sockets between processes of one machine, by a name in a directory.
// The name is reached through an open directory, so that the length of its
// path does not matter.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::os {

// Listens on DIRECTORY/name, with mode 0660; non-blocking.  A socket that is
// there is replaced: the caller knows that nobody serves it.
Result<Fd> listen_local(const std::string& directory, std::string_view name);

// The next waiting connection, non-blocking; an invalid Fd when there is none.
Fd accept_local(int listener);

// kMissing when nobody listens there.  Blocking.
Result<Fd> connect_local(const std::string& directory, std::string_view name);

// Writes all of it; a reader that is gone is an Error, not a signal.
Status send_all(int fd, std::string_view bytes);
// Says that nothing follows; the other direction stays open.
void end_sending(int fd);

}  // namespace prom::os
