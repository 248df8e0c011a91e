// A store as a source of the engine: one snapshot, read in place.
#pragma once

#include <memory>
#include <string>

#include "libprom/base/result.h"
#include "libprom/query/source.h"

namespace prom::store {
class Snapshot;
}

namespace prom::query {

// Reads the store at `path` as it is now; to see what was appended since, open
// it again, which takes well under a millisecond for a small store.  kMissing
// when there is no store.
Result<std::unique_ptr<Source>> open_store(const std::string& path);

// The same for a snapshot that exists.
std::unique_ptr<Source> store_source(
    std::shared_ptr<const store::Snapshot> snapshot);

}  // namespace prom::query
