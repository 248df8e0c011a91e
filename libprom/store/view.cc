#include "libprom/store/view.h"

#include <algorithm>
#include <map>

namespace prom::store {
namespace {

// Each attempt that fails means that somebody published a manifest meanwhile.
constexpr int kAttemptsMax = 1000;

bool is_damage(const Error& error) {
  return error.code == Code::kCorrupt || error.code == Code::kIo ||
         error.code == Code::kMissing;
}

}  // namespace

Result<std::shared_ptr<const View>> View::open(const std::string& path) {
  return open_scope(path, {});
}

Result<std::shared_ptr<const View>> View::open_before(
    const std::string& path, std::uint64_t generation) {
  return open_scope(path, {.end_generation = generation});
}

Result<std::shared_ptr<const View>> View::open_heads_before(
    const std::string& path, std::uint64_t generation) {
  return open_scope(path, {.end_generation = generation, .with_blocks = false});
}

// Files are removed only after a manifest that does not need them, so parts
// that were opened between two looks at the same manifest are all there.
Result<std::shared_ptr<const View>> View::open_scope(const std::string& path,
                                                     const Scope& scope) {
  Status opened;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    std::shared_ptr<View> view(new View());
    auto manifest = load_manifest(path);
    std::vector<Error> damage;
    if (!manifest && manifest.error().code == Code::kCorrupt) {
      damage.push_back(manifest.error());
      manifest = rebuild_manifest(path);
    }
    if (!manifest) return fail(std::move(manifest).error());
    view->manifest_ = std::move(*manifest);
    view->damage_ = std::move(damage);
    opened = view->open_parts(path, scope);
    const auto after = load_manifest(path);
    if (after && after->version != view->manifest_.version) continue;
    if (!opened) return fail(std::move(opened).error());
    return view;
  }
  return fail(Code::kBusy, path + ": changes faster than it can be opened");
}

Status View::open_parts(const std::string& path, const Scope& scope) {
  if (Status done = open_heads(path, scope.end_generation); !done) return done;
  if (scope.with_blocks) {
    if (Status done = open_blocks(path); !done) return done;
  }
  for (const auto& part : parts_) {
    min_ms_ = std::min(min_ms_, part->min_ms());
    max_ms_ = std::max(max_ms_, part->max_ms());
  }
  return {};
}

Status View::open_heads(const std::string& path, std::uint64_t end_generation) {
  const auto generations = list_generations(path);
  if (!generations) return fail(generations.error());
  const std::uint64_t first = manifest_.first_generation;
  const std::uint64_t end = std::min(
      end_generation, generations->empty() ? first : generations->back() + 1);
  for (std::uint64_t generation = first; generation < end; ++generation) {
    auto snapshot = Snapshot::open(path, generation);
    if (!snapshot && !is_damage(snapshot.error()))
      return fail(std::move(snapshot).error());
    if (!snapshot) {
      damage_.push_back(snapshot.error());
      continue;
    }
    heads_.push_back(std::move(*snapshot));
    parts_.push_back(head_part(heads_.back()));
    for (const Deletion& deletion : manifest_.deletions) {
      if (deletion.before_generation > generation)
        parts_.back()->deletions.push_back(&deletion);
    }
  }
  // A store whose only generation cannot be opened cannot be read at all.
  if (heads_.empty() && !damage_.empty() && manifest_.blocks.empty())
    return fail(damage_.front());
  return {};
}

bool View::has_bins_alone() const {
  return std::ranges::any_of(
      parts_, [](const auto& part) { return part->has_bins_alone(); });
}

std::vector<FamilyMetadata> View::metadata() const {
  std::map<std::string, FamilyMetadata, std::less<>> families;
  for (const auto& part : parts_) {
    std::vector<FamilyMetadata> some;
    part->add_metadata(some);
    for (FamilyMetadata& one : some)
      families.insert_or_assign(one.family, std::move(one));
  }
  std::vector<FamilyMetadata> all;
  all.reserve(families.size());
  for (auto& [name, family] : families) all.push_back(std::move(family));
  return all;
}

std::vector<Error> View::damage() const {
  std::vector<Error> all = damage_;
  for (const auto& part : parts_) part->add_damage(all);
  return all;
}

View::~View() = default;

}  // namespace prom::store
