#include "libprom/query/grouping.h"

#include <algorithm>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"

namespace prom::query {

namespace {

struct TextHash {
  using is_avalanching = void;
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash64(text); }
};
using TextNumbers = boost::unordered_flat_map<std::string, std::uint32_t,
                                              TextHash, std::equal_to<>>;

std::uint32_t number_of(TextNumbers& numbers, std::string_view text) {
  const auto found = numbers.find(text);
  if (found != numbers.end()) return found->second;
  const auto next = static_cast<std::uint32_t>(numbers.size());
  numbers.emplace(std::string(text), next);
  return next;
}

}  // namespace

struct Grouping::Tables {
  TextNumbers whole;                // without: by encoded labels
  std::vector<TextNumbers> values;  // by: of each name
  // by: (group of the names before, number of the value) to group.
  std::vector<boost::unordered_flat_map<std::uint64_t, std::uint32_t>> pairs;
  std::size_t count = 0;
};

Grouping::Grouping(std::vector<std::string> names, bool without)
    : names_(std::move(names)),
      without_(without),
      tables_(std::make_unique<Tables>()) {
  std::ranges::sort(names_);
  const auto repeated = std::ranges::unique(names_);
  names_.erase(repeated.begin(), repeated.end());
  tables_->values.resize(names_.size());
  tables_->pairs.resize(names_.size());
}

Grouping::~Grouping() = default;
Grouping::Grouping(Grouping&&) noexcept = default;
Grouping& Grouping::operator=(Grouping&&) noexcept = default;

std::size_t Grouping::count() const {
  return tables_->count;
}

std::vector<std::uint32_t> Grouping::groups_of(const QueryContext& query,
                                               const Stream& stream) {
  std::vector<std::uint32_t> groups(stream.size(), 0);
  if (stream.size() == 0) return groups;
  if (!without_ && names_.empty()) {
    tables_->count = 1;
    return groups;
  }
  if (!without_) {
    for (std::size_t n = 0; n < names_.size(); ++n) {
      const LabelColumn column = stream.column(names_[n]);
      std::vector<std::uint32_t> numbers;
      numbers.reserve(column.values.size());
      for (const std::string& value : column.values) {
        numbers.push_back(number_of(tables_->values[n], value));
      }
      auto& pairs = tables_->pairs[n];
      for (std::size_t i = 0; i < groups.size(); ++i) {
        const std::uint64_t pair =
            (std::uint64_t{groups[i]} << 32U) | numbers[column.ids[i]];
        const auto next = static_cast<std::uint32_t>(pairs.size());
        groups[i] = pairs.try_emplace(pair, next).first->second;
      }
    }
    tables_->count = tables_->pairs.back().size();
    return groups;
  }
  std::string key;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (query.gives_up(i)) break;
    key.clear();
    for (const LabelView& label : stream.labels(i)) {
      if (label.name == kMetricName ||
          std::ranges::binary_search(names_, label.name)) {
        continue;
      }
      append_varint(key, label.name.size());
      key += label.name;
      append_varint(key, label.value.size());
      key += label.value;
    }
    groups[i] = number_of(tables_->whole, key);
  }
  tables_->count = tables_->whole.size();
  return groups;
}

Labels Grouping::labels_of(const Labels& series) const {
  std::vector<LabelView> kept;
  for (const LabelView& label : series) {
    const bool named = std::ranges::binary_search(names_, label.name);
    if (without_ ? !named && label.name != kMetricName : named) {
      kept.push_back(label);
    }
  }
  return Labels::from_sorted(kept);
}

}  // namespace prom::query
