// gzip for bodies of requests and answers.  Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::http {

// One gzip member (RFC 1952), at a level that favours speed.
std::string gzip(std::string_view plain);

// Decompresses one or more members.  Never produces more than `bytes_max`
// bytes: kLimit.  kBadData for anything that is not whole gzip members.
Result<std::string> gunzip(std::string_view compressed,
                           std::uint64_t bytes_max);

}  // namespace prom::http
