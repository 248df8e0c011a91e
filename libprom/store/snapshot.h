// What a reader in any process sees of one generation of the head, as of one
// commit.  Opening takes no lock and tells nobody; what it shows never changes,
// however long it is held.  Readers of a whole store use store/view.h, which
// joins the generations and the blocks.
//
//   auto snapshot = Snapshot::open("prom-data", generation);
//   auto series = (*snapshot)->select(matchers);
//   SampleReader reader(*snapshot, std::move(*series), min_ms, max_ms);
//   reader.read(0, reader.size(), samples);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/block.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/store/format.h"
#include "libprom/store/head.h"

namespace prom::store {

// Values of one label: values[ids[i]] belongs to the i-th series asked for;
// id 0 is the empty value.
struct LabelIds {
  std::vector<std::uint32_t> ids;
  std::vector<std::string> values;
};

struct FamilyMetadata {
  std::string family;
  std::string type;
  std::string help;
  std::string unit;
};

using block::Exemplar;
struct SeriesExemplar {
  SeriesId series = kNone;
  Exemplar exemplar;
};

// Immutable and thread-safe.
class Snapshot {
 public:
  // kMissing when there is no such generation in the store at `path`.
  static Result<std::shared_ptr<const Snapshot>> open(const std::string& path,
                                                      std::uint64_t generation);
  // Of the newest generation.
  static Result<std::shared_ptr<const Snapshot>> open(const std::string& path);
  // The same with the counters of a writer in this process.
  static Result<std::shared_ptr<const Snapshot>> open(
      const std::string& path, const std::shared_ptr<Ctl>& ctl);

  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] const Head& head() const { return *head_; }
  [[nodiscard]] const CommitBody& root() const { return head_->root(); }
  [[nodiscard]] std::uint32_t series_count() const {
    return root().series_count;
  }

  // Numbers of the series that all matchers accept, ascending.
  [[nodiscard]] Result<std::vector<SeriesId>> select(
      const Matchers& matchers) const;
  [[nodiscard]] Labels labels(SeriesId series) const {
    return head_->labels(series);
  }
  // Labels::hash of each series; 0 where its record is damaged.
  [[nodiscard]] std::vector<std::uint64_t> hashes() const;
  [[nodiscard]] LabelIds column(std::string_view name,
                                std::span<const SeriesId> series) const;
  // Into the ascending order of their labels.
  void sort_by_labels(std::vector<SeriesId>& series) const;

  // Of the given series; sorted.
  [[nodiscard]] std::vector<std::string> label_names(
      std::span<const SeriesId> series) const;
  [[nodiscard]] std::vector<std::string> label_values(
      std::string_view name, std::span<const SeriesId> series) const;

  // The newest of each family, by name.
  [[nodiscard]] std::vector<FamilyMetadata> metadata() const;

  // Of the given series, ascending (none given: of all), in the order in which
  // they came, which is ascending in time within a series.  Only the newest
  // kExemplarsMax of the store are looked at.
  [[nodiscard]] std::vector<SeriesExemplar> exemplars(
      std::span<const SeriesId> series, std::int64_t min_ms,
      std::int64_t max_ms) const;

  // Damage that this snapshot met, with file and offset.
  [[nodiscard]] std::vector<Error> damage() const { return head_->damage(); }

 private:
  Snapshot(std::uint64_t generation, std::unique_ptr<Head> head)
      : generation_(generation), head_(std::move(head)) {}
  // A column of a zone, from the log when the zone is damaged.
  [[nodiscard]] Result<ZoneColumn> zone_column(std::size_t zone,
                                               std::string_view name) const;

  const std::uint64_t generation_;
  std::unique_ptr<Head> head_;
};

}  // namespace prom::store
