// Deletions that wait for the next compaction: per series, the ranges of time
// whose samples are gone.  A block keeps them in its file `tombstones`, the
// head in its log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/meta.h"

namespace prom::tsdb {

// Ascending, disjoint ranges; inclusive at both ends.
class Intervals {
 public:
  void add(TimeRange range);
  [[nodiscard]] bool contains(std::int64_t t_ms) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] const std::vector<TimeRange>& ranges() const { return ranges_; }

  // Takes the covered samples out of [from, end) of what is being filled.
  void remove_from(Samples& samples, std::size_t from) const;

 private:
  std::vector<TimeRange> ranges_;
};

using Tombstones = std::unordered_map<std::uint64_t, Intervals>;

// The content of a block's file.  kCorrupt when its magic, version or checksum
// is wrong; the message has the offset.
Result<Tombstones> parse_tombstones(Bytes file);
std::string write_tombstones(const Tombstones& tombstones);

}  // namespace prom::tsdb
