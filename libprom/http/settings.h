// From what a configuration file says about HTTP to what a request needs.
// Stages call it before each request, so that rotated secrets are taken up.
#pragma once

#include <memory>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/http_client.h"
#include "libprom/http/client.h"

namespace prom::http {

struct Settings {
  std::shared_ptr<const ClientOptions> options;
  std::vector<Header> headers;  // http_headers, to be added to the request
};

// Reads the secret files that `config` names.  Fails with the file's name when
// one cannot be read.
Result<Settings> settings(const config::HttpClientConfig& config);

}  // namespace prom::http
