// The classic histograms of a text exposition as native ones with custom
// buckets: for convert_classic_histograms_to_nhcb.  Samples of one histogram
// stand together, as upstream wants it too.  TargetParser is the only user.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "libprom/exposition/custom_buckets.h"
#include "libprom/exposition/series_table.h"
#include "libprom/exposition/target_scrape.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

// Works out once for each ref what part of which histogram it is.  One thread.
class ClassicConverter {
 public:
  // A series that is new.  `family` is that of the TYPE before it when that
  // says histogram, else empty.  Adds the series of the histogram to `table`.
  void see(std::uint32_t ref, std::string_view family, const Labels& labels,
           SeriesTable& table);

  // What `from` is when it is converted; samples of a histogram that cannot be
  // converted stay.  REQUIRES: all refs of the entries were seen.
  void convert(const TargetScrape& from, bool keep_classic, TargetScrape& into);
  void forget();

 private:
  enum class Kind : std::uint8_t { kOther, kBucket, kCount, kSum };
  struct Part {
    Kind kind = Kind::kOther;
    double upper_bound = 0;
    std::uint32_t histogram = 0;  // ref
  };
  void convert_run(const TargetScrape& from, std::size_t begin, std::size_t end,
                   bool keep_classic, TargetScrape& into);
  static void copy(const TargetScrape& from, std::size_t begin, std::size_t end,
                   TargetScrape& into);

  std::vector<Part> parts_;  // by ref
  CustomBuckets custom_;
};

}  // namespace prom::exposition
