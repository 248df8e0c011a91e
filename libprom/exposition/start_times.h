// When counters started, out of the `_created` samples of OpenMetrics: those of
// the same family and labels say it in seconds.  TargetParser is the only user.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/exposition/target_scrape.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

// Works out once for each ref where its start is; a scrape then costs a look
// at a table for each sample, and nothing without `_created`.  One thread.
class StartTimes {
 public:
  // A series that is new, in a family of this type.
  void see(std::uint32_t ref, MetricType type, const Labels& labels);
  // Fills `starts`, one for each entry, or leaves it empty.
  // REQUIRES: all refs of the entries were seen.
  void find(const std::vector<TargetEntry>& entries,
            std::vector<std::int64_t>& starts);
  void forget();

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Series {
    std::uint32_t group = kNone;  // series that start together
    bool created = false;         // and this one says when
  };
  std::vector<Series> series_;                                      // by ref
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> groups_;  // by hash
  std::vector<std::int64_t> start_of_;                              // by group
  bool any_created_ = false;
};

}  // namespace prom::exposition
