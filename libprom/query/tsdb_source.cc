#include "libprom/query/tsdb_source.h"

#include <mutex>
#include <utility>

#include "libprom/tsdb/data_directory.h"

namespace prom::query {
namespace {

// Damage shows as a few lines, not as one for each chunk.
constexpr std::size_t kWarningsMax = 10;

class TsdbBatch final : public SampleBatch {
 public:
  Samples samples;
};

class TsdbSelection final : public Selection {
 public:
  TsdbSelection(tsdb::Selection selection, std::vector<std::string> warnings)
      : selection_(std::move(selection)), warnings_(std::move(warnings)) {}

  void add(const std::vector<Error>& damage) const {
    if (damage.empty()) return;
    const std::scoped_lock lock(mutex_);
    for (const Error& error : damage) {
      if (warnings_.size() < kWarningsMax) {
        warnings_.push_back("left out: " + error.message);
      } else if (++more_; more_ == 1) {
        warnings_.emplace_back();
      }
    }
    if (more_ > 0)
      warnings_.back() = "left out: " + std::to_string(more_) + " more";
  }

  [[nodiscard]] std::size_t size() const override { return selection_.size(); }
  [[nodiscard]] Labels labels(std::size_t series) const override {
    return selection_.labels(series);
  }
  [[nodiscard]] std::unique_ptr<SampleBatch> new_batch() const override {
    return std::make_unique<TsdbBatch>();
  }

  Status read(std::size_t first, std::size_t count,
              SampleBatch& into) const override {
    auto& batch = dynamic_cast<TsdbBatch&>(into);
    batch.samples.clear();
    std::vector<Error> damage;
    for (std::size_t i = first; i < first + count; ++i) {
      selection_.read(i, batch.samples, damage);
      batch.samples.end_series();
    }
    add(damage);
    batch.series.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      batch.series[i] = batch.samples.of(i);
    return {};
  }

  [[nodiscard]] std::vector<std::string> warnings() const override {
    const std::scoped_lock lock(mutex_);
    return warnings_;
  }

 private:
  const tsdb::Selection selection_;
  // What several threads find damaged while they read.
  mutable std::mutex mutex_;
  mutable std::vector<std::string> warnings_;
  mutable std::size_t more_ = 0;
};

tsdb::TimeRange to_range(const SelectRange& range) {
  return {.min_ms = range.min_ms, .max_ms = range.max_ms};
}

}  // namespace

Result<std::unique_ptr<TsdbSource>> TsdbSource::open(const std::string& path) {
  auto directory = tsdb::DataDirectory::open(path);
  if (!directory) return fail(std::move(directory).error());
  return std::make_unique<TsdbSource>(std::move(*directory));
}

TsdbSource::TsdbSource(std::shared_ptr<const tsdb::DataDirectory> directory)
    : directory_(std::move(directory)) {}

Result<std::unique_ptr<Selection>> TsdbSource::select(
    const Matchers& matchers, const SelectRange& range) const {
  std::vector<Error> damage;
  auto selection = directory_->select(matchers, to_range(range), damage);
  if (!selection) return fail(std::move(selection).error());
  auto made = std::make_unique<TsdbSelection>(std::move(*selection),
                                              directory_->warnings());
  made->add(damage);
  return made;
}

Result<std::vector<std::string>> TsdbSource::label_names(
    const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  return directory_->label_names(matchers, to_range(range), limit);
}

Result<std::vector<std::string>> TsdbSource::label_values(
    std::string_view name, const Matchers& matchers, const SelectRange& range,
    std::size_t limit) const {
  return directory_->label_values(name, matchers, to_range(range), limit);
}

bool TsdbSource::has_samples() const {
  const tsdb::TimeRange span = directory_->span();
  return span.min_ms <= span.max_ms;
}

std::int64_t TsdbSource::newest_ms() const {
  return directory_->span().max_ms;
}

}  // namespace prom::query
