#include "libprom/store/compact.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "libprom/block/writer.h"
#include "libprom/store/block_plan.h"
#include "libprom/store/ctl.h"
#include "libprom/store/head_to_block.h"
#include "libprom/store/merge_blocks.h"

namespace prom::store {
namespace {

// A sender that was silent for so long says its layout anew.
constexpr std::int64_t kSilentMs = 2 * kHourMs;
constexpr std::string_view kGone = ".gone-";

class Compaction {
 public:
  Compaction(os::FileSystem& files, os::Clock& clock,
             const CompactOptions& options)
      : files_(files), clock_(clock), options_(options) {}

  Result<CompactReport> run() {
    const auto lock = lock_blocks(files_, options_.store);
    if (!lock) return fail(lock.error());
    if (Status done = prepare(); !done) return fail(std::move(done).error());
    if (Status done = steps(); !done) return fail(std::move(done).error());
    return std::move(report_);
  }

 private:
  Status steps() {
    if (options_.heads) {
      if (Status done = compact_heads(); !done) return done;
    }
    if (Status done = retain(); !done) return done;
    if (options_.clean) {
      if (Status done = clean(); !done) return done;
    }
    if (options_.merge) {
      if (Status done = merge(); !done) return done;
    }
    return remove_generations();
  }

  // Takes away what a compaction that died has left.
  Status prepare() {
    const std::string blocks = blocks_path(options_.store);
    if (Status done = block::remove_leftovers(files_, blocks); !done)
      return done;
    const auto manifest = load_manifest(options_.store);
    if (!manifest) return fail(manifest.error());
    std::set<std::string> named;
    for (const ManifestBlock& block : manifest->blocks)
      named.insert(block.id.to_string());
    auto entries = files_.list(blocks);
    if (!entries) return fail(std::move(entries).error());
    for (const os::DirectoryEntry& entry : *entries) {
      if (named.contains(entry.name) || !block::Ulid::parse(entry.name))
        continue;
      if (Status gone = files_.unlink(blocks + "/" + entry.name); !gone)
        return gone;
    }
    return {};
  }

  // -- the head

  Status compact_heads() {
    const auto generations = list_generations(options_.store);
    if (!generations) return fail(generations.error());
    if (generations->empty()) return {};
    const std::uint64_t live = generations->back();
    if (Status done = note_ends(live); !done) return done;
    const auto heads = View::open_heads_before(options_.store, live);
    if (!heads) return fail(heads.error());
    const std::uint64_t first = (*heads)->manifest().first_generation;
    if (first >= live) return {};
    // A generation that cannot be opened at all is not thrown away.
    if ((*heads)->heads().size() != live - first) {
      for (const Error& damage : (*heads)->damage())
        report_.damage.push_back(damage.message);
      return {};
    }
    const auto blocks =
        heads_to_blocks(files_, clock_, options_.store, **heads);
    if (!blocks) return fail(blocks.error());
    for (const auto& snapshot : (*heads)->heads()) {
      if (!snapshot->damage().empty())
        damaged_generations_.insert(snapshot->generation());
    }
    for (const Error& damage : (*heads)->damage())
      report_.damage.push_back(damage.message);
    report_.generations += live - first;
    return publish(*blocks, {}, (*heads)->manifest().last_deletion, live);
  }

  // Where closed generations end.  A writer that could not begin the next one
  // after all goes on with its last.
  Status note_ends(std::uint64_t live) {
    const auto generations = list_generations(options_.store);
    if (!generations) return fail(generations.error());
    for (const std::uint64_t generation : *generations) {
      if (generation >= live) continue;
      const auto ctl =
          Ctl::open(options_.store, generation, os::MappedFile::Access::kRead);
      if (ctl) ends_[generation] = (*ctl)->log_end();
    }
    return {};
  }

  [[nodiscard]] Status check_ends(std::uint64_t first, std::uint64_t live) {
    bool same = os::exists(ctl_path(options_.store, live));
    for (std::uint64_t generation = first; generation < live; ++generation) {
      const auto ctl =
          Ctl::open(options_.store, generation, os::MappedFile::Access::kRead);
      same = same && ctl && (*ctl)->log_end() == ends_[generation];
    }
    if (same) return {};
    return fail(Code::kBusy, "a generation that was closed is written again");
  }

  // One manifest: `made` in, `replaced` out, the head from `first_generation`.
  Status publish(std::span<const block::BlockInfo> made,
                 std::span<const ManifestBlock> replaced, std::uint64_t deleted,
                 std::uint64_t first_generation) {
    Status done = publish_manifest(made, replaced, deleted, first_generation);
    if (!done) {
      remove_unnamed(files_, options_.store, made);
      return done;
    }
    for (const block::BlockInfo& block : made) {
      ++report_.blocks_made;
      report_.samples_written += block.samples;
    }
    for (const ManifestBlock& block : replaced) {
      done = files_.unlink(block_path(options_.store, block.id));
      if (!done) return done;
    }
    return {};
  }

