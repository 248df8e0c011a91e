// The vocabulary of exposition text: its formats and what is in it besides
// samples.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/model/labels.h"

namespace prom::exposition {

enum class Format {
  kText,         // timestamps in integer milliseconds
  kOpenMetrics,  // timestamps in seconds; must end in "# EOF"
  // The text format between a first line "# prom-samples v1" and a last line
  // "# prom-samples end".  `# STALE name{labels} timestamp` is a stale marker.
  // `# START` and `# EXEMPLAR` tell starts of counters and exemplars; a value
  // may be a native histogram.  Timestamps may be negative.
  kPipe,
  // io.prometheus.client.MetricFamily, each behind its length.  Binary: only
  // TargetParser reads it.
  kProtobuf,
};

constexpr std::string_view kPipeBegin = "# prom-samples v1";
constexpr std::string_view kPipeEnd = "# prom-samples end";
constexpr std::string_view kPipeStale = "# STALE ";
constexpr std::string_view kPipeStart = "# START ";
constexpr std::string_view kPipeExemplar = "# EXEMPLAR ";

enum class MetricType : std::uint8_t {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,
  kSummary,
  kInfo,
  kStateset,
};
// The word of OpenMetrics: "unknown", "counter", …
std::string_view to_string(MetricType type);
// The type of that word, also of the text format's "untyped"; kUnknown for
// any other.
MetricType metric_type(std::string_view word);

struct Exemplar {
  Labels labels;
  double value = 0;
  std::optional<std::int64_t> t_ms;

  bool operator==(const Exemplar&) const = default;
};

struct Metadata {
  enum class Kind { kType, kHelp, kUnit };
  Kind kind = Kind::kType;
  std::string family;
  MetricType type = MetricType::kUnknown;  // kType
  std::string text;                        // kHelp, kUnit

  bool operator==(const Metadata&) const = default;
};

// What the text at the front of a body is: "# prom-samples v1" begins the
// pipe dialect, and OpenMetrics is known by its last line "# EOF".  For files
// and pipes, where no header says it.
Format detect_format(std::string_view body);

}  // namespace prom::exposition
