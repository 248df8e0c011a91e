#include "libprom/store/sample_order.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace prom::store {
namespace {

// Keeps column[begin + order[i]] as the i-th from `begin` on.
template <typename T>
void pick(std::vector<T>& column, std::size_t begin,
          const std::vector<std::size_t>& order) {
  if (column.empty()) return;
  std::vector<T> picked;
  picked.reserve(order.size());
  for (const std::size_t i : order) picked.push_back(column[begin + i]);
  std::ranges::copy(picked,
                    column.begin() + static_cast<std::ptrdiff_t>(begin));
  column.resize(begin + order.size());
}

void pick_all(Samples& samples, std::size_t begin,
              const std::vector<std::size_t>& order) {
  pick(samples.t_ms, begin, order);
  pick(samples.value, begin, order);
  pick(samples.histogram, begin, order);
  pick(samples.start_ms, begin, order);
}

}  // namespace

void put_in_order(Samples& samples, std::size_t begin) {
  const auto times = std::span(samples.t_ms).subspan(begin);
  const auto not_ascending = [](std::int64_t a, std::int64_t b) {
    return a >= b;
  };
  if (std::ranges::adjacent_find(times, not_ascending) == times.end()) return;
  std::vector<std::size_t> order(times.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return times[i]; });
  const auto repeated =
      std::ranges::unique(order, {}, [&](std::size_t i) { return times[i]; });
  order.erase(repeated.begin(), repeated.end());
  pick_all(samples, begin, order);
}

void put_in_order(std::vector<block::Exemplar>& exemplars) {
  std::ranges::stable_sort(exemplars, {}, &block::Exemplar::t_ms);
  const auto repeated = std::ranges::unique(
      exemplars, [](const block::Exemplar& a, const block::Exemplar& b) {
        return a.t_ms == b.t_ms && a.labels == b.labels &&
               std::bit_cast<std::uint64_t>(a.value) ==
                   std::bit_cast<std::uint64_t>(b.value);
      });
  exemplars.erase(repeated.begin(), repeated.end());
}

void drop_ranges(Samples& samples, std::size_t begin,
                 std::span<const TimeRange> ranges) {
  std::vector<std::size_t> kept;
  for (std::size_t i = begin; i < samples.t_ms.size(); ++i) {
    const std::int64_t t_ms = samples.t_ms[i];
    const bool dropped = std::ranges::any_of(ranges, [&](const TimeRange& r) {
      return t_ms >= r.min_ms && t_ms <= r.max_ms;
    });
    if (!dropped) kept.push_back(i - begin);
  }
  if (kept.size() < samples.t_ms.size() - begin) pick_all(samples, begin, kept);
}

}  // namespace prom::store
