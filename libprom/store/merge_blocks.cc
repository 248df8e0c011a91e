#include "libprom/store/merge_blocks.h"

#include <algorithm>

#include "libprom/block/writer.h"
#include "libprom/store/block_plan.h"
#include "libprom/store/head_to_block.h"
#include "libprom/store/joined_series.h"
#include "libprom/store/sample_order.h"

namespace prom::store {
namespace {

bool is_in(std::span<const TimeRange> ranges, std::int64_t t_ms) {
  return std::ranges::any_of(ranges, [&](const TimeRange& range) {
    return t_ms >= range.min_ms && t_ms <= range.max_ms;
  });
}

// The series of one input, one after the other.
class Cursor {
 public:
  // What is deleted is looked up once, for all series.
  static Result<std::unique_ptr<Cursor>> open(const MergeInput& input) {
    std::unique_ptr<Cursor> cursor(new Cursor(input));
    for (const Deletion* deletion : input.deletions) {
      auto gone = input.block->select(deletion->matchers);
      if (!gone) return fail(std::move(gone).error());
      cursor->deleted_.emplace_back(
          std::move(*gone), TimeRange{deletion->min_ms, deletion->max_ms});
    }
    if (Status found = cursor->settle(); !found)
      return fail(std::move(found).error());
    return cursor;
  }

  [[nodiscard]] bool done() const {
    return next_ == input_.block->series_count();
  }
  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] block::BlockPart part() const {
    return {input_.block.get(), next_};
  }
  [[nodiscard]] Stays stays() const {
    return input_.stays.empty() ? Stays::kSamples : input_.stays[next_];
  }
  // Samples are all it has, and they stay.
  [[nodiscard]] Result<bool> is_whole() const {
    if (stays() != Stays::kSamples || !deleted().empty()) return false;
    const auto alone = input_.block->has_bins_alone(next_);
    if (!alone) return alone;
    return !*alone;
  }
  [[nodiscard]] const block::BlockInfo& info() const {
    return input_.block->info();
  }
  [[nodiscard]] std::vector<TimeRange> deleted() const {
    std::vector<TimeRange> ranges;
    for (const auto& [series, range] : deleted_) {
      if (std::ranges::binary_search(series, next_)) ranges.push_back(range);
    }
    return ranges;
  }
  Status advance() {
    ++next_;
    return settle();
  }

 private:
  explicit Cursor(const MergeInput& input) : input_(input) {}
  Status settle() {
    while (!done() && stays() == Stays::kNothing) ++next_;
    if (done()) return {};
    auto labels = input_.block->labels(next_);
    if (!labels) return fail(std::move(labels).error());
    labels_ = std::move(*labels);
    return {};
  }

  const MergeInput& input_;
  block::Ordinal next_ = 0;
  Labels labels_;
  std::vector<std::pair<std::vector<block::Ordinal>, TimeRange>> deleted_;
};

class Merge {
 public:
  Merge(std::vector<std::unique_ptr<Cursor>> cursors, block::Writer& writer)
      : cursors_(std::move(cursors)), writer_(writer) {}

  Status run() {
    while (find_next()) {
      const auto added = add();
      if (!added) return fail(added.error());
      if (*added) add_exemplars();
      for (Cursor* const cursor : same_) {
        if (Status moved = cursor->advance(); !moved) return moved;
      }
    }
    return {};
  }

  [[nodiscard]] bool any() const { return any_; }
  // The input that was being read when it failed.
  [[nodiscard]] std::optional<block::Ulid> blamed() const { return blamed_; }

 private:
  // The inputs that have the least labels.
  bool find_next() {
    same_.clear();
    for (const auto& cursor : cursors_) {
      if (cursor->done()) continue;
      const auto order = same_.empty()
                             ? std::strong_ordering::less
                             : cursor->labels() <=> same_.front()->labels();
      if (order < 0) same_.clear();
      if (order <= 0) same_.push_back(cursor.get());
    }
    return !same_.empty();
  }

  // Whether the samples of each part come after those of the ones before it.
  // Blocks may overlap a little at their cut, few series do.
  Result<bool> follow_one_another() {
    for (std::size_t i = 1; i < same_.size(); ++i) {
      const std::int64_t begin = same_[i]->info().min_ms;
      for (std::size_t before = 0; before < i; ++before) {
        const std::int64_t end = same_[before]->info().max_ms;
        if (end < begin) continue;
        const auto first = times_in(*same_[i], begin, end);
        const auto last = times_in(*same_[before], begin, end);
        if (!first || !last) return fail((first ? last : first).error());
        if (first->empty() || last->empty()) continue;
        if (last->back() >= first->front()) return false;
      }
    }
    return true;
  }

