#include "libprom/store/import_tsdb.h"

#include <utility>

namespace prom::store {

class TsdbInput::Series final : public SortedSeries {
 public:
  Series(TsdbInput& input, tsdb::Selection selection)
      : input_(input), selection_(std::move(selection)) {}

  Result<bool> next(Labels& labels, Samples& samples) override {
    samples.clear();
    std::vector<Error> damage;
    while (at_ < selection_.size() && samples.t_ms.empty())
      selection_.read(at_++, samples, damage);
    for (const Error& error : damage)
      input_.errors_.add(input_.path_, " " + error.message);
    if (samples.t_ms.empty()) return false;
    samples.end_series();
    labels = selection_.labels(at_ - 1);
    note_metadata(labels);
    return true;
  }

 private:
  void note_metadata(const Labels& labels) {
    const auto known = selection_.metadata(at_ - 1);
    if (known.type.empty() && known.help.empty() && known.unit.empty()) return;
    if (input_.metadata_.size() >= kImportFamiliesMax) return;
    input_.metadata_[std::string(labels.metric_name())] = {
        known.type, known.help, known.unit};
  }

  TsdbInput& input_;
  const tsdb::Selection selection_;
  std::size_t at_ = 0;
};

Result<std::unique_ptr<TsdbInput>> TsdbInput::open(const std::string& path,
                                                   ImportErrors& errors) {
  auto directory = tsdb::DataDirectory::open(path);
  if (!directory) return fail(directory.error());
  for (const std::string& warning : (*directory)->warnings())
    errors.add(path, " " + warning);
  return std::unique_ptr<TsdbInput>(
      new TsdbInput(path, std::move(*directory), errors));
}

std::vector<ImportSlot> TsdbInput::slots() const {
  const tsdb::TimeRange span = directory_->span();
  if (span.min_ms > span.max_ms) return {};
  const std::int64_t width_ms = slot_width(span.min_ms, span.max_ms);
  const std::int64_t last = slot_of(span.max_ms, width_ms);
  std::vector<ImportSlot> slots;
  for (std::int64_t i = slot_of(span.min_ms, width_ms); i <= last; ++i)
    slots.push_back({i, width_ms});
  return slots;
}

Result<std::unique_ptr<SortedSeries>> TsdbInput::open_slot(
    const ImportSlot& slot) {
  const tsdb::TimeRange range{begin_of(slot), end_of(slot)};
  std::vector<Error> damage;
  auto selection = directory_->select({}, range, damage);
  if (!selection) return fail(selection.error());
  for (const Error& error : damage) errors_.add(path_, " " + error.message);
  return std::make_unique<Series>(*this, std::move(*selection));
}

}  // namespace prom::store
