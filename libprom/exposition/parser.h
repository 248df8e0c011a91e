// Exposition text to samples: the Prometheus text format 0.0.4 and 1.0.0
// (quoted UTF-8 names), OpenMetrics 1.0, and the pipe dialect of the text
// format that our own tools exchange (prom-wire(5)).
//
// Parser walks any input once.  TargetParser is for a target that is scraped
// again and again: it keeps the previous body and parses only what changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

enum class Format {
  kText,         // timestamps in integer milliseconds
  kOpenMetrics,  // timestamps in seconds; must end in "# EOF"
  // The text format between a first line "# prom-samples v1" and a last line
  // "# prom-samples end".  `# STALE name{labels} timestamp` is a stale marker.
  kPipe,
};

enum class MetricType {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,
  kSummary,
  kInfo,
  kStateset,
};
std::string_view to_string(MetricType type);

struct Exemplar {
  Labels labels;
  double value = 0;
  std::optional<std::int64_t> t_ms;
};

// Views point into the input.
struct Sample {
  std::string_view series;  // as written: name{labels}
  double value = 0;         // the stale NaN for `# STALE`
  std::optional<std::int64_t> t_ms;
  bool has_exemplar = false;
  std::uint32_t line = 0;  // 1-based
};

struct Metadata {
  enum class Kind { kType, kHelp, kUnit };
  Kind kind = Kind::kType;
  std::string family;
  MetricType type = MetricType::kUnknown;  // kType
  std::string text;                        // kHelp, kUnit
};

class Parser {
 public:
  enum class Item { kSample, kMetadata, kEnd };

  // Borrows `input`.
  Parser(std::string_view input, Format format);

  // kBadData with "line:column: reason" on the first malformed line; the
  // parser then stays there.
  Result<Item> next();

  // Of the item that next() returned last.
  [[nodiscard]] const Sample& sample() const { return sample_; }
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  // Name and labels of the sample, with le and quantile in canonical form.
  [[nodiscard]] Labels labels() const;
  // REQUIRES: sample().has_exemplar.
  [[nodiscard]] Exemplar exemplar() const;

 private:
  // The implementing module completes this class.
  std::string_view rest_;
  Format format_;
  Sample sample_;
  Metadata metadata_;
};

// One target's expositions, one after the other.  Series are known by a dense
// number, the ref, which stays the same for the life of the parser: the same
// series text always has the same ref.
class TargetParser {
 public:
  struct Entry {
    std::uint32_t ref = 0;
    bool has_timestamp = false;
    double value = 0;
    std::int64_t t_ms = 0;  // valid when has_timestamp
  };

  // Takes the body, which becomes the "previous body" of the next call.  On
  // failure entries() is empty and what was known stays known.
  Status parse(std::string body, Format format);

  // In the order of the lines.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Refs are below this; it only grows until forget().
  [[nodiscard]] std::size_t series_count() const;
  [[nodiscard]] Labels labels(std::uint32_t ref) const;
  [[nodiscard]] const std::vector<Metadata>& metadata() const;
  // Drops everything that is known; refs begin at 0 again.
  void forget();

 private:
  // The implementing module completes this class.
  std::vector<Entry> entries_;
};

}  // namespace prom::exposition