  Result<std::vector<std::int64_t>> times_in(const Cursor& cursor,
                                             std::int64_t min_ms,
                                             std::int64_t max_ms) {
    samples_.clear();
    const block::BlockPart part = cursor.part();
    const Status read = part.block->read(part.series, min_ms, max_ms, samples_);
    if (read) return samples_.t_ms;
    blamed_ = cursor.info().id;
    return fail(read.error());
  }

  // Frames are copied where nothing is deleted and the inputs follow one
  // another in time; else the samples are decoded and put in order.  False
  // when nothing is left of the series.
  Result<bool> add() {
    std::vector<block::BlockPart> parts;
    bool whole = true;
    for (Cursor* const cursor : same_) {
      parts.push_back(cursor->part());
      const auto own = cursor->is_whole();
      if (!own) {
        blamed_ = cursor->info().id;
        return own;
      }
      whole = whole && *own;
    }
    const auto follow = follow_one_another();
    if (!follow) return follow;
    if (whole && *follow) {
      const Status merged = writer_.merge(same_.front()->labels(), parts, {});
      if (!merged) return fail(merged.error());
      return any_ = true;
    }
    return add_decoded();
  }

  Result<bool> add_decoded() {
    JoinedSeries joined;
    for (Cursor* const cursor : same_) {
      const Status done =
          joined.add(cursor->part(), cursor->deleted(), cursor->stays());
      if (!done) {
        blamed_ = cursor->info().id;
        return fail(done.error());
      }
    }
    joined.finish();
    if (joined.empty()) return false;
    const Status added = writer_.add(same_.front()->labels(),
                                     joined.samples().of(0), &joined.alone());
    if (!added) return fail(added.error());
    return any_ = true;
  }

  void add_exemplars() {
    std::vector<block::Exemplar> all;
    for (const Cursor* const cursor : same_) {
      if (cursor->stays() != Stays::kSamples) continue;
      const block::BlockPart part = cursor->part();
      auto some = part.block->exemplars(part.series);
      if (!some) continue;  // losing one to damage is not worth the merge
      const auto deleted = cursor->deleted();
      for (block::Exemplar& one : *some) {
        if (!is_in(deleted, one.t_ms)) all.push_back(std::move(one));
      }
    }
    put_in_order(all);
    if (!all.empty()) writer_.add_exemplars(all);
  }

  std::vector<std::unique_ptr<Cursor>> cursors_;
  block::Writer& writer_;
  std::vector<Cursor*> same_;
  Samples samples_;
  bool any_ = false;
  std::optional<block::Ulid> blamed_;
};

// An input with a damage that verify finds.
std::optional<block::Ulid> find_damaged(std::span<const MergeInput> inputs) {
  for (const MergeInput& input : inputs) {
    bool damaged = false;
    input.block->verify([&](const Error&) { damaged = true; });
    if (damaged) return input.block->info().id;
  }
  return std::nullopt;
}

std::unexpected<MergeFailure> failed(Error error,
                                     std::span<const MergeInput> inputs,
                                     std::optional<block::Ulid> blamed) {
  const bool damage = error.code == Code::kCorrupt || error.code == Code::kIo;
  if (damage && !blamed) blamed = find_damaged(inputs);
  return std::unexpected(MergeFailure{std::move(error), blamed});
}

}  // namespace

std::expected<std::optional<block::BlockInfo>, MergeFailure> merge_blocks(
    os::FileSystem& files, os::Clock& clock, const std::string& store,
    std::span<const MergeInput> inputs, std::uint32_t level) {
  std::vector<block::Ulid> parents;
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (const MergeInput& input : inputs) {
    parents.push_back(input.block->info().id);
    auto cursor = Cursor::open(input);
    if (!cursor)
      return failed(std::move(cursor).error(), inputs, parents.back());
    cursors.push_back(std::move(*cursor));
  }
  auto writer = block::Writer::create(files, blocks_path(store),
                                      {.id = new_block_id(clock),
                                       .level = level,
                                       .parents = parents,
                                       .statistics = level > 0});
  if (!writer) return failed(std::move(writer).error(), {}, std::nullopt);
  Merge merge(std::move(cursors), **writer);
  if (Status done = merge.run(); !done)
    return failed(std::move(done).error(), inputs, merge.blamed());
  if (!merge.any()) return std::nullopt;
  // The newest block has the last word.
  for (const MergeInput& input : inputs) {
    const auto families = input.block->metadata();
    if (!families) continue;
    for (const block::FamilyMetadata& one : *families)
      (*writer)->add_metadata(one);
  }
  auto info = (*writer)->finish();
  if (!info) return failed(std::move(info).error(), inputs, std::nullopt);
  return std::move(*info);
}

}  // namespace prom::store
