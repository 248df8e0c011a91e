// Samples in any order to blocks' order with bounded memory: an external sort.
// What does not fit is spilled, in runs, to a file that has no name and so is
// gone with the process.  prom-store import is the only user; one thread.
//
// The times of an import are cut into slots of one width, the smallest of 2 h
// times a power of three that makes at most kSlotsMax of them: each becomes a
// block.  A run is sorted by slot, labels and arrival.  It has the width of the
// times that it saw, which divides that of the whole, so a block is merged from
// a few stretches of each run.
//
//   sorter.series(labels)…; sorter.add(series, t_ms, value)…
//   sorter.finish();
//   for (const auto& slot : sorter.slots()) {
//     auto merge = sorter.open(slot);
//     while (merge->next(labels, samples)) …
//   }
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/checksum.h"
#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"
#include "libprom/model/samples.h"
#include "libprom/os/file.h"
#include "libprom/store/import_merge.h"
#include "libprom/store/series_index.h"
#include "libprom/store/sorted_series.h"
#include "libprom/store/spill_file.h"

namespace prom::store {

constexpr std::int64_t kSlotMs = 2 * 3'600'000LL;
constexpr std::int64_t kSlotsMax = 128;
constexpr std::uint64_t kImportMemoryMin = 8ULL << 20U;
// Families whose metadata is kept, and bytes of it; more is left out.
constexpr std::size_t kImportFamiliesMax = 1U << 20U;
constexpr std::size_t kImportMetadataBytesMax = 64U << 20U;
// Exemplars that are kept, all in memory; more are left out.
constexpr std::size_t kImportExemplarsMax = 1U << 20U;

// A series of an ImportSorter.
using ImportSeries = std::uint32_t;
constexpr ImportSeries kNoSeries = 0xFFFFFFFFU;

struct FamilyWords {
  std::string type;
  std::string help;
  std::string unit;
};

// By series, in the order in which they came.
using ImportExemplars = std::map<Labels, std::vector<block::Exemplar>>;

struct ImportSlot {
  std::int64_t index = 0;  // floor(t / width)
  std::int64_t width_ms = kSlotMs;
};
// Its first and its last millisecond, cut at the ends of time.
std::int64_t begin_of(const ImportSlot& slot);
std::int64_t end_of(const ImportSlot& slot);

class ImportSorter {
 public:
  // `memory_bytes` for series and samples together; the spill file is made in
  // `directory` when it is needed.
  ImportSorter(os::FileSystem& files, std::string directory,
               std::uint64_t memory_bytes);
  ~ImportSorter();

  // The number of a series, valid until the next call of known() or series().
  // `key` identifies the text that the labels were parsed from, so that the
  // same text need not be parsed again: known(key) is then its number, or
  // kNoSeries.
  [[nodiscard]] ImportSeries known(const Hash128& key) const;
  Result<ImportSeries> series(const Labels& labels,
                              const Hash128* key = nullptr);

  // In any order.  Of two samples of a series with one time the first counts.
  Status add(ImportSeries series, std::int64_t t_ms, double value,
             std::int64_t start_ms = 0);
  Status add(ImportSeries series, std::int64_t t_ms, FloatHistogram value,
             std::int64_t start_ms = 0);
  // The words on a family that are not empty replace those before.
  void add_metadata(std::string_view family, const FamilyWords& words);

  void add_exemplar(const Labels& series, block::Exemplar exemplar);

  // After the last sample.
  Status finish();

  // REQUIRES of both: finish() succeeded.  Slots that have samples, ascending.
  [[nodiscard]] std::vector<ImportSlot> slots() const;
  // The series of a slot with their samples, and what of it came more than
  // once.  Borrows both.
  [[nodiscard]] Result<std::unique_ptr<SortedSeries>> open(
      const ImportSlot& slot, Duplicates& duplicates) const;

  [[nodiscard]] const std::map<std::string, FamilyWords, std::less<>>&
  metadata() const {
    return metadata_;
  }
  [[nodiscard]] const ImportExemplars& exemplars() const { return exemplars_; }
  [[nodiscard]] std::uint64_t samples() const { return samples_; }
  [[nodiscard]] std::uint64_t spilled_bytes() const;
  [[nodiscard]] std::size_t runs() const { return runs_; }
  // REQUIRES: samples() > 0.
  [[nodiscard]] std::int64_t min_ms() const { return min_ms_; }
  [[nodiscard]] std::int64_t max_ms() const { return max_ms_; }

 private:
  struct Item {
    std::int64_t t_ms = 0;
    double value = 0;
    ImportSeries series = 0;
    std::uint32_t extra = 0;  // 1 + index into extras_; 0: a plain float
  };
  // What a sample has beside a float.
  struct Extra {
    FloatHistogram histogram = {};
    bool is_histogram = false;
    std::int64_t start_ms = 0;
  };

  Status push(std::int64_t t_ms, double value, ImportSeries series,
              std::uint32_t extra);
  Status write_run();
  Status write_stretch(std::span<const std::uint32_t> order);
  void encode_group(std::span<const std::uint32_t> order,
                    std::string_view& labels_before, std::string& out) const;
  void rank_series();
  [[nodiscard]] std::vector<std::uint32_t> by_slot_and_series(
      std::int64_t first_slot, std::int64_t width_ms,
      std::vector<std::size_t>& ends) const;
  void forget_series();

  const std::uint64_t memory_bytes_;
  SpillFile spill_;
  std::vector<SpilledStretch> stretches_;
  std::size_t runs_ = 0;

  std::vector<Labels> series_;
  std::vector<std::uint32_t> ranks_;  // of series_, in the order of labels
  std::uint64_t series_bytes_ = 0;
  SeriesIndex by_labels_;
  struct HashOf {
    using is_avalanching = void;
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  boost::unordered_flat_map<Hash128, ImportSeries, HashOf> by_key_;

  std::vector<Item> items_;
  std::size_t items_max_ = 0;
  std::deque<Extra> extras_;
  std::uint64_t extra_bytes_ = 0;
  std::int64_t run_min_ms_ = 0;
  std::int64_t run_max_ms_ = 0;

  std::map<std::string, FamilyWords, std::less<>> metadata_;
  std::size_t metadata_bytes_ = 0;
  ImportExemplars exemplars_;
  std::size_t exemplar_count_ = 0;
  std::uint64_t samples_ = 0;
  std::int64_t min_ms_ = 0;
  std::int64_t max_ms_ = 0;
};

// The width of the slots for times from `min_ms` to `max_ms`.
std::int64_t slot_width(std::int64_t min_ms, std::int64_t max_ms);
// floor(t_ms / width_ms).
std::int64_t slot_of(std::int64_t t_ms, std::int64_t width_ms);

}  // namespace prom::store
