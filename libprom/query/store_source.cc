#include "libprom/query/store_source.h"

#include "libprom/store/sample_reader.h"
#include "libprom/store/snapshot.h"

namespace prom::query {
namespace {

class StoreBatch final : public SampleBatch {
 public:
  Samples samples;
};

class StoreSelection final : public Selection {
 public:
  StoreSelection(std::shared_ptr<const store::Snapshot> snapshot,
                 std::vector<store::SeriesId> series, const SelectRange& range)
      : snapshot_(snapshot),
        reader_(std::move(snapshot), std::move(series), range.min_ms,
                range.max_ms) {}

  [[nodiscard]] std::size_t size() const override { return reader_.size(); }

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return snapshot_->labels(reader_.series()[series]);
  }

  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    store::LabelIds ids = snapshot_->column(name, reader_.series());
    return {.ids = std::move(ids.ids), .values = std::move(ids.values)};
  }

  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return std::make_unique<StoreBatch>();
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    auto& batch = dynamic_cast<StoreBatch&>(into);
    reader_.read(first, count, batch.samples);
    batch.series.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      batch.series[i] = batch.samples.of(i);
    return {};
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    std::vector<std::string> all;
    for (const Error& damage : snapshot_->damage())
      all.push_back("store: " + damage.message);
    return all;
  }

 private:
  std::shared_ptr<const store::Snapshot> snapshot_;
  store::SampleReader reader_;
};

Result<std::vector<store::SeriesId>> find(const store::Snapshot& snapshot,
                                          const Matchers& matchers,
                                          const SelectRange& range) {
  const store::CommitBody& root = snapshot.root();
  if (range.max_ms < root.min_ms || range.min_ms > root.max_ms)
    return std::vector<store::SeriesId>();
  return snapshot.select(matchers);
}

std::vector<std::string> limited(std::vector<std::string> all,
                                 std::size_t limit) {
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace

Result<std::unique_ptr<StoreSource>> StoreSource::open(
    const std::string& path) {
  auto snapshot = store::Snapshot::open(path);
  if (!snapshot) return fail(std::move(snapshot).error());
  return std::make_unique<StoreSource>(std::move(*snapshot));
}

StoreSource::StoreSource(std::shared_ptr<const store::Snapshot> snapshot)
    : snapshot_(std::move(snapshot)) {}

Result<std::unique_ptr<Selection>> StoreSource::select(
    const Matchers& matchers, const SelectRange& range) const {
  auto series = find(*snapshot_, matchers, range);
  if (!series) return fail(std::move(series).error());
  snapshot_->sort_by_labels(*series);
  return std::make_unique<StoreSelection>(snapshot_, std::move(*series), range);
}

Result<std::vector<std::string>> StoreSource::label_names(
    const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  const auto series = find(*snapshot_, matchers, range);
  if (!series) return fail(series.error());
  return limited(snapshot_->label_names(*series), limit);
}

Result<std::vector<std::string>> StoreSource::label_values(
    std::string_view name, const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  const auto series = find(*snapshot_, matchers, range);
  if (!series) return fail(series.error());
  return limited(snapshot_->label_values(name, *series), limit);
}

}  // namespace prom::query
