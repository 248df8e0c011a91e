// Base64 (RFC 4648) as HTTP and JSON Web Tokens write it.
#pragma once

#include <string>
#include <string_view>

namespace prom::http {

std::string base64(std::string_view bytes);
// With - and _, and without the padding.
std::string base64_url(std::string_view bytes);

}  // namespace prom::http
