// A block or a generation of the head, as a part of a view: the same questions
// to both.  Only store/view.cc and its kin use it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/model/bins.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/samples.h"
#include "libprom/store/manifest.h"
#include "libprom/store/snapshot.h"

namespace prom::store {

// Number of a series in its part: block::Ordinal or SeriesId.
using PartSeries = std::uint32_t;

// What is read: samples of these times, and what may stand for them.
struct ReadRange {
  std::int64_t min_ms = 0;  // inclusive at both ends
  std::int64_t max_ms = 0;
  Resolution use = Resolution::kAuto;
};

// Reads chosen series of a part in a range of time.  Thread-safe.
class PartReader {
 public:
  virtual ~PartReader() = default;
  // Appends the samples of the index-th series, ascending without duplicates;
  // end_series() is the caller's.
  // `coarsest_ms` grows to the longest window of bins that stand in for them.
  virtual void append(std::size_t index, Samples& into,
                      std::int64_t& coarsest_ms) const = 0;
  // As Block::read_bins.
  virtual bool append_bins(std::size_t index, const BinRequest& request,
                           Bins& into) const = 0;
};

// Immutable and thread-safe.
class ViewPart {
 public:
  virtual ~ViewPart() = default;

  [[nodiscard]] virtual std::int64_t min_ms() const = 0;
  [[nodiscard]] virtual std::int64_t max_ms() const = 0;
  // Series that all matchers accept, ascending by number.
  [[nodiscard]] virtual Result<std::vector<PartSeries>> select(
      const Matchers& matchers) const = 0;
  [[nodiscard]] virtual Labels labels(PartSeries series) const = 0;
  [[nodiscard]] virtual LabelIds column(
      std::string_view name, std::span<const PartSeries> series) const = 0;
  [[nodiscard]] virtual std::vector<std::string> label_names(
      std::span<const PartSeries> series) const = 0;
  // Into the ascending order of their labels.
  virtual void sort_by_labels(std::vector<PartSeries>& series) const = 0;
  // The series with these labels, or kNone.
  [[nodiscard]] virtual PartSeries find(const Labels& labels) const = 0;
  [[nodiscard]] virtual std::unique_ptr<PartReader> reader(
      std::vector<PartSeries> series, const ReadRange& range) const = 0;
  // Bins stand for samples that it has no more.
  [[nodiscard]] virtual bool has_bins_alone() const { return false; }
  // Of the series, by its place among them.
  using PlacedExemplar = std::pair<std::uint32_t, Exemplar>;
  [[nodiscard]] virtual std::vector<PlacedExemplar> exemplars(
      std::span<const PartSeries> series, std::int64_t min_ms,
      std::int64_t max_ms) const = 0;
  virtual void add_metadata(std::vector<FamilyMetadata>& all) const = 0;
  virtual void add_damage(std::vector<Error>& all) const = 0;

  // Deletions that concern this part.
  std::vector<const Deletion*> deletions;
};

std::unique_ptr<ViewPart> head_part(std::shared_ptr<const Snapshot> snapshot);
std::unique_ptr<ViewPart> block_part(std::shared_ptr<const block::Block> block);

}  // namespace prom::store
