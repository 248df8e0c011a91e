// A block as a part of a view, and the blocks of a view.
#include <algorithm>
#include <mutex>
#include <random>
#include <set>

#include "libprom/os/file.h"
#include "libprom/store/ctl.h"
#include "libprom/store/sample_order.h"
#include "libprom/store/view.h"

namespace prom::store {
namespace {

constexpr std::size_t kDamageMax = 1000;  // reports kept of one block

// What a block is found to lack is noted here; answers go on without it.
class Notes {
 public:
  void add(const Error& error) {
    const std::scoped_lock lock(mutex_);
    const bool known = std::ranges::any_of(
        all_, [&](const Error& one) { return one.message == error.message; });
    if (!known && all_.size() < kDamageMax) all_.push_back(error);
  }
  void copy_to(std::vector<Error>& into) const {
    const std::scoped_lock lock(mutex_);
    std::ranges::copy(all_, std::back_inserter(into));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Error> all_;
};

class BlockReader final : public PartReader {
 public:
  BlockReader(std::shared_ptr<const block::Block> block,
              std::shared_ptr<Notes> notes, std::vector<PartSeries> series,
              const ReadRange& range)
      : block_(std::move(block)),
        notes_(std::move(notes)),
        series_(std::move(series)),
        range_(range) {}

  void append(std::size_t index, Samples& into,
              std::int64_t& coarsest_ms) const override {
    const std::size_t begin = into.t_ms.size();
    std::int64_t coarsest = 0;
    const Status read =
        block_->read_points(series_[index], range_.min_ms, range_.max_ms,
                            range_.use, into, coarsest);
    if (!read) notes_->add(read.error());
    if (coarsest == 0) return;
    coarsest_ms = std::max(coarsest_ms, coarsest);
    put_in_order(into, begin);
  }
  bool append_bins(std::size_t index, const BinRequest& request,
                   Bins& into) const override {
    const auto read = block_->read_bins(series_[index], request, into);
    if (read) return *read;
    notes_->add(read.error());
    return true;
  }

 private:
  const std::shared_ptr<const block::Block> block_;
  const std::shared_ptr<Notes> notes_;
  const std::vector<PartSeries> series_;
  const ReadRange range_;
};

class BlockPart final : public ViewPart {
 public:
  explicit BlockPart(std::shared_ptr<const block::Block> block)
      : block_(std::move(block)), notes_(std::make_shared<Notes>()) {}

  [[nodiscard]] std::int64_t min_ms() const override {
    return block_->info().min_ms;
  }
  [[nodiscard]] std::int64_t max_ms() const override {
    return block_->info().max_ms;
  }
  [[nodiscard]] Result<std::vector<PartSeries>> select(
      const Matchers& matchers) const override {
    return noted(block_->select(matchers));
  }
  [[nodiscard]] Labels labels(PartSeries series) const override {
    return noted(block_->labels(series)).value_or(Labels());
  }
  [[nodiscard]] LabelIds column(
      std::string_view name,
      std::span<const PartSeries> series) const override {
    auto column = noted(block_->column(name, series));
    if (column)
      return {.ids = std::move(column->ids),
              .values = std::move(column->values)};
    return {.ids = std::vector<std::uint32_t>(series.size()), .values = {""}};
  }
  [[nodiscard]] std::vector<std::string> label_names(
      std::span<const PartSeries> series) const override {
    return noted(block_->label_names(series, SIZE_MAX))
        .value_or(std::vector<std::string>());
  }
  // They are numbered in that order.
  void sort_by_labels(std::vector<PartSeries>& series) const override {
    std::ranges::sort(series);
  }
  [[nodiscard]] std::unique_ptr<PartReader> reader(
      std::vector<PartSeries> series, const ReadRange& range) const override {
    return std::make_unique<BlockReader>(block_, notes_, std::move(series),
                                         range);
  }
  [[nodiscard]] bool has_bins_alone() const override {
    return block_->info().bins_alone;
  }
  [[nodiscard]] std::vector<PlacedExemplar> exemplars(
      std::span<const PartSeries> series, std::int64_t min_ms,
      std::int64_t max_ms) const override {
    std::vector<PlacedExemplar> all;
    for (std::uint32_t i = 0; i < series.size(); ++i) {
      auto some = noted(block_->exemplars(series[i]));
      if (!some) continue;
      for (Exemplar& one : *some) {
        if (one.t_ms >= min_ms && one.t_ms <= max_ms)
          all.emplace_back(i, std::move(one));
      }
    }
    return all;
  }
  void add_metadata(std::vector<FamilyMetadata>& all) const override {
    auto families = noted(block_->metadata());
    if (!families) return;
    for (block::FamilyMetadata& one : *families)
      all.push_back({.family = std::move(one.family),
                     .type = std::move(one.type),
                     .help = std::move(one.help),
                     .unit = std::move(one.unit)});
  }
  void add_damage(std::vector<Error>& all) const override {
    notes_->copy_to(all);
  }

