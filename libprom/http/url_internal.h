// URLs as libcurl reads them, so that what is checked is what is connected to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::http {

// Scheme, host and port: what credentials belong to.
struct Origin {
  std::string scheme, host, port;
  bool operator==(const Origin&) const = default;
};
// kBadData for anything but a well-formed http or https URL.
Result<Origin> origin_of(const std::string& url);
// `location` as seen from `url`.
Result<std::string> resolve_url(const std::string& url,
                                const std::string& location);
// `url` with another host; nullopt when `host` cannot be one.
std::optional<std::string> with_host(const std::string& url,
                                     const std::string& host);

// What must not stand in a URL or a header.
bool has_control_bytes(std::string_view text);

}  // namespace prom::http
