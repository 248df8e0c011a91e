// The writer of a store: takes frames, decides what is a new sample, and puts
// it into the log.  One per store at a time, held by the lock on STORE/LOCK; on
// one thread.  prom-store append is its only user in the tools.
//
//   auto writer = Writer::open("prom-data", {}, files, clock);
//   (*writer)->add(layout);
//   (*writer)->add(row);
//   (*writer)->commit();   // readers see it; survives kill -9
//   (*writer)->sync();     // survives a power loss
//
// Rules of acceptance.  A sample whose time its series already has is a
// repetition: of the same value it counts as taken, of another it is refused.
// One that is older than the newest of its series is taken within the
// out-of-order window.  One from the future is refused.  A row whose sequence
// number its source already had is a repetition as a whole.  The rules hold
// across generations and blocks.
//
// Generations.  The head is begun anew now and then, so that it and the
// writer's memory hold what is alive: rotate() starts a generation with empty
// tables.  A series gets its number there with its first sample; a sender's
// layout is carried over, and staged again with its first row.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"
#include "libprom/os/lock.h"
#include "libprom/store/cell_codec.h"
#include "libprom/store/ctl.h"
#include "libprom/store/format.h"
#include "libprom/store/head.h"
#include "libprom/store/series_index.h"
#include "libprom/store/stream_writer.h"
#include "libprom/store/view.h"
#include "libprom/wire/frame.h"

namespace prom::store {

struct WriterOptions {
  std::int64_t out_of_order_window_ms = 2 * 3'600'000LL;
  std::int64_t future_ms = 10 * 60'000LL;
  bool allow_future = false;
  std::uint64_t series_max = 20'000'000;
  bool durable = true;  // false: never synced
  bool unsafe_filesystem = false;
  std::uint64_t arena_bytes_min = kArenaBytesMin;
  std::uint64_t arena_bytes_max = kArenaBytesMax;
  // When a generation of the head is due to be closed, see rotation_due().
  std::int64_t generation_span_ms = 2 * 3'600'000LL;
  std::uint64_t generation_bytes_min = 1ULL << 20U;
  std::uint64_t generation_bytes_max = 1ULL << 30U;
};

// Why a sample was not taken.
enum class Refusal : std::uint8_t {
  kDuplicate,    // the series has another value at this time
  kTooOld,       // older than the out-of-order window
  kFuture,       // further ahead of the clock than is allowed
  kSeriesLimit,  // a new series beyond the limit
  kBadLabels,    // no labels
};
constexpr std::size_t kRefusals = 5;
// "duplicate", "too_old", …: values of a metric's label.
std::string_view to_string(Refusal refusal);

struct WriterCounters {
  std::uint64_t samples = 0;       // taken
  std::uint64_t repeated = 0;      // that the store had already
  std::uint64_t out_of_order = 0;  // of those taken
  std::array<std::uint64_t, kRefusals> refused{};
  std::uint64_t rows = 0;
  std::uint64_t rows_repeated = 0;
  std::uint64_t commits = 0;
  std::uint64_t syncs = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t arenas_replaced = 0;  // after a failed sync
  std::uint64_t generations = 0;      // begun by this writer
  std::uint64_t exemplars = 0;        // taken
  // Older than the newest of their series, of no known series, or with more
  // labels than kExemplarRunesMax.
  std::uint64_t exemplars_refused = 0;
};

// Characters of the label names and values of an exemplar; upstream's limit.
constexpr std::size_t kExemplarRunesMax = 128;

// What a sample may have beyond a float.
struct SampleExtra {
  std::int64_t start_ms = 0;  // of its counter; 0: unknown
  // Admitted; null for a float.  Shared with the frame that it came in.
  std::shared_ptr<const FloatHistogram> histogram;
};

// A sample of a known series.
struct SeriesSample {
  SeriesId series = kNone;
  std::int64_t t_ms = 0;
  std::uint64_t bits = 0;       // of a histogram: of its sum
  std::uint32_t extra = kNone;  // number of its SampleExtra, if it has one
};

class Writer {
 public:
  // Creates the store when there is none.  kBusy when another process writes
  // it, kConfig on a network or FUSE file system.
  static Result<std::unique_ptr<Writer>> open(const std::string& path,
                                              const WriterOptions& options,
                                              os::FileSystem& files,
                                              os::Clock& clock);
  ~Writer();

  // Take note of a frame; nothing is visible before commit().  Refused samples
  // are counted and are no failure.  kBadData for a frame that contradicts
  // what came before it; kBusy when a commit has to succeed first.  After a
  // failure nothing of the frame is taken.
  Status add(const wire::Layout& layout);
  Status add(const wire::Row& row);
  Status add(const wire::Loose& loose);
  Status add(const wire::MetadataFrame& metadata);
  // Exemplars of series that are known by then.  One that is older than the
  // newest of its series is refused, the newest itself is a repetition.
  Status add(const wire::ExemplarFrame& exemplars);

