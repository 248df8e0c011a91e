// The head as of one commit: where the log ends, the root that the last commit
// record is, the sources, the zones and the series that are in no zone yet.
// Readers in any process and the writer, when it opens, build it in the same
// way; nothing in it depends on having been told by another process.
//
// Opening costs O(sources) and the records since the last source table, never
// O(samples).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/store/ctl.h"
#include "libprom/store/format.h"
#include "libprom/store/stream_reader.h"
#include "libprom/store/zone.h"

namespace prom::store {

struct SourceState {
  std::uint64_t key = 0;
  Position last_row = kNowhere;
  Position last_layout = kNowhere;
  bool foreign = false;  // has columns whose series live elsewhere
};

// Walks the records of [from, end) and hands out those that a commit record
// covers, batch by batch; damage is skipped and reported.
struct BatchVisitor {
  std::function<void(const Record&)> on_record;
  std::function<void(Position, const CommitBody&)> on_commit;
  std::function<void(const Error&)> on_damage;
};
void visit_batches(const StreamReader& log, Position from, Position end,
                   const BatchVisitor& visitor);

class Head {
 public:
  // `ctl` may be shared with a writer in the same process.
  static Result<std::unique_ptr<Head>> open(const std::string& store,
                                            const std::shared_ptr<Ctl>& ctl);

  // Immutable after open; thread-safe.
  [[nodiscard]] const CommitBody& root() const { return root_; }
  // Where the next batch begins.
  [[nodiscard]] Position log_end() const { return log_end_; }
  // Differs from log_end() when the newest commit record is damaged: then
  // these bytes were published, and nothing may be written over them.
  [[nodiscard]] Position append_at() const { return append_at_; }
  [[nodiscard]] Position index_end() const { return index_end_; }
  [[nodiscard]] const StreamReader& log() const { return *log_; }
  [[nodiscard]] StreamReader& index() { return *index_; }
  [[nodiscard]] const StreamReader& index() const { return *index_; }
  [[nodiscard]] const std::vector<SourceState>& sources() const {
    return sources_;
  }
  [[nodiscard]] std::size_t zone_count() const { return zones_.size(); }
  // Damaged sections are answered with an error; rebuild_zone helps then.
  [[nodiscard]] const ZoneView& zone(std::size_t i) const {
    return *current_[i].load(std::memory_order_acquire);
  }
  // The zone again, made from the series records in the log.
  [[nodiscard]] Result<const ZoneView*> rebuild_zone(std::size_t i) const;
  // Series from zone_count() * kZoneSeries on.  Empty labels: the record of
  // the series is damaged.
  [[nodiscard]] const std::vector<Labels>& tail() const { return tail_; }
  [[nodiscard]] const std::vector<SourceId>& tail_homes() const {
    return tail_homes_;
  }
  [[nodiscard]] SeriesId tail_first() const {
    return static_cast<SeriesId>(zone_count() * kZoneSeries);
  }
  // REQUIRES: series < root().series_count.
  [[nodiscard]] Labels labels(SeriesId series) const;
  [[nodiscard]] SourceId home(SeriesId series) const;

  // What was found damaged so far, with file and offset.
  void report(const Error& damage) const;
  [[nodiscard]] std::vector<Error> damage() const;

 private:
  Head() = default;
  Status find_end(const Ctl& ctl);
  bool take_root(Position log_end);
  Position scan(Position from, Position lenient_until);
  Status load_sources();
  void apply(const Record& record);
  Status load_zones();
  void load_series(SeriesId first, std::vector<Labels>& labels,
                   std::vector<SourceId>& homes) const;
  bool load_series_by_chain(SeriesId first, std::vector<Labels>& labels,
                            std::vector<SourceId>& homes) const;

  std::unique_ptr<StreamReader> log_;
  std::unique_ptr<StreamReader> index_;
  CommitBody root_{};
  Position log_end_ = kFirstPosition;
  Position append_at_ = kFirstPosition;
  Position index_end_ = kFirstPosition;
  std::vector<SourceState> sources_;
  std::vector<Labels> tail_;
  std::vector<SourceId> tail_homes_;

  std::vector<std::unique_ptr<ZoneView>> zones_;  // null: see rebuilt_
  // The zone to read: of zones_ or, once that was found damaged, of rebuilt_.
  mutable std::vector<std::atomic<const ZoneView*>> current_;

  mutable std::mutex mutex_;  // guards what follows
  mutable std::vector<Error> damage_;
  struct OwnedZone {
    std::string body;
    std::unique_ptr<ZoneView> view;
  };
  mutable std::vector<std::unique_ptr<OwnedZone>> rebuilt_;
};

}  // namespace prom::store
