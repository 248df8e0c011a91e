// SHA-256 (FIPS 180-4), as 32 bytes.
#pragma once

#include <string>
#include <string_view>

namespace prom::http {

std::string sha256(std::string_view text);

}  // namespace prom::http
