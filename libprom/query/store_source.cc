#include "libprom/query/store_source.h"

#include "libprom/store/view.h"

namespace prom::query {
namespace {

class StoreBatch final : public SampleBatch {
 public:
  Samples samples;
};

class StoreSelection final : public Selection {
 public:
  StoreSelection(std::shared_ptr<const store::View> view,
                 std::unique_ptr<const store::ViewSelection> series)
      : view_(std::move(view)), series_(std::move(series)) {}

  [[nodiscard]] std::size_t size() const override { return series_->size(); }

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return series_->labels(series);
  }

  [[nodiscard]] LabelColumn column(std::string_view name) const override {
    store::LabelIds ids = series_->column(name);
    return {.ids = std::move(ids.ids), .values = std::move(ids.values)};
  }

  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return std::make_unique<StoreBatch>();
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    auto& batch = dynamic_cast<StoreBatch&>(into);
    series_->read(first, count, batch.samples, &batch.coarsest_ms);
    batch.series.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      batch.series[i] = batch.samples.of(i);
    return {};
  }

  [[nodiscard]] Result<bool> read_bins(std::size_t series,
                                       const BinRequest& request,
                                       Bins& into) const override {
    return series_->read_bins(series, request, into);
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    std::vector<std::string> all;
    for (const Error& damage : view_->damage())
      all.push_back("store: " + damage.message);
    return all;
  }

 private:
  std::shared_ptr<const store::View> view_;
  std::unique_ptr<const store::ViewSelection> series_;
};

std::vector<std::string> limited(std::vector<std::string> all,
                                 std::size_t limit) {
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace

Result<std::unique_ptr<StoreSource>> StoreSource::open(
    const std::string& path) {
  auto view = store::View::open(path);
  if (!view) return fail(std::move(view).error());
  return std::make_unique<StoreSource>(std::move(*view));
}

StoreSource::StoreSource(std::shared_ptr<const store::View> view)
    : view_(std::move(view)) {}

Result<std::unique_ptr<Selection>> StoreSource::select(
    const Matchers& matchers, const SelectRange& range) const {
  auto series = view_->select(matchers, range.min_ms, range.max_ms, range.use);
  if (!series) return fail(std::move(series).error());
  return std::make_unique<StoreSelection>(view_, std::move(*series));
}

std::int64_t StoreSource::coarsest_ms(Resolution use) const {
  if (use == Resolution::kSamples) return 0;
  if (use == Resolution::kAuto && !view_->has_bins_alone()) return 0;
  return kResolutionsMs.back();
}

Result<std::vector<std::string>> StoreSource::label_names(
    const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  const auto series = view_->select(matchers, range.min_ms, range.max_ms);
  if (!series) return fail(series.error());
  return limited((*series)->label_names(), limit);
}

Result<std::vector<std::string>> StoreSource::label_values(
    std::string_view name, const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  const auto series = view_->select(matchers, range.min_ms, range.max_ms);
  if (!series) return fail(series.error());
  return limited((*series)->label_values(name), limit);
}

Result<std::vector<FamilyDescription>> StoreSource::metadata() const {
  std::vector<FamilyDescription> all;
  for (store::FamilyMetadata& one : view_->metadata()) {
    all.push_back({.family = std::move(one.family),
                   .type = std::move(one.type),
                   .help = std::move(one.help),
                   .unit = std::move(one.unit)});
  }
  return all;
}

}  // namespace prom::query
