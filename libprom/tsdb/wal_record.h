// What the records of write-ahead logs say: tsdb/docs/format/wal.md upstream.
// The log of late samples (WBL) has the same records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"
#include "libprom/tsdb/meta.h"

namespace prom::tsdb {

// How the head numbers its series; never 0.
using HeadRef = std::uint64_t;

// One record, decoded; reused from record to record.
struct WalRecord {
  struct Series {
    HeadRef ref = 0;
    Labels labels;
  };
  struct Sample {
    HeadRef ref = 0;
    std::int64_t t_ms = 0;
    std::int64_t start_ms = 0;  // 0 where unknown
    double value = 0;
  };
  struct Histogram {
    HeadRef ref = 0;
    std::int64_t t_ms = 0;
    std::int64_t start_ms = 0;
    FloatHistogram value;
  };
  struct Deletion {
    HeadRef ref = 0;
    TimeRange range;
  };
  struct Exemplar {
    HeadRef ref = 0;
    std::int64_t t_ms = 0;
    double value = 0;
    Labels labels;
  };
  struct Metadata {
    HeadRef ref = 0;
    std::string type;
    std::string unit;
    std::string help;
  };

  std::vector<Series> series;
  std::vector<Sample> samples;
  std::vector<Histogram> histograms;
  std::vector<Deletion> deletions;
  std::vector<Exemplar> exemplars;
  std::vector<Metadata> metadata;

  void clear();
};

// Replaces `into` by what the record says.  Types that are not known here and
// those that say nothing about samples (marks of mapped chunks) leave it
// empty, as upstream does.  Histograms of schemas that are not known are left
// out.  kCorrupt when the record ends within an entry.
Status decode_wal_record(Bytes record, WalRecord& into);

}  // namespace prom::tsdb
