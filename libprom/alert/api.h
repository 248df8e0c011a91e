// Alertmanager's HTTP API v2 and what belongs to it, as a handler for
// http/server.h.  Thread-safe.
#pragma once

#include <string>

#include "libprom/alert/service.h"
#include "libprom/http/server.h"

namespace prom::alert {

struct ApiOptions {
  std::string route_prefix;  // "" or "/prefix"
};

// `service` must outlive the handler.
http::Handler make_api(Service& service, ApiOptions options);

}  // namespace prom::alert
