// The head of a Prometheus server, read from outside: what its log says about
// series, with samples that are in no block yet.  Part of DataDirectory.
//
// Follows the server's own start: full chunks (chunks_head/) are taken as they
// are; of the log (wal/) each series gets the samples after its newest full
// chunk, in the order of time, as the server accepted them; late samples come
// from wbl/ and from chunks marked so.  The log alone is complete, so that
// damaged chunks only cost time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/sample.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/head_chunks.h"
#include "libprom/tsdb/histogram_run.h"
#include "libprom/tsdb/meta.h"
#include "libprom/tsdb/tombstones.h"
#include "libprom/tsdb/wal_reader.h"
#include "libprom/tsdb/wal_record.h"
#include "libprom/tsdb/xor2_chunk.h"

namespace prom::tsdb {

// Upstream's default; older exemplars are forgotten.
constexpr std::size_t kExemplarsMax = 100'000;

// Immutable once open; threads may share it.
class Head {
 public:
  // Reads the log in `directory`.  Samples before `min_ms` are in blocks and
  // are left out.  What cannot be read is told in `warnings`; kBusy when files
  // vanish while they are opened: try again.
  static Result<std::shared_ptr<const Head>> open(
      const std::string& directory, std::int64_t min_ms,
      std::vector<std::string>& warnings);

  [[nodiscard]] std::size_t series_count() const { return series_.size(); }
  [[nodiscard]] const Labels& labels(std::size_t series) const {
    return series_[series].labels;
  }
  [[nodiscard]] bool has_samples() const { return has_span_; }
  // First and last time of all samples.  REQUIRES: has_samples().
  [[nodiscard]] TimeRange span() const { return span_; }

  // Numbers of the series that all matchers accept and that have samples.
  [[nodiscard]] std::vector<std::uint32_t> select(
      const Matchers& matchers) const;
  // As Block::read.  Samples in order that are before `in_order_min_ms` are in
  // blocks.
  void read(std::size_t series, TimeRange range, std::int64_t in_order_min_ms,
            Samples& into, std::vector<Error>& damage) const;

  [[nodiscard]] std::vector<const WalRecord::Exemplar*> exemplars(
      std::size_t series) const;
  // Null when the log says nothing.
  [[nodiscard]] const WalRecord::Metadata* metadata(std::size_t series) const;

 private:
  // Of few series only.
  struct Rare {
    std::vector<FloatSample> late;
    std::vector<HistogramSample> histograms;
    std::vector<HistogramSample> late_histograms;
    Intervals deleted;
    WalRecord::Metadata metadata;
  };
  struct Series {
    Labels labels;
    std::vector<HeadChunk> chunks;
    std::vector<Xor2Encoder> floats;  // all but the last are full
    std::int64_t last_ms = 0;         // of what is in order
    bool has_samples = false;
    std::unique_ptr<Rare> rare;
  };

  Head() = default;
  Series* find(HeadRef ref);
  static Rare& rare_of(Series& series);
  void load_chunks(std::vector<std::string>& warnings);
  Status load_log(const std::string& directory, bool is_late,
                  std::vector<std::string>& warnings);
  void apply(WalRecord& record, bool is_late);
  void add_series(WalRecord::Series& series);
  void add_sample(const WalRecord::Sample& sample, bool is_late);
  void add_histogram(WalRecord::Histogram& sample, bool is_late);
  void remove(const WalRecord::Deletion& deletion);
  void widen(TimeRange range);

  std::int64_t min_ms_ = 0;
  TimeRange span_;
  bool has_span_ = false;
  HeadChunks chunk_files_;
  // Full chunks by the number under which their series was known; a series
  // takes them when the log names it.
  std::unordered_map<HeadRef, std::vector<HeadChunk>> chunks_;
  std::unordered_map<HeadRef, std::uint32_t> by_ref_;
  std::unordered_map<Labels, std::uint32_t, LabelsHash> by_labels_;
  std::vector<Series> series_;
  std::deque<WalRecord::Exemplar> exemplars_;  // ref: number of the series
  std::uint64_t unknown_ = 0;  // samples of series that the log does not name
};

}  // namespace prom::tsdb
