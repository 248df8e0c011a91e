#include "libprom/query/exemplars.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace prom::query {
namespace {

using BySeries = std::map<Labels, std::vector<store::Exemplar>>;

Status add_head(const store::Snapshot& head, const Matchers& matchers,
                const SelectRange& range, BySeries& all) {
  const auto series = head.select(matchers);
  if (!series) return fail(series.error());
  if (series->empty()) return {};
  for (store::SeriesExemplar& one :
       head.exemplars(*series, range.min_ms, range.max_ms))
    all[head.labels(one.series)].push_back(std::move(one.exemplar));
  return {};
}

// A damaged part of a block costs itself only; the view reports it.
void add_block(const block::Block& block, const Matchers& matchers,
               const SelectRange& range, BySeries& all) {
  const auto series = block.select(matchers);
  if (!series) return;
  for (const block::Ordinal ordinal : *series) {
    auto found = block.exemplars(ordinal);
    if (!found || found->empty()) continue;
    const auto labels = block.labels(ordinal);
    if (!labels) continue;
    for (block::Exemplar& one : *found) {
      if (one.t_ms >= range.min_ms && one.t_ms <= range.max_ms)
        all[*labels].push_back(std::move(one));
    }
  }
}

}  // namespace

Result<std::vector<SeriesExemplars>> exemplars(
    const store::View& view, std::span<const Matchers> selectors,
    const SelectRange& range) {
  BySeries all;
  for (const Matchers& matchers : selectors) {
    for (const auto& block : view.blocks())
      add_block(*block, matchers, range, all);
    for (const auto& head : view.heads()) {
      if (Status added = add_head(*head, matchers, range, all); !added)
        return fail(std::move(added).error());
    }
  }
  std::vector<SeriesExemplars> result;
  for (auto& [labels, found] : all) {
    // Several selectors, and a block and a head, may have the same one.
    const auto order = [](const store::Exemplar& e) {
      return std::tuple(e.t_ms, e.value, e.labels.hash());
    };
    std::ranges::stable_sort(found, {}, order);
    const auto repeated = std::ranges::unique(found, {}, order);
    found.erase(repeated.begin(), repeated.end());
    if (!found.empty()) result.push_back({labels, std::move(found)});
  }
  return result;
}

}  // namespace prom::query
