// Blocks of a view.
#include "libprom/store/ctl.h"
#include "libprom/store/view.h"

namespace prom::store {

Status View::open_blocks(const std::string& path) {
  for (const ManifestBlock& entry : manifest_.blocks)
    damage_.push_back(
        {Code::kConfig, block_path(path, entry.id) + ": no reader of blocks"});
  return {};
}

Result<Manifest> rebuild_manifest(const std::string& store) {
  Manifest manifest;
  const auto generations = list_generations(store);
  if (!generations) return fail(generations.error());
  if (!generations->empty()) manifest.first_generation = generations->front();
  return manifest;
}

}  // namespace prom::store
