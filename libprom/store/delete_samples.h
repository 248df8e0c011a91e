// Deletes samples: at once for every reader, by one entry in the manifest; from
// the disk with the next merge of each block.
#pragma once

#include <span>
#include <string>

#include "libprom/base/result.h"
#include "libprom/model/matcher.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/store/sample_order.h"

namespace prom::store {

// Samples that are in the store now, of series that one of the selectors
// accepts.
Status delete_samples(os::FileSystem& files, os::Clock& clock,
                      const std::string& store,
                      std::span<const Matchers> selectors,
                      const TimeRange& range, bool unsafe_filesystem);

}  // namespace prom::store
