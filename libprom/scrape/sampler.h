// Turns the bodies of one target into rows: relabelling, limits, staleness and
// the synthetic series.
//
// What relabelling and limits make of a series is worked out once, when the
// series is first seen; it then has a column, and a later scrape costs the
// parser's line difference and a store per sample.  A column outlives its
// series for a while, since a layout costs more than an absent value.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/duration.h"
#include "libprom/base/result.h"
#include "libprom/exposition/parser.h"
#include "libprom/model/labels.h"
#include "libprom/scrape/batch.h"
#include "libprom/scrape/job.h"

namespace prom::scrape {

// Samples further in the future than this are an error or an attack: one of
// them can keep everything after it out of a store.
constexpr std::int64_t kFutureMsMax = 10 * kMinuteMs;

struct SampleCounts {
  std::uint64_t scraped = 0;        // as exposed
  std::uint64_t kept = 0;           // after metric_relabel_configs
  std::uint64_t added = 0;          // series that the last scrape did not have
  std::uint64_t duplicates = 0;     // a series twice; the first one counts
  std::uint64_t out_of_bounds = 0;  // too far in the future
};

// How a scrape went, for the synthetic series.
struct Report {
  bool up = false;
  double duration_seconds = 0;
  double timeout_seconds = 0;
  double body_bytes = 0;  // -1: beyond the limit
};

class Sampler {
 public:
  // `labels` are the target's.
  explicit Sampler(Labels labels);

  // Takes an answer.  On failure (kBadData, kLimit) nothing of it is kept, as
  // if take_failure had been called.  `now_ms` is the timestamp of the row.
  Status take(std::string body, exposition::Format format, std::int64_t now_ms,
              const Job& job,
              const exposition::HistogramOptions& histograms = {});
  // There was no answer: what the last scrape had goes stale.
  void take_failure();
  // REQUIRES: one of the above was called since.  The row's source and
  // sequence are the caller's to fill in.
  Batch finish(const Report& report, std::int64_t now_ms, const Job& job);
  // The target is gone: everything goes stale, the synthetic series too.
  Batch finish_for_good(std::int64_t now_ms);

  // The job changed: series are relabelled and checked again.  Columns stay.
  void forget_series();

  [[nodiscard]] const SampleCounts& counts() const { return counts_; }
  // Times that series which came and went were dropped from memory while
  // scrapes failed.
  [[nodiscard]] std::uint64_t forced_flushes() const { return flushes_; }

 private:
  // Where the samples of a ref go.
  static constexpr std::uint32_t kUnknown = UINT32_MAX;
  static constexpr std::uint32_t kDropped = UINT32_MAX - 1;

  struct Column {
    std::uint32_t seen = 0;  // number of the last good scrape that had it
    bool in_row = false;     // and it goes stale when it is missing
  };

  // The exemplar of a column that was sent last.
  struct SentExemplar {
    std::int64_t t_ms = 0;
    double value = 0;
    std::uint64_t labels_hash = 0;
  };

  Status place_series(const Job& job);
  [[nodiscard]] Labels target_labels(std::uint32_t ref, const Job& job) const;
  Status fit_histograms(const Job& job);
  void store(std::uint32_t column, std::size_t entry_index, std::int64_t now_ms,
             const Job& job);
  [[nodiscard]] const Labels& labels_of(std::uint32_t column) const;
  void take_exemplars(std::int64_t now_ms, const Job& job);
  std::uint32_t add_column(Labels labels);
  void publish_columns();
  void roll_back();
  void mark_stale();
  void add_synthetic(const Report& report, const Job& job);
  void set_synthetic(std::string_view name, double value);
  void collect_metadata(Batch& batch);
  void forget_gone_series();
  Batch make_batch(std::int64_t now_ms);

  const Labels labels_;
  exposition::TargetParser parser_{true};
  std::vector<std::uint32_t> columns_of_refs_;

  std::shared_ptr<Columns> columns_ = std::make_shared<Columns>();
  std::uint32_t version_ = 0;
  std::vector<Column> states_;  // of columns_ and fresh_
  Columns fresh_;               // columns of this scrape, not yet in columns_
  // Hash of labels to column.  Two sets with the same 64-bit hash would share
  // a column; the store makes the same bet.
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_hash_;

  std::vector<double> values_;  // of this scrape, by column
  std::vector<wire::Loose::Item> loose_;
  std::vector<wire::HistogramCell> histograms_;  // of this scrape
  std::vector<wire::StartCell> starts_;
  std::vector<wire::ExemplarFrame::Item> exemplars_;
  boost::unordered_flat_map<std::uint32_t, SentExemplar> sent_exemplars_;
  SampleCounts counts_;
  std::uint32_t good_scrapes_ = 1;  // plus one: columns begin at 0
  bool last_was_good_ = false;
  std::uint64_t entries_last_good_ = 0;
  std::uint64_t metadata_sent_ = 0;
  std::vector<std::uint64_t> metadata_known_;  // hashes, sorted
  std::uint64_t flushes_ = 0;
};

}  // namespace prom::scrape
