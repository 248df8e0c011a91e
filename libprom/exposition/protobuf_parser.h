// The protobuf exposition: MetricFamily messages of io.prometheus.client, each
// behind its length.  Metrics become series as upstream makes them: summaries
// and classic histograms one for the count, the sum and each quantile or
// bucket, native histograms a single one.
//
// A body is parsed whole each time, but labels are made only once: a metric is
// known by its bytes (family, labels, bounds), and the metrics of a body come
// in the order of the body before.  TargetParser is the only user; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"
#include "libprom/exposition/series_table.h"
#include "libprom/exposition/target_scrape.h"

namespace prom::exposition {

// Samples of one body.  A family of empty metrics takes two bytes for each.
constexpr std::size_t kProtobufEntriesMax = 8U << 20U;

class ProtobufParser {
 public:
  ProtobufParser();
  ~ProtobufParser();

  // Appends the content of `body` to `into`, and new series to `table`.
  // kBadData or kLimit; `into` then holds anything.
  Status parse(std::string_view body, const HistogramOptions& options,
               bool want_exemplars, SeriesTable& table, TargetScrape& into);
  // The table was cleared.
  void forget();

 private:
  struct Known;  // with the work
  std::unique_ptr<Known> known_;
};

}  // namespace prom::exposition
