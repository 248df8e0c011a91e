// The ascending order of many label sets, made of columns: labels compare pair
// by pair, and with every pair (name, value) replaced by its rank among all
// pairs they compare number by number, so a radix sort from the last pair to
// the first does it.  Equal label sets are found on the way, exactly and
// without hashes.
//
//   LabelOrder order(count);
//   for (name, ascending) order.add(column_of(name));
//   order.sort();
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/store/snapshot.h"

namespace prom::store {

// Numbers for strings in the order of first sight; 0 is the empty string.
class Interner {
 public:
  explicit Interner(std::vector<std::string>& values) : values_(values) {
    values_.emplace_back();
  }
  std::uint32_t id(std::string_view value) {
    if (value.empty()) return 0;
    const auto next = static_cast<std::uint32_t>(values_.size());
    const auto [at, fresh] = ids_.try_emplace(std::string(value), next);
    if (fresh) values_.emplace_back(value);
    return at->second;
  }

 private:
  std::vector<std::string>& values_;
  boost::unordered_flat_map<std::string, std::uint32_t> ids_;
};

class LabelOrder {
 public:
  explicit LabelOrder(std::size_t count) : pairs_seen_(count) {}

  // The next label name in ascending order.  REQUIRES: one id per label set.
  void add(const LabelIds& column);
  // Positions of the label sets in ascending order; equal ones stay as they
  // were.
  [[nodiscard]] std::vector<std::uint32_t> sorted() const;
  [[nodiscard]] bool equal(std::uint32_t a, std::uint32_t b) const;

 private:
  std::vector<std::vector<std::uint32_t>> keys_;  // keys_[position][label set]
  std::vector<std::uint32_t> pairs_seen_;
  std::uint32_t base_ = 0;
};

}  // namespace prom::store
