// What a reader in any process sees of a whole store: blocks and generations of
// the head as of one moment.  Opening takes no lock and tells nobody; what it
// shows never changes, however long it is held, whatever is compacted,
// retained or deleted meanwhile.  prom-query, prom-rules, exports and
// prom-store's own reports read through it; query/store_source.h makes it a
// source of the engine.
//
//   auto view = View::open("prom-data");
//   auto selection = (*view)->select(matchers, min_ms, max_ms);
//   (*selection)->read(0, (*selection)->size(), samples);
//
// Every sample is seen exactly once: a change of the set of parts is one new
// manifest, and a reader that meets a file that is gone begins anew with the
// next one.  What is damaged costs itself only, and is in damage().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/samples.h"
#include "libprom/store/manifest.h"
#include "libprom/store/sample_order.h"
#include "libprom/store/snapshot.h"
#include "libprom/store/view_part.h"

namespace prom::store {

class View;

// Series that match, in ascending order of their labels, and their samples.
// Thread-safe: threads may read disjoint or the same series at once.
class ViewSelection {
 public:
  ~ViewSelection();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Labels labels(std::size_t series) const;
  [[nodiscard]] LabelIds column(std::string_view name) const;
  // Of the series; sorted.
  [[nodiscard]] std::vector<std::string> label_names() const;
  [[nodiscard]] std::vector<std::string> label_values(
      std::string_view name) const;

  // Samples of series [first, first + count) in the range of the selection,
  // each ascending without duplicates.  Clears `into` before.  Of what is kept
  // as statistics only, the last value of each bin stands for its window; the
  // longest such window of each series is put into `coarsest_ms`, 0 for none.
  void read(std::size_t first, std::size_t count, Samples& into,
            std::vector<std::int64_t>* coarsest_ms = nullptr) const;
  // Appends the samples of one series, without end_series().
  std::int64_t append(std::size_t series, Samples& into) const;
  // The bins of one series, as block::Block::read_bins does; clears `into`
  // before.  False: only its samples can tell.  REQUIRES: ranges within that
  // of the selection.
  bool read_bins(std::size_t series, BinRequest request, Bins& into) const;
  // Of each series of the selection, ascending in time without duplicates.
  [[nodiscard]] std::vector<std::vector<Exemplar>> exemplars() const;
  // Series [first, first + count) as a selection of their own, whose reading
  // takes memory for them only.
  [[nodiscard]] std::unique_ptr<const ViewSelection> slice(
      std::size_t first, std::size_t count) const;

 private:
  friend class View;
  // The series of one part, and who reads them.
  struct Part;
  struct Member {
    std::uint32_t part = 0;
    std::uint32_t index = 0;  // into the part's series
  };
  ViewSelection(std::shared_ptr<const View> view, const ReadRange& range);
  void open();
  void merge();
  [[nodiscard]] std::span<const Member> members(std::size_t series) const;
  [[nodiscard]] std::vector<TimeRange> deleted(const Member& member) const;
  void append_member(const Member& member, Samples& into,
                     std::int64_t& coarsest_ms) const;
  bool append_bins(const Member& member, const BinRequest& request,
                   Bins& into) const;

  std::shared_ptr<const View> view_;
  const ReadRange range_;
  std::vector<Part> parts_;
  std::size_t size_ = 0;
  // Empty when there is at most one part: then series are the part's.
  std::vector<Member> members_;
  std::vector<std::uint32_t> end_;  // of each series in members_
};

// Immutable and thread-safe.
class View : public std::enable_shared_from_this<View> {
 public:
  // kMissing when there is no store at `path`.
  static Result<std::shared_ptr<const View>> open(const std::string& path);
  // Only blocks and generations before this one: what the writer of that
  // generation asks about samples older than its own.
  static Result<std::shared_ptr<const View>> open_before(
      const std::string& path, std::uint64_t generation);
  // Of those only the generations: what is to become blocks.
  static Result<std::shared_ptr<const View>> open_heads_before(
      const std::string& path, std::uint64_t generation);
  ~View();

  // Series that all matchers accept and that have a sample in the range, or
  // may have one.  Times are inclusive at both ends.
  [[nodiscard]] Result<std::unique_ptr<const ViewSelection>> select(
      const Matchers& matchers, std::int64_t min_ms, std::int64_t max_ms,
      Resolution use = Resolution::kAuto) const;
  // The series with these labels, in the order given; those that no part has
  // are empty.  REQUIRES: no labels twice.
  [[nodiscard]] std::unique_ptr<const ViewSelection> find(
      std::span<const Labels> labels, std::int64_t min_ms,
      std::int64_t max_ms) const;

  // Of the first and the last sample, of deleted ones too; min > max while
  // there is none.
  [[nodiscard]] std::int64_t min_ms() const { return min_ms_; }
  [[nodiscard]] std::int64_t max_ms() const { return max_ms_; }

  // The newest of each family, by name.
  [[nodiscard]] std::vector<FamilyMetadata> metadata() const;

  // Bins stand for samples that it has no more.
  [[nodiscard]] bool has_bins_alone() const;

  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  // Generations of the head, oldest first; the last one is being written.
  [[nodiscard]] const std::vector<std::shared_ptr<const Snapshot>>& heads()
      const {
    return heads_;
  }
  // Those that could be opened.
  [[nodiscard]] const std::vector<std::shared_ptr<const block::Block>>& blocks()
      const {
    return blocks_;
  }

  // Damage that this view met, with file and offset.
  [[nodiscard]] std::vector<Error> damage() const;

 private:
  View() = default;
  struct Scope {
    std::uint64_t end_generation = UINT64_MAX;
    bool with_blocks = true;
  };
  static Result<std::shared_ptr<const View>> open_scope(const std::string& path,
                                                        const Scope& scope);
  Status open_parts(const std::string& path, const Scope& scope);
  Status open_heads(const std::string& path, std::uint64_t end_generation);
  Status open_blocks(const std::string& path);

  Manifest manifest_;
  std::vector<std::shared_ptr<const Snapshot>> heads_;
  std::vector<std::shared_ptr<const block::Block>> blocks_;
  std::vector<std::unique_ptr<ViewPart>> parts_;  // blocks, then heads
  std::vector<Error> damage_;                     // met when opening
  std::int64_t min_ms_ = INT64_MAX;
  std::int64_t max_ms_ = INT64_MIN;

  friend class ViewSelection;
};

}  // namespace prom::store
