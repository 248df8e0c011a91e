#include "libprom/store/delete_samples.h"

#include "libprom/store/ctl.h"
#include "libprom/store/generation_request.h"
#include "libprom/store/manifest.h"

namespace prom::store {

Status delete_samples(os::FileSystem& files, os::Clock& clock,
                      const std::string& store,
                      std::span<const Matchers> selectors,
                      const TimeRange& range, bool unsafe_filesystem) {
  // What comes later goes to a generation that is not concerned.
  if (Status begun = request_generation(files, clock, store, unsafe_filesystem);
      !begun)
    return begun;
  const auto generations = list_generations(store);
  if (!generations) return fail(generations.error());
  auto editor = ManifestEditor::open(files, store);
  if (!editor) return fail(std::move(editor).error());
  Manifest& manifest = editor->manifest;
  if (manifest.deletions.size() + selectors.size() > kDeletionsMax)
    return fail(Code::kLimit,
                std::to_string(manifest.deletions.size()) +
                    " deletions wait for a merge; prom-store clean makes room");
  for (const Matchers& matchers : selectors)
    manifest.deletions.push_back({.number = ++manifest.last_deletion,
                                  .before_generation = generations->back(),
                                  .min_ms = range.min_ms,
                                  .max_ms = range.max_ms,
                                  .matchers = matchers});
  return editor->publish();
}

}  // namespace prom::store
