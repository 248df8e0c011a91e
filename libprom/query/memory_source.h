// A Source over samples in memory: what `prom-query` reads from a pipe or a
// file, and what tests fill.
//
// Samples come in any order.  Of two samples of one series at one time the
// first wins, and a different second one is counted, as Prometheus refuses it.
// Filling is for one thread; once filled, any number may read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"
#include "libprom/query/source.h"

namespace prom::query {

class MemorySource : public Source {
 public:
  MemorySource();
  ~MemorySource() override;
  MemorySource(MemorySource&&) noexcept;
  MemorySource& operator=(MemorySource&&) noexcept;

  // The number of a series, for the functions below; makes it when needed.
  std::size_t series(const Labels& labels);

  // `start_ms`: when the counter started; 0 where unknown.
  void add(std::size_t series, std::int64_t t_ms, double value,
           std::int64_t start_ms = 0);
  void add(std::size_t series, std::int64_t t_ms, FloatHistogram histogram,
           std::int64_t start_ms = 0);
  void add(const Labels& labels, std::int64_t t_ms, double value) {
    add(series(labels), t_ms, value);
  }
  // Replaces what is not empty in what is known of the family.
  void describe(const FamilyDescription& family);
  // Drops samples before `t_ms`; numbers of series stay.
  void forget_before(std::int64_t t_ms);
  void clear();

  [[nodiscard]] std::size_t series_count() const;
  [[nodiscard]] std::size_t sample_count() const;
  // Samples dropped because another value was there for that time.
  [[nodiscard]] std::size_t conflicts() const;
  // Times of the oldest and newest sample; both 0 when there is none.
  [[nodiscard]] SelectRange span() const;

  Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const override;
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<FamilyDescription>> metadata() const override;

 private:
  struct Data;
  // Sorts what was added since; called by every reader, once.
  void settle() const;
  std::unique_ptr<Data> data_;
};

}  // namespace prom::query