  Status publish_manifest(std::span<const block::BlockInfo> made,
                          std::span<const ManifestBlock> replaced,
                          std::uint64_t deleted,
                          std::uint64_t first_generation) {
    auto editor = ManifestEditor::open(files_, options_.store);
    if (!editor) return fail(std::move(editor).error());
    Manifest& manifest = editor->manifest;
    if (first_generation > manifest.first_generation) {
      Status sound = check_ends(manifest.first_generation, first_generation);
      if (!sound) return sound;
    }
    std::erase_if(manifest.blocks, [&](const ManifestBlock& block) {
      return std::ranges::any_of(replaced, [&](const ManifestBlock& gone) {
        return gone.id == block.id;
      });
    });
    for (const block::BlockInfo& info : made)
      manifest.blocks.push_back(manifest_entry(info, deleted));
    manifest.first_generation =
        std::max(manifest.first_generation, first_generation);
    return editor->publish();
  }

  // Files of generations that are in blocks.  Those in which something was
  // damaged are set aside, for who knows how to get more out of them.
  Status remove_generations() {
    const auto manifest = load_manifest(options_.store);
    if (!manifest) return fail(manifest.error());
    const auto generations = list_generations(options_.store);
    if (!generations) return fail(generations.error());
    const std::string head = options_.store + "/head";
    for (const std::uint64_t generation : *generations) {
      if (generation >= manifest->first_generation) continue;
      if (is_handed_over(generation, *generations)) {
        // In one step, so that half of it is never taken for the whole.
        const std::string path = head_path(options_.store, generation);
        std::string gone = head + "/" + std::string(kGone);
        if (damaged_generations_.contains(generation)) {
          gone = options_.store + "/quarantine";
          if (Status made = files_.make_directory(gone); !made) return made;
          gone += "/head-";
        }
        gone += path.substr(path.find_last_of('/') + 1);
        if (Status moved = files_.rename(path, gone); !moved) return moved;
      }
    }
    auto entries = files_.list(head);
    if (!entries) return fail(std::move(entries).error());
    for (const os::DirectoryEntry& entry : *entries) {
      if (!entry.name.starts_with(kGone)) continue;
      if (Status done = remove_tree(head + "/" + entry.name); !done)
        return done;
    }
    return {};
  }

  // Its files tell a writer that is started again what its senders sent last:
  // until they have gone on in a later generation, or are silent for long.
  [[nodiscard]] bool is_handed_over(
      std::uint64_t generation,
      std::span<const std::uint64_t> generations) const {
    const auto closed = Snapshot::open(options_.store, generation);
    if (!closed) return true;
    const std::set<std::uint64_t> senders = living_senders(**closed);
    std::set<std::uint64_t> gone_on;
    for (const std::uint64_t later : generations) {
      if (later <= generation || senders.empty()) continue;
      const auto snapshot = Snapshot::open(options_.store, later);
      if (!snapshot) continue;
      for (const SourceState& source : (*snapshot)->head().sources())
        gone_on.insert(source.key);
    }
    return std::ranges::includes(gone_on, senders);
  }

  [[nodiscard]] std::set<std::uint64_t> living_senders(
      const Snapshot& closed) const {
    const StreamReader& log = closed.head().log();
    std::set<std::uint64_t> senders;
    for (const SourceState& source : closed.head().sources()) {
      const auto layout = log.record(source.last_layout);
      if (!layout || (layout->header.flags & kLayoutSent) == 0) continue;
      const auto row = log.record(source.last_row);
      const std::int64_t last_ms =
          row && row->body.size() >= sizeof(RowBody)
              ? load_struct<RowBody>(row->body.data()).t_ms
              : closed.root().max_ms;
      if (clock_.wall_ms() - last_ms <= kSilentMs) senders.insert(source.key);
    }
    return senders;
  }

  Status remove_tree(const std::string& directory) {
    auto entries = files_.list(directory);
    if (!entries) return fail(std::move(entries).error());
    for (const os::DirectoryEntry& entry : *entries) {
      if (Status gone = files_.unlink(directory + "/" + entry.name); !gone)
        return gone;
    }
    return files_.remove_directory(directory);
  }

  // -- blocks

  // Blocks that can be read as a whole, as far as is known.
  [[nodiscard]] std::vector<ManifestBlock> sound_blocks(
      const Manifest& manifest) const {
    std::vector<ManifestBlock> sound;
    for (const ManifestBlock& block : manifest.blocks) {
      if (!damaged_.contains(block.id)) sound.push_back(block);
    }
    return sound;
  }

