#include "libprom/store/export_series.h"

#include <algorithm>
#include <set>

namespace prom::store {
namespace {

constexpr std::size_t kExemplarSeries = 4096;

}  // namespace

Result<std::unique_ptr<ExportSeries>> ExportSeries::open(
    const View& view, const std::vector<Matchers>& selectors,
    std::int64_t min_ms, std::int64_t max_ms) {
  auto series = std::make_unique<ExportSeries>();
  series->cursors_.reserve(selectors.size());
  for (const Matchers& matchers : selectors) {
    auto selection = view.select(matchers, min_ms, max_ms);
    if (!selection) return fail(selection.error());
    Cursor& cursor = series->cursors_.emplace_back();
    cursor.selection = std::move(*selection);
    series->settle(cursor);
  }
  return series;
}

void ExportSeries::settle(Cursor& cursor) const {
  if (cursor.at < cursor.selection->size())
    cursor.labels = cursor.selection->labels(cursor.at);
}

ExportSeries::Cursor* ExportSeries::first() {
  Cursor* first = nullptr;
  for (Cursor& cursor : cursors_) {
    if (cursor.at == cursor.selection->size()) continue;
    if (first == nullptr || cursor.labels < first->labels) first = &cursor;
  }
  return first;
}

// They are read for many series at once.
std::vector<Exemplar> ExportSeries::take_exemplars(Cursor& cursor) {
  const std::size_t at = cursor.at;
  if (at >= cursor.exemplars_from + cursor.exemplars.size()) {
    cursor.exemplars_from = at;
    const std::size_t left = cursor.selection->size() - at;
    cursor.exemplars =
        cursor.selection->slice(at, std::min(kExemplarSeries, left))
            ->exemplars();
  }
  return std::move(cursor.exemplars[at - cursor.exemplars_from]);
}

Result<bool> ExportSeries::next(Labels& labels, Samples& samples) {
  while (Cursor* const cursor = first()) {
    labels = cursor->labels;
    cursor->selection->read(cursor->at, 1, samples);
    exemplars_ = take_exemplars(*cursor);
    for (Cursor& other : cursors_) {
      if (other.at == other.selection->size() || other.labels != labels)
        continue;
      ++other.at;
      ++done_;
      settle(other);
    }
    if (!samples.t_ms.empty()) return true;
  }
  return false;
}

std::uint64_t ExportSeries::size() const {
  std::uint64_t size = 0;
  for (const Cursor& cursor : cursors_) size += cursor.selection->size();
  return size;
}

std::vector<std::string> ExportSeries::label_names() const {
  std::set<std::string> names;
  for (const Cursor& cursor : cursors_) {
    for (std::string& name : cursor.selection->label_names())
      names.insert(std::move(name));
  }
  return {names.begin(), names.end()};
}

}  // namespace prom::store
