// A label set: what identifies a series, a target, an alert.
//
// Labels is a value: immutable, one allocation, cheap to move, compare and
// hash.  It is built with LabelsBuilder or from pairs.  A label with an empty
// value is the same as no label and is never stored.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prom {

constexpr std::string_view kMetricName = "__name__";

struct LabelView {
  std::string_view name;
  std::string_view value;

  auto operator<=>(const LabelView&) const = default;
};

class Labels {
 public:
  // Walks the labels in ascending byte order of their names.  Views live as
  // long as the Labels.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    using pointer = const LabelView*;
    using reference = const LabelView&;

    Iterator() = default;
    reference operator*() const { return current_; }
    pointer operator->() const { return &current_; }
    Iterator& operator++();
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    friend class Labels;
    Iterator(const char* at, const char* end);
    void decode();
    const char* at_ = nullptr;
    const char* next_ = nullptr;
    const char* end_ = nullptr;
    LabelView current_;
  };

  Labels() = default;
  // In any order; of equal names the last wins; empty values are left out.
  Labels(std::initializer_list<LabelView> labels);
  static Labels from(std::vector<LabelView> labels);
  // REQUIRES: ascending, unique names and no empty values.
  static Labels from_sorted(const std::vector<LabelView>& labels);

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;
  [[nodiscard]] bool empty() const { return encoded_.empty(); }
  [[nodiscard]] std::size_t size() const;  // walks them

  // The value of a label; empty when there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const {
    return !get(name).empty();
  }
  [[nodiscard]] std::string_view metric_name() const {
    return get(kMetricName);
  }

  // Stable for the life of a process and in files: XXH3 of the encoding.
  [[nodiscard]] std::uint64_t hash() const;

  // As PromQL shows a series: up{job="a"}, {job="a"}, {"odd name"}, {}.
  // Values are quoted, so that the text is safe to print.
  [[nodiscard]] std::string to_string() const;

  // name length, name, value length, value …: lengths as varints, names
  // ascending.  What wire frames and the store keep.
  [[nodiscard]] const std::string& encoded() const { return encoded_; }
  // nullopt-like: false when `encoded` is not what encoded() produces.
  static bool decode(std::string_view encoded, Labels& into);

  bool operator==(const Labels& other) const = default;
  // Ascending by pairs, as upstream orders series.
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  std::string encoded_;
};

struct LabelsHash {
  using is_avalanching =
      void;  // boost::unordered_flat_map needs no more mixing
  std::size_t operator()(const Labels& labels) const { return labels.hash(); }
};

// Edits a label set.  Keeps copies of what it is given.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base) { reset(base); }

  void reset(const Labels& base);
  // An empty value removes the label.
  LabelsBuilder& set(std::string_view name, std::string_view value);
  LabelsBuilder& remove(std::string_view name);
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] Labels build() const;
  // Names and values in ascending order of names.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all()
      const {
    return labels_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> labels_;  // by name
};

// [a-zA-Z_][a-zA-Z0-9_]*: the names that need no quotes in PromQL.
bool is_legacy_label_name(std::string_view name);
// The same, with colons.
bool is_legacy_metric_name(std::string_view name);

}  // namespace prom
