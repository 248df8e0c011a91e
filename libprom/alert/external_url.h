// The URL by which people reach this server, for links in notifications.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::alert {

// `given`, checked and without trailing slashes; when it is empty, made of
// `host` and the port of `listen` ("127.0.0.1:9093").  kUsage when it cannot
// be one.
Result<std::string> external_url(std::string_view given,
                                 std::string_view listen,
                                 std::string_view host);

// Its path, "" or "/prefix": where everything is served unless said otherwise.
std::string path_of_url(std::string_view url);

}  // namespace prom::alert
