// Samples of selected series in a range of time, out of rows and loose records.
// Each source's rows are found and checked once, when a series of the source is
// first read; from then on reading is decoding.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/store/snapshot.h"

namespace prom::store {

// Eight bytes each.
constexpr std::int64_t kCellsMax = 32LL << 20U;

// Thread-safe: threads may read disjoint or the same series at once.
class SampleReader {
 public:
  // Times are inclusive at both ends.
  SampleReader(std::shared_ptr<const Snapshot> snapshot,
               std::vector<SeriesId> series, std::int64_t min_ms,
               std::int64_t max_ms);
  ~SampleReader();

  [[nodiscard]] std::size_t size() const { return series_.size(); }
  [[nodiscard]] const std::vector<SeriesId>& series() const { return series_; }

  // Samples of series [first, first + count), each ascending without
  // duplicates.  Damaged rows are left out and reported to the snapshot.
  void read(std::size_t first, std::size_t count, Samples& into) const;
  // Appends the samples of one series, without end_series().
  void append(std::size_t index, Samples& into) const;

 private:
  struct Era;
  struct SourceRows;
  struct LooseSamples;
  const SourceRows& rows_of(SourceId source) const;
  void load_rows(SourceId source, SourceRows& into) const;
  bool walk_rows(SourceId source, SourceRows& into) const;
  void scan_rows(SourceId source, SourceRows& into) const;
  void load_eras(SourceId source, SourceRows& into) const;
  void load_loose();
  void take_loose(const Record& record);
  static void decode_era(const SourceRows& rows, Era& era);
  void append_rows(SourceId source, std::size_t index, Samples& into) const;
  static void decode_column(const SourceRows& rows, const Era& era,
                            std::uint32_t column,
                            std::vector<std::uint64_t>& into);
  static void keep_selected_cells(SourceRows& rows, Era& era);
  void append_extras(const SourceRows& rows, const Era& era,
                     std::uint32_t column,
                     std::span<const std::uint64_t> values,
                     Samples& into) const;
  void append_loose(std::size_t index, Samples& into) const;

  std::shared_ptr<const Snapshot> snapshot_;
  const std::vector<SeriesId> series_;
  const std::int64_t min_ms_;
  const std::int64_t max_ms_;
  std::vector<bool> selected_;                             // by series
  std::vector<std::pair<SeriesId, std::uint32_t>> index_;  // of series_
  std::vector<SourceId> foreign_;  // sources with columns of other sources
  mutable std::vector<std::unique_ptr<SourceRows>> sources_;
  // Decoded samples that may be kept at once: 256 MiB.
  mutable std::atomic<std::int64_t> cells_left_ = kCellsMax;
  std::unique_ptr<LooseSamples> loose_;
};

}  // namespace prom::store
