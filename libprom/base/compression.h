// Compressed buffers from other programs: Prometheus' write-ahead log, remote
// write.  The only place that sees snappy and zstd.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom {

// Snappy's block format, without framing.  kCorrupt when it is none, kLimit
// when it says that it unfolds to more than `bytes_max`; `into` is unspecified
// then.
Status unpack_snappy(std::string_view packed, std::size_t bytes_max,
                     std::string& into);

// One or several zstd frames; the same errors.
Status unpack_zstd(std::string_view packed, std::size_t bytes_max,
                   std::string& into);

}  // namespace prom