  // For input that names its series once and then by number.  kNone when the
  // series is refused, which is counted.
  SeriesId series(const Labels& labels);
  // The source in whose rows the series has its place; kNone: none yet.
  [[nodiscard]] SourceId home(SeriesId series) const {
    return series < homes_.size() ? homes_[series] : kNone;
  }
  // Samples in any order.  Runs of one time make rows where that is smaller.
  Status add(std::span<const SeriesSample> samples,
             std::span<const SampleExtra> extras = {});

  // Writes what was added and publishes it, as one unit.  When the disk is
  // full nothing is published, nothing is lost, and a later call tries again.
  Status commit();
  // Everything committed is on the disk.
  Status sync();

  // Commits, syncs and begins a new generation.  Numbers of series are void
  // after it.  On failure the generation stays; nothing is lost.
  Status rotate();
  // The generation has samples, and is as old or as long as it may get, or
  // most of its series are dead.  Cheap enough to ask after every commit.
  [[nodiscard]] bool rotation_due();
  [[nodiscard]] std::uint64_t generation() const { return ctl_->generation(); }

  [[nodiscard]] bool has_uncommitted() const;
  [[nodiscard]] bool has_unsynced() const;
  [[nodiscard]] WriterCounters counters() const;
  [[nodiscard]] std::uint32_t series_count() const { return series_count_; }
  [[nodiscard]] std::size_t source_count() const { return sources_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;  // of tables; an estimate
  [[nodiscard]] const CommitBody& root() const { return root_; }
  [[nodiscard]] const std::shared_ptr<Ctl>& ctl() const { return ctl_; }
  // Found damaged when the store was opened.
  [[nodiscard]] const std::vector<Error>& damage() const { return damage_; }
  // What a reader of frames needs to go on in the middle of a stream.
  [[nodiscard]] std::optional<wire::Reader::Kept> kept(
      std::uint64_t source_key) const;

 private:
  struct Source;
  static std::optional<wire::Reader::Kept> kept_of(const Source& source,
                                                   const StreamReader& log,
                                                   Position log_end);
  // Newest sample of a series that is not only in its home source's rows.
  struct Touched {
    std::int64_t t_ms = 0;
    std::uint64_t bits = 0;
  };
  // The samples of a row, by their place in the sender's order.
  struct RowInput {
    std::span<const SeriesId> series;
    std::span<const std::uint64_t> bits;
    std::span<const HistogramRef> histograms;
    std::span<const StartCell> starts;
  };
  // Decides about the next exemplar of its series, by upstream's order.
  struct NewestExemplar {
    std::int64_t t_ms = 0;
    double value = 0;
    std::uint64_t labels_hash = 0;
  };

  Writer(std::string path, const WriterOptions& options, os::FileSystem& files,
         os::Clock& clock, os::FileLock lock);
  Status prepare();
  Status open_streams(std::uint64_t generation, Position log_end,
                      Position index_end);
  Status load(Head& head);
  static void load_state(const Head& head, const SourceState& state,
                         std::int64_t newest_ms, Source& source);
  Status load_series(const Head& head);
  bool load_zones(const Head& head);
  void load_source(const Head& head, SourceId id);
  static bool load_layout(const Head& head, Position last, Source& source);
  static void load_sent(Bytes body, Source& source);
  static void load_group(const Head& head, Position last_row, Source& source);
  void load_metadata();

  // generations
  struct Carried;
  [[nodiscard]] Result<Manifest> manifest() const;
  Result<std::uint64_t> live_generation();
  Status load_closed();
  void load_carried(const std::shared_ptr<const Snapshot>& closed);
  Status create_generation(std::uint64_t generation, std::uint64_t store_id);
  Status undo_generation(std::uint64_t generation);
  Status begin_generation(std::uint64_t generation,
                          const std::shared_ptr<const Snapshot>& closed);
  void carry(const std::shared_ptr<const Snapshot>& closed);
  void forget_silent();
  void reset_tables();
  Source* adopt(std::uint64_t key);
  [[nodiscard]] std::size_t living_series() const;
  Result<std::shared_ptr<const View>> closed_parts();
  void let_closed_parts_go();
  bool clear_of_closed(Source& source, std::int64_t t_ms);

  // series
  SeriesId find_or_create(const Labels& labels);
  [[nodiscard]] bool same_labels(SeriesId id, const Labels& labels) const;
  [[nodiscard]] Labels labels_of(SeriesId id) const;
  void stage_series();
  Status seal_zones();

  // records
  Position stage(RecordType type, std::uint8_t flags, SourceId source,
                 std::string_view body);
  Status check_room() const;
  Status write_batch();
  void stage_commit();
  void stage_sources();
  void note_time(std::int64_t min_ms, std::int64_t max_ms,
                 std::uint64_t samples);

  // rows
  SourceId source_of(std::uint64_t key);
  void update_layout(SourceId id, std::span<const SeriesId> series);
  void stage_layout(SourceId id, std::uint32_t first_column,
                    std::span<const SeriesId> added, bool with_sent);
  void begin_era(SourceId id, std::span<const SeriesId> series);
  void add_columns(SourceId id, std::span<const SeriesId> series);
  [[nodiscard]] std::uint32_t slot_of(const Source& source, SourceId id,
                                      SeriesId series) const;
  void take_row(SourceId id, std::int64_t t_ms, std::uint64_t sequence,
                const RowInput& input);
  bool append_cells(Source& source, bool is_keyframe, std::int64_t t_ms,
                    std::string& body) const;
  void stage_row(SourceId id, std::int64_t t_ms, std::uint64_t sequence);
  static Position jump_of(Source& source);
  bool belongs_in_row(SeriesId id, std::int64_t t_ms, std::uint64_t bits);
  void take_run(std::span<const SeriesSample> run);

  // histograms, starts and exemplars
  std::uint32_t keep_extra(SampleExtra extra);
  [[nodiscard]] const FloatHistogram* histogram_of(
      const SeriesSample& sample) const;
  void append_loose_cells(std::span<const SeriesSample> samples,
                          std::int64_t base_ms, std::string& out) const;
  void load_exemplars();
  void stage_exemplars();

  // loose samples
  void take_loose(SeriesSample sample);
  [[nodiscard]] std::int64_t newest_bound(SeriesId id) const;
  void touch(SeriesId id, std::int64_t t_ms, std::uint64_t bits);
  void stage_loose();
  Status settle_late();
  void settle_series(std::span<const SeriesSample> late,
                     const SeriesSamples& stored);
  void accept_loose(const SeriesSample& sample);

  bool too_far_ahead(std::int64_t t_ms) const;
  void refuse(Refusal refusal, SeriesId id, std::int64_t t_ms);
  void refuse(Refusal refusal, const std::string& what, std::int64_t t_ms,
              std::uint64_t count);

  const std::string path_;
  const WriterOptions options_;
  os::FileSystem& files_;
  os::Clock& clock_;
  const os::FileLock lock_;
  std::shared_ptr<Ctl> ctl_;
  std::vector<Error> damage_;
  // Labels of known series are damaged in the index, so that they cannot be
  // found: what comes goes to a new generation.
  bool index_damaged_ = false;

  // Streams; log_ ends where batch_ will begin.
  std::unique_ptr<StreamWriter> log_;
  std::unique_ptr<StreamWriter> index_;
  std::unique_ptr<StreamReader> index_reader_;
  std::string batch_;
  bool commit_staged_ = true;  // batch_ is empty or ends in a commit record
  std::uint32_t batch_crc_ = 0;
  CommitBody root_{};  // of the batch being built
  Position batch_start_ = kFirstPosition;
  Position sources_written_at_ = kFirstPosition;

  // Series.  Homes of all, labels of those that are in no zone yet.
  SeriesIndex series_;
  std::uint32_t series_count_ = 0;
  std::uint32_t series_staged_ = 0;
  std::vector<std::unique_ptr<ZoneView>> zones_;
  std::vector<Labels> tail_;
  std::vector<SourceId> homes_;
  std::vector<std::uint32_t> slots_;  // column in the home's rows, or kNone

  // Sources.
  std::vector<std::unique_ptr<Source>> sources_;
  boost::unordered_flat_map<std::uint64_t, SourceId> source_ids_;

  // Loose samples.
  boost::unordered_flat_map<SeriesId, Touched> touched_;
  std::int64_t loose_newest_at_open_ms_ = INT64_MIN;
  std::int64_t newest_at_open_ms_ = INT64_MIN;
  std::int64_t loose_newest_ms_ = INT64_MIN;
  std::uint32_t series_at_open_ = 0;
  std::vector<SeriesSample> loose_;  // accepted
  std::vector<SeriesSample> late_;   // to be compared with what is stored
  std::vector<SampleExtra> extras_;  // of loose_ and late_

  // The row being built, by column.
  std::vector<std::uint64_t> row_;
  std::vector<HistogramRef> row_histograms_;
  std::vector<StartCell> row_starts_;

  // Closed generations and blocks.  Their newest sample; senders' sources that
  // had no row in this generation yet, by key.
  std::int64_t closed_newest_ms_ = INT64_MIN;
  boost::unordered_flat_map<std::uint64_t, Carried> carried_;
  std::shared_ptr<const View> closed_;  // while it is asked
  std::int64_t closed_asked_ns_ = 0;    // monotonic
  std::uint32_t churn_checked_at_ = 0;  // series_count_ then
  // A rotation failed half-way and could not be undone: readers take this
  // generation for closed, so nothing more is written to it.
  Status rotation_failed_;

  // Metadata: a hash of what is stored of each family.
  bool metadata_loaded_ = false;
  boost::unordered_flat_map<std::string, std::uint64_t> metadata_;

  // Exemplars: the newest of each series, and those not written yet.
  bool exemplars_loaded_ = false;
  boost::unordered_flat_map<SeriesId, NewestExemplar> newest_exemplars_;
  std::vector<std::pair<SeriesId, wire::ExemplarFrame::Item>> exemplars_;

  WriterCounters counters_;
};

}  // namespace prom::store
