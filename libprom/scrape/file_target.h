// Targets that are files: the metrics that our own tools keep in RUNDIR.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::scrape {

constexpr std::string_view kFileScheme = "file://";

// The file that a file:// URL names, when it lies below `directory`, whatever
// links lead there.  kMissing, kPermission.
Result<std::string> allowed_file(const std::string& url,
                                 const std::string& directory);

}  // namespace prom::scrape
