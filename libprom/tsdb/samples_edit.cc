#include "libprom/tsdb/samples_edit.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

namespace prom::tsdb {
namespace {

template <typename T>
void reorder(std::vector<T>& column, std::size_t from,
             const std::vector<std::size_t>& order) {
  if (column.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(order.size());
  for (const std::size_t at : order) sorted.push_back(column[at]);
  column.resize(from);
  column.insert(column.end(), sorted.begin(), sorted.end());
}

void forget_resets(Samples& samples, std::size_t from) {
  for (std::size_t i = from; i < samples.histogram.size(); ++i) {
    const FloatHistogram* const histogram = samples.histogram[i];
    if (histogram == nullptr ||
        histogram->counter_reset_hint != CounterResetHint::kNotReset) {
      continue;
    }
    FloatHistogram& copy = samples.histograms.emplace_back(*histogram);
    copy.counter_reset_hint = CounterResetHint::kUnknown;
    samples.histogram[i] = &copy;
  }
}

}  // namespace

void sort_samples(Samples& samples, std::size_t from) {
  const std::vector<std::int64_t>& t = samples.t_ms;
  const auto begin = t.begin() + static_cast<std::ptrdiff_t>(from);
  // Ascending without equal neighbours: nothing descends or stays.
  if (std::adjacent_find(begin, t.end(), std::greater_equal<>()) == t.end())
    return;
  std::vector<std::size_t> order(t.size() - from);
  std::iota(order.begin(), order.end(), from);
  std::ranges::stable_sort(order, {}, [&t](std::size_t at) { return t[at]; });
  const auto repeated =
      std::ranges::unique(order, {}, [&t](std::size_t at) { return t[at]; });
  order.erase(repeated.begin(), repeated.end());
  reorder(samples.t_ms, from, order);
  reorder(samples.value, from, order);
  reorder(samples.histogram, from, order);
  reorder(samples.start_ms, from, order);
  forget_resets(samples, from);
}

}  // namespace prom::tsdb