  [[nodiscard]] PartSeries find(const Labels& wanted) const override {
    PartSeries low = 0;
    PartSeries high = block_->series_count();
    while (low < high) {
      const PartSeries middle = low + (high - low) / 2;
      const auto order = labels(middle) <=> wanted;
      if (order == std::strong_ordering::equal) return middle;
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return kNone;
  }

 private:
  template <typename T>
  Result<T> noted(Result<T> result) const {
    if (!result) notes_->add(result.error());
    return result;
  }

  const std::shared_ptr<const block::Block> block_;
  const std::shared_ptr<Notes> notes_;
};

}  // namespace

std::unique_ptr<ViewPart> block_part(
    std::shared_ptr<const block::Block> block) {
  return std::make_unique<BlockPart>(std::move(block));
}

Status View::open_blocks(const std::string& path) {
  std::vector<std::unique_ptr<ViewPart>> parts;
  for (const ManifestBlock& entry : manifest_.blocks) {
    auto block = block::Block::open(block_path(path, entry.id));
    if (!block && block.error().code == Code::kConfig)
      return fail(std::move(block).error());
    if (!block) {
      damage_.push_back(block.error());
      continue;
    }
    blocks_.push_back(std::move(*block));
    parts.push_back(block_part(blocks_.back()));
    for (const Deletion& deletion : manifest_.deletions) {
      if (deletion.number > entry.deleted)
        parts.back()->deletions.push_back(&deletion);
    }
  }
  // In the order of their age: blocks before heads.
  std::ranges::move(parts_, std::back_inserter(parts));
  parts_ = std::move(parts);
  return {};
}

Result<Manifest> rebuild_manifest(const std::string& store) {
  Manifest manifest;
  const auto generations = list_generations(store);
  if (!generations) return fail(generations.error());
  if (!generations->empty()) manifest.first_generation = generations->front();
  auto entries = os::real_file_system().list(blocks_path(store));
  if (!entries && entries.error().code == Code::kMissing) return manifest;
  if (!entries) return fail(std::move(entries).error());
  std::set<block::Ulid> replaced;
  for (const os::DirectoryEntry& entry : *entries) {
    const auto id = block::Ulid::parse(entry.name);
    if (!id) continue;
    const auto found = block::Block::open(block_path(store, *id));
    if (!found) continue;
    manifest.blocks.push_back(manifest_entry((*found)->info(), 0));
    const auto& parents = (*found)->info().parents;
    replaced.insert(parents.begin(), parents.end());
  }
  std::erase_if(manifest.blocks, [&](const ManifestBlock& block) {
    return replaced.contains(block.id);
  });
  std::ranges::sort(manifest.blocks, {}, &ManifestBlock::min_ms);
  return manifest;
}

Status repair_manifest(os::FileSystem& files, const std::string& store) {
  auto lock = os::FileLock::acquire(manifest_path(store) + ".lock");
  if (!lock) return fail(std::move(lock).error());
  auto manifest = rebuild_manifest(store);
  if (!manifest) return fail(std::move(manifest).error());
  ManifestEditor editor(files, store, std::move(*lock));
  editor.manifest = std::move(*manifest);
  // Readers tell manifests apart by their version.
  const auto old = load_manifest(store);
  editor.manifest.version =
      old ? old->version : std::uint64_t{std::random_device()()} << 16U;
  return editor.publish();
}

}  // namespace prom::store
