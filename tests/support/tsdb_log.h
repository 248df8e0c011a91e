// Makes what a Prometheus server writes beside its blocks: records, pages and
// segments of its logs, and files of full head chunks.  For tests of readers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/model/histogram.h"

namespace prom::test {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// Records of the write-ahead log, in their older form.
std::string series_record(
    const std::vector<std::pair<std::uint64_t, LabelPairs>>& series);
struct LogSample {
  std::uint64_t ref = 0;
  std::int64_t t_ms = 0;
  double value = 0;
  std::int64_t start_ms = 0;
};
std::string samples_record(const std::vector<LogSample>& samples);
// With start times.
std::string samples_start_record(const std::vector<LogSample>& samples);
std::string deletion_record(std::uint64_t ref, std::int64_t min_ms,
                            std::int64_t max_ms);

enum class Packing { kNone, kSnappy, kZstd };
// The pages of a segment with these records.
std::string segment_of(const std::vector<std::string>& records,
                       Packing packing = Packing::kNone);

// A file of chunks_head/.
struct FullChunk {
  std::uint64_t ref = 0;
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;
  unsigned encoding = 1;  // with 0x80: of late samples
  std::string bytes;
};
std::string head_chunk_file(const std::vector<FullChunk>& chunks);

// Makes the parents, too.
void put_file(const std::string& path, std::string_view content);

}  // namespace prom::test
