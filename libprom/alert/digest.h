// SHA-256, for the ids by which vendors recognize what they were told before.
#pragma once

#include <string>
#include <string_view>

namespace prom::alert {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view text);

}  // namespace prom::alert
