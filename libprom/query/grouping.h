// Which series belong together: for by and without, on and ignoring.
//
// Every group gets a dense number; by and on work on label columns, so that
// labels that play no part are never looked at.  Internal to query/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libprom/query/stream.h"

namespace prom::query {

class Grouping {
 public:
  // `without`: all labels but `names` and the metric name; else only `names`.
  Grouping(std::vector<std::string> names, bool without);
  ~Grouping();
  Grouping(Grouping&&) noexcept;
  Grouping& operator=(Grouping&&) noexcept;

  // The group of each series.  Called for several streams, equal labels get
  // equal numbers.
  std::vector<std::uint32_t> groups_of(const QueryContext& query,
                                       const Stream& stream);
  // How many groups were numbered so far.
  [[nodiscard]] std::size_t count() const;
  // The labels that a series has in common with its group.
  [[nodiscard]] Labels labels_of(const Labels& series) const;

 private:
  struct Tables;
  std::vector<std::string> names_;  // ascending, unique
  bool without_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace prom::query
