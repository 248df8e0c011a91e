#include "libprom/store/label_order.h"

#include <algorithm>
#include <numeric>

namespace prom::store {
namespace {

// Sorts `order` by key[order[i]], keeping the order of equal keys.
void counting_sort(std::vector<std::uint32_t>& order,
                   const std::vector<std::uint32_t>& key) {
  const auto [low, high] = std::ranges::minmax(key);
  if (low == high) return;
  std::vector<std::uint32_t> start(high - low + 2ULL);
  for (const std::uint32_t i : order) ++start[key[i] - low + 1ULL];
  std::partial_sum(start.begin(), start.end(), start.begin());
  std::vector<std::uint32_t> sorted(order.size());
  for (const std::uint32_t i : order) sorted[start[key[i] - low]++] = i;
  order.swap(sorted);
}

}  // namespace

void LabelOrder::add(const LabelIds& column) {
  std::vector<std::uint32_t> by_value(column.values.size() - 1);
  std::iota(by_value.begin(), by_value.end(), 1U);
  std::ranges::sort(by_value, {}, [&](auto i) -> const std::string& {
    return column.values[i];
  });
  std::vector<std::uint32_t> rank(column.values.size());
  for (const std::uint32_t i : by_value) rank[i] = ++base_;
  for (std::size_t i = 0; i < pairs_seen_.size(); ++i) {
    if (column.ids[i] == 0) continue;
    const std::uint32_t position = pairs_seen_[i]++;
    if (position == keys_.size()) keys_.emplace_back(pairs_seen_.size());
    keys_[position][i] = rank[column.ids[i]];
  }
}

std::vector<std::uint32_t> LabelOrder::sorted() const {
  std::vector<std::uint32_t> order(pairs_seen_.size());
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t position = keys_.size(); position-- > 0;)
    counting_sort(order, keys_[position]);
  return order;
}

bool LabelOrder::equal(std::uint32_t a, std::uint32_t b) const {
  return std::ranges::all_of(keys_,
                             [&](const auto& key) { return key[a] == key[b]; });
}

}  // namespace prom::store
