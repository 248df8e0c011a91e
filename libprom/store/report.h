// What prom-store ls, stats and verify say about a store: read from a view,
// beside a running writer.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libprom/store/view.h"

namespace prom::store {

struct StoreStats {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t sources = 0;
  std::uint64_t commits = 0;
  std::uint64_t bytes = 0;            // of records in the head and of blocks
  std::uint64_t allocated_bytes = 0;  // of the files
  double bytes_per_sample = 0;
  std::uint64_t blocks = 0;
  std::uint64_t block_samples = 0;
  std::uint64_t block_bytes = 0;
  std::uint64_t deletions = 0;  // that readers still have to apply
  std::int64_t min_ms = 0;      // 0 and 0 while there are no samples
  std::int64_t max_ms = 0;
  // Most first, at most the limit that was asked for.
  using Top = std::vector<std::pair<std::string, std::uint64_t>>;
  Top metrics;       // series of a metric
  Top metric_bytes;  // of the samples of a metric in blocks
  Top labels;        // distinct values of a label
  Top label_bytes;   // of the distinct values of a label
  Top pairs;         // series with name=value
  // Series with a sample, other than a stale marker, in the last five minutes
  // of the store; those of them that had none an hour before; and those that
  // had one then and have none now.
  std::uint64_t active = 0;
  std::uint64_t began = 0;
  std::uint64_t ended = 0;
  double bytes_per_day = 0;  // over the last seven days that have samples
};
// `top` 0: no tables and no churn, which read labels and samples.
StoreStats stats_of(const View& view, std::size_t top);

struct SourceReport {
  std::uint64_t key = 0;
  std::uint64_t columns = 0;
  std::uint64_t groups = 0;  // of up to 32 rows
  std::int64_t last_ms = 0;
};
std::vector<SourceReport> sources_of(const Snapshot& snapshot);

struct VerifyReport {
  std::uint64_t records = 0;
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> damage;  // with file and offset
};
// Reads every byte that is published: heads, blocks and the manifest.
VerifyReport verify(const View& view);
VerifyReport verify(const Snapshot& snapshot);
// The same of a store that may be so damaged that there is no view of it,
// which is a report too.  Fails when there is no store or it cannot be read.
Result<VerifyReport> verify_store(const std::string& path);

}  // namespace prom::store