  // False: an input is damaged, and is left alone from now on.
  Result<bool> rewrite(const Manifest& manifest,
                       std::span<const ManifestBlock> blocks,
                       std::uint32_t level) {
    std::vector<MergeInput> inputs;
    for (const ManifestBlock& block : blocks) {
      auto opened = block::Block::open(block_path(options_.store, block.id));
      if (!opened) {
        note_damage(block.id, opened.error());
        return false;
      }
      MergeInput input{.block = std::move(*opened)};
      for (const Deletion& deletion : manifest.deletions) {
        if (deletion.number > block.deleted)
          input.deletions.push_back(&deletion);
      }
      auto outlived =
          outlived_series(options_.retention, *input.block, now_ms(manifest));
      if (!outlived) {
        note_damage(block.id, outlived.error());
        return false;
      }
      input.stays = std::move(*outlived);
      inputs.push_back(std::move(input));
    }
    auto made = merge_blocks(files_, clock_, options_.store, inputs, level);
    if (!made && made.error().damaged) {
      note_damage(*made.error().damaged, made.error().error);
      return false;
    }
    if (!made) return fail(std::move(made).error().error);
    std::vector<block::BlockInfo> all;
    if (*made) all.push_back(**made);
    report_.blocks_merged += blocks.size();
    if (Status done = publish(all, blocks, manifest.last_deletion, 0); !done)
      return fail(std::move(done).error());
    return true;
  }

  void note_damage(const block::Ulid& id, const Error& error) {
    if (damaged_.insert(id).second)
      report_.damage.push_back("block " + id.to_string() +
                               " stays as it is: " + error.message);
  }

  Status merge() {
    while (true) {
      const auto manifest = load_manifest(options_.store);
      if (!manifest) return fail(manifest.error());
      const MergePlan plan = plan_merge(sound_blocks(*manifest), options_.all);
      if (plan.blocks.empty()) return {};
      const auto done = rewrite(*manifest, plan.blocks, plan.level);
      if (!done) return fail(done.error());
    }
  }

  // Every block that a deletion concerns.
  Status clean() {
    const auto manifest = load_manifest(options_.store);
    if (!manifest) return fail(manifest.error());
    for (const ManifestBlock& block : sound_blocks(*manifest)) {
      const bool concerned = std::ranges::any_of(
          manifest->deletions, [&](const Deletion& deletion) {
            return deletion.number > block.deleted;
          });
      if (!concerned) continue;
      const auto done = rewrite(*manifest, std::span(&block, 1), block.level);
      if (!done) return fail(done.error());
    }
    return {};
  }

  // -- retention

  // The newest sample, or the clock if that is earlier.
  [[nodiscard]] std::int64_t now_ms(const Manifest& manifest) const {
    std::int64_t newest = newest_in_head_ms_;
    for (const ManifestBlock& block : manifest.blocks)
      newest = std::max(newest, block.max_ms);
    return std::min(newest, clock_.wall_ms());
  }

  Status look_at_head() {
    const auto view = View::open(options_.store);
    if (!view) return fail(view.error());
    for (const auto& snapshot : (*view)->heads()) {
      const Head& head = snapshot->head();
      if (head.root().samples > 0)
        newest_in_head_ms_ = std::max(newest_in_head_ms_, head.root().max_ms);
      for (const StreamReader* stream : {&head.log(), &head.index()}) {
        for (const auto& arena : stream->arenas()) head_bytes_ += arena.size;
      }
    }
    return {};
  }

  Status retain() {
    if (Status done = look_at_head(); !done) return done;
    const auto space = os::disk_space(options_.store);
    if (!space) return fail(space.error());
    auto manifest = load_manifest(options_.store);
    if (!manifest) return fail(std::move(manifest).error());
    const auto gone =
        outlived_blocks(options_.retention, manifest->blocks, head_bytes_,
                        space->total_bytes, now_ms(*manifest));
    if (!gone.empty()) {
      report_.blocks_outlived += gone.size();
      if (Status done = publish({}, gone, 0, 0); !done) return done;
      manifest = load_manifest(options_.store);
      if (!manifest) return fail(std::move(manifest).error());
    }
    for (const ManifestBlock& block : sound_blocks(*manifest)) {
      if (Status done = retain_series(*manifest, block); !done) return done;
    }
    return {};
  }

  // Rewrites a block some of whose series, or their samples, are too old.
  Status retain_series(const Manifest& manifest, const ManifestBlock& block) {
    const std::int64_t shortest = options_.retention.shortest_ms();
    const std::int64_t now = now_ms(manifest);
    if (shortest == kForEver || block.max_ms >= now - shortest) return {};
    const auto opened =
        block::Block::open(block_path(options_.store, block.id));
    const auto gone = opened
                          ? outlived_series(options_.retention, **opened, now)
                          : Result<std::vector<Stays>>(fail(opened.error()));
    if (!gone) {
      note_damage(block.id, gone.error());
      return {};
    }
    if (gone->empty()) return {};
    const auto done = rewrite(manifest, std::span(&block, 1), block.level);
    if (!done) return fail(done.error());
    return {};
  }

  os::FileSystem& files_;
  os::Clock& clock_;
  const CompactOptions& options_;
  CompactReport report_;
  std::set<block::Ulid> damaged_;
  std::set<std::uint64_t> damaged_generations_;
  std::map<std::uint64_t, std::optional<Position>> ends_;
  std::int64_t newest_in_head_ms_ = INT64_MIN;
  std::uint64_t head_bytes_ = 0;
};

}  // namespace

Result<CompactReport> compact(os::FileSystem& files, os::Clock& clock,
                              const CompactOptions& options) {
  return Compaction(files, clock, options).run();
}

}  // namespace prom::store
