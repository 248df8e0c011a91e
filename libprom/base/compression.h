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

// Appends `plain` to `into` as one zstd frame, made against `prefix`: what
// `plain` repeats of it costs next to nothing.  Both together at most
// kPrefixedBytesMax, or no prefix.
constexpr std::size_t kPrefixedBytesMax = 64U << 20U;
void pack_zstd(std::string_view plain, std::string_view prefix,
               std::string& into);
// The reverse, with the same prefix.  kCorrupt when it does not yield exactly
// `size` bytes.
Status unpack_zstd(std::string_view packed, std::string_view prefix,
                   std::size_t size, std::string& into);

}  // namespace prom
