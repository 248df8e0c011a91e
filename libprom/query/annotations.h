// What a query has to say besides its result: warnings, that the result may
// be wrong, and infos, that the query may be wrong.  The texts are upstream's,
// for tools and tests compare them.
//
// An Annotations is filled by one thread; merge() joins those of several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/diagnostic.h"

namespace prom::query {

// How many of each kind the HTTP API passes on.
constexpr std::size_t kAnnotationsMax = 10;

class Annotations {
 public:
  // `where` is a range of the query's text; its begin is shown.
  void warn(std::string text, TextRange where);
  void info(std::string text, TextRange where);
  // A warning without a place: what a source has to say.
  void warn_of_source(std::string text);

  // Infos about repaired classic histograms are counted and merged.
  struct Repair {
    std::string metric;  // may be empty
    TextRange where;
    std::int64_t time_ms = 0;
    double bucket_min = 0;
    double bucket_max = 0;
    double difference_max = 0;
  };
  void histogram_repaired(const Repair& repair);
  // Start times that overlap earlier samples; counted.
  void start_time_overlaps(std::string_view metric, TextRange where);

  void merge(const Annotations& other);
  // Of a text that stands `from` and `to` alike.
  void merge_moved(const Annotations& other, TextRange from, TextRange to);
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  // Full texts with "line:column" of `query`, sorted, without duplicates; at
  // most `max` and a line that counts the rest.  max 0: all.
  struct Texts {
    std::vector<std::string> warnings;
    std::vector<std::string> infos;
  };
  [[nodiscard]] Texts texts(std::string_view query, std::size_t max) const;

 private:
  struct Entry {
    bool is_warning = false;
    bool has_place = true;
    TextRange where;
    std::uint64_t count = 1;
    // Only of repairs.
    bool is_repair = false;
    bool is_overlap = false;
    std::int64_t time_min_ms = 0;
    std::int64_t time_max_ms = 0;
    double bucket_min = 0;
    double bucket_max = 0;
    double difference_max = 0;
  };
  Entry& add(std::string text, const Entry& entry);
  // By text and place.
  std::map<std::pair<std::string, std::size_t>, Entry> entries_;
};

}  // namespace prom::query
