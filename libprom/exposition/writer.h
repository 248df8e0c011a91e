// Samples and metadata to exposition text: the text format, OpenMetrics, or
// the pipe dialect.  What it writes, Parser reads back to the same samples, bit
// for bit except that NaNs become one NaN.
//
// It writes what it is given in the order given: grouping a family's lines is
// the caller's business.  One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/exposition/format.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

class Writer {
 public:
  // Appends to `out`, which must outlive it and may be drained and cleared
  // between calls; in the pipe dialect begins with its first line.
  Writer(std::string& out, Format format);

  // HELP, TYPE or UNIT.  Text has no UNIT, and of the types those that
  // Prometheus puts in their place: untyped for unknown, gauge for info and
  // stateset, histogram for gaugehistogram.  A unit that is not the suffix of
  // the family, which OpenMetrics forbids, is left out.
  void metadata(const Metadata& metadata);

  // A sample.  A stale marker is a line of its own in the pipe dialect and left
  // out in the other formats, which cannot say it.
  // REQUIRES: `labels` has a name; a timestamp in the pipe dialect; exemplars
  // only in OpenMetrics.
  void sample(const Labels& labels, double value,
              std::optional<std::int64_t> t_ms = std::nullopt,
              const Exemplar* exemplar = nullptr);

  // What only the pipe dialect has; the other formats leave it out.
  void sample(const Labels& labels, const FloatHistogram& histogram,
              std::int64_t t_ms);
  // From `t_ms` on the counter is one that started at `start_ms`; 0: unknown.
  void start(const Labels& labels, std::int64_t start_ms, std::int64_t t_ms);
  // REQUIRES: the exemplar has a time.
  void exemplar(const Labels& labels, const Exemplar& exemplar);

  // The last line of OpenMetrics and of the pipe dialect.
  void finish();

 private:
  void append_timestamp(std::int64_t t_ms);

  std::string& out_;
  const Format format_;
};

}  // namespace prom::exposition
