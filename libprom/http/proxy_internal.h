// Which proxy a request goes through, by the rules of Go's httpproxy package,
// which upstream follows; libcurl's own differ.
#pragma once

#include <string>
#include <string_view>

#include "libprom/http/client.h"
#include "libprom/http/url_internal.h"

namespace prom::http {

// Whether `no_proxy` excepts the origin: "*"; addresses and ranges; "a.b",
// which is also x.a.b; ".a.b" and "*.a.b", which are only what is below; each
// with a port or without.  localhost and loopback addresses always are.
bool is_excepted(const Origin& origin, std::string_view no_proxy);

// The URL of the proxy, from the options or, where they say so, from
// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or small letters.  "":
// none.
std::string proxy_of(const Origin& origin, const ClientOptions& options);

}  // namespace prom::http
