// The file that --output-file names.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::query {

// Replaces `path` in one step, as os::write_file_atomically does, and leaves
// it readable for everybody from its first moment: node_exporter, which
// collects such files, runs as a user of its own.
Status replace_file(const std::string& path, std::string_view content);

}  // namespace prom::query
