// A generation of the head as a part of a view.
#include <algorithm>
#include <mutex>

#include "libprom/model/sample.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/view_part.h"

namespace prom::store {
namespace {

class HeadReader final : public PartReader {
 public:
  HeadReader(std::shared_ptr<const Snapshot> snapshot,
             std::vector<PartSeries> series, const ReadRange& range)
      : reader_(std::move(snapshot), std::move(series), range.min_ms,
                range.max_ms) {}

  void append(std::size_t index, Samples& into,
              std::int64_t& /*coarsest_ms*/) const override {
    reader_.append(index, into);
  }
  bool append_bins(std::size_t index, const BinRequest& request,
                   Bins& into) const override {
    Samples samples;
    reader_.append(index, samples);
    if (!samples.histogram.empty()) return false;
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      if (!is_stale_nan(samples.value[i]))
        into.push(Bin::of(samples.t_ms[i], samples.value[i]), request.columns);
    }
    return true;
  }

 private:
  const SampleReader reader_;
};

class HeadPart final : public ViewPart {
 public:
  explicit HeadPart(std::shared_ptr<const Snapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}

  [[nodiscard]] std::int64_t min_ms() const override {
    return snapshot_->root().min_ms;
  }
  [[nodiscard]] std::int64_t max_ms() const override {
    return snapshot_->root().max_ms;
  }
  [[nodiscard]] Result<std::vector<PartSeries>> select(
      const Matchers& matchers) const override {
    return snapshot_->select(matchers);
  }
  [[nodiscard]] Labels labels(PartSeries series) const override {
    return snapshot_->labels(series);
  }
  [[nodiscard]] LabelIds column(
      std::string_view name,
      std::span<const PartSeries> series) const override {
    return snapshot_->column(name, series);
  }
  [[nodiscard]] std::vector<std::string> label_names(
      std::span<const PartSeries> series) const override {
    return snapshot_->label_names(series);
  }
  void sort_by_labels(std::vector<PartSeries>& series) const override {
    snapshot_->sort_by_labels(series);
  }
  [[nodiscard]] std::unique_ptr<PartReader> reader(
      std::vector<PartSeries> series, const ReadRange& range) const override {
    return std::make_unique<HeadReader>(snapshot_, std::move(series), range);
  }
  [[nodiscard]] std::vector<PlacedExemplar> exemplars(
      std::span<const PartSeries> series, std::int64_t min_ms,
      std::int64_t max_ms) const override {
    std::vector<std::pair<PartSeries, std::uint32_t>> places;
    places.reserve(series.size());
    for (std::uint32_t i = 0; i < series.size(); ++i)
      places.emplace_back(series[i], i);
    std::ranges::sort(places);
    std::vector<PartSeries> ascending;
    ascending.reserve(series.size());
    for (const auto& [one, place] : places) ascending.push_back(one);
    std::vector<PlacedExemplar> all;
    if (ascending.empty()) return all;
    for (SeriesExemplar& one :
         snapshot_->exemplars(ascending, min_ms, max_ms)) {
      const auto at = std::ranges::lower_bound(
          places, one.series, {}, &std::pair<PartSeries, std::uint32_t>::first);
      if (at != places.end() && at->first == one.series)
        all.emplace_back(at->second, std::move(one.exemplar));
    }
    return all;
  }
  void add_metadata(std::vector<FamilyMetadata>& all) const override {
    std::ranges::move(snapshot_->metadata(), std::back_inserter(all));
  }
  void add_damage(std::vector<Error>& all) const override {
    std::ranges::move(snapshot_->damage(), std::back_inserter(all));
  }

  [[nodiscard]] PartSeries find(const Labels& labels) const override {
    std::call_once(hashed_, [&] {
      const std::vector<std::uint64_t> hashes = snapshot_->hashes();
      by_hash_.reserve(hashes.size());
      for (PartSeries i = 0; i < hashes.size(); ++i)
        by_hash_.emplace_back(hashes[i], i);
      std::ranges::sort(by_hash_);
    });
    const auto candidates =
        std::ranges::equal_range(by_hash_, labels.hash(), {},
                                 &std::pair<std::uint64_t, PartSeries>::first);
    for (const auto& [hash, series] : candidates) {
      if (snapshot_->labels(series) == labels) return series;
    }
    return kNone;
  }

 private:
  const std::shared_ptr<const Snapshot> snapshot_;
  mutable std::once_flag hashed_;
  // Hash and number, ascending.
  mutable std::vector<std::pair<std::uint64_t, PartSeries>> by_hash_;
};

}  // namespace

std::unique_ptr<ViewPart> head_part(std::shared_ptr<const Snapshot> snapshot) {
  return std::make_unique<HeadPart>(std::move(snapshot));
}

}  // namespace prom::store
