// Export as blocks that a Prometheus server takes over: moved into its data
// directory, they are there after its next start or reload.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/matcher.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/store/view.h"

namespace prom::store {

struct TsdbExport {
  std::string directory;  // created if need be
  std::vector<Matchers> selectors;
  std::int64_t min_ms = 0;  // inclusive at both ends
  std::int64_t max_ms = 0;
};

// `go_on(samples)` is told how many were written, and says false to stop:
// kCancelled.  On failure no block of this export is left behind.
Result<std::uint64_t> export_tsdb(
    const View& view, const TsdbExport& request, os::FileSystem& files,
    os::Clock& clock, const std::function<bool(std::uint64_t)>& go_on);

}  // namespace prom::store
