// A Source with what the rules recorded lately laid over another one.
//
// Recorded samples go to the store through a pipe, so they are there a moment
// later; a rule that builds on an earlier rule of its group needs them now.
// RecentSamples keeps them until the store has certainly taken them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/query/source.h"
#include "libprom/rules/sample.h"

namespace prom::rules {

// Thread-safe.
class RecentSamples {
 public:
  // At most so many samples are kept; the oldest times go first.
  static constexpr std::size_t kSamplesMax = 1'000'000;

  void add(std::span<const Sample> samples);
  // Drops samples older than that.
  void forget_before(std::int64_t t_ms);

  // The samples of one series, ascending in time, one per time.
  struct Series {
    std::vector<std::int64_t> t_ms;
    std::vector<double> value;
    std::vector<std::shared_ptr<const FloatHistogram>> histogram;
    bool has_histograms = false;
  };
  // Copies of the series that match, by labels.
  [[nodiscard]] std::map<Labels, Series> select(
      const Matchers& matchers, const query::SelectRange& range) const;

 private:
  void shrink();

  mutable std::mutex mutex_;  // guards what follows
  std::map<Labels, Series> series_;
  std::size_t count_ = 0;
};

class RecentSource : public query::Source {
 public:
  // `below` may be null: nothing but the recent samples.  At a time that both
  // have, the recent sample wins.
  RecentSource(std::shared_ptr<const query::Source> below,
               std::shared_ptr<const RecentSamples> recent)
      : below_(std::move(below)), recent_(std::move(recent)) {}

  Result<std::unique_ptr<query::Selection>> select(
      const Matchers& matchers, const query::SelectRange& range) const override;
  Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const query::SelectRange& range,
      std::size_t limit) const override;
  Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers,
      const query::SelectRange& range, std::size_t limit) const override;

 private:
  std::shared_ptr<const query::Source> below_;
  std::shared_ptr<const RecentSamples> recent_;
};

}  // namespace prom::rules
