// The messages of io.prometheus.client, read field by field out of bytes that
// may be anything.  The only place that sees protozero.  Borrows the bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"
#include "libprom/model/histogram.h"

namespace prom::exposition {

// Of one family.  Empty ones take two bytes.
constexpr std::size_t kProtobufMetricsMax = 8U << 20U;

// Numbers of MetricType.
enum class ProtobufType : std::uint8_t {
  kCounter = 0,
  kGauge = 1,
  kSummary = 2,
  kUntyped = 3,
  kHistogram = 4,
  kGaugeHistogram = 5,
};

struct ProtobufBucket {
  double cumulative_count = 0;
  double upper_bound = 0;
  std::string_view exemplar;
};

struct ProtobufQuantile {
  double quantile = 0;
  double value = 0;
};

struct ProtobufHistogram {
  double count = 0;  // the float count where there is one
  double sum = 0;
  std::vector<ProtobufBucket> buckets;
  std::vector<std::string_view> exemplars;
  // The native part, not checked yet.
  bool has_native = false;
  FloatHistogram native;
};

// One metric; reused from metric to metric, so that its vectors keep their
// memory.
struct ProtobufMetric {
  std::vector<std::string_view> labels;  // encoded LabelPairs
  std::int64_t t_ms = 0;                 // 0: none
  double value = 0;                      // counter, gauge, untyped
  std::int64_t start_ms = 0;             // 0: unknown
  std::string_view exemplar;             // of a counter
  double summary_count = 0;
  double summary_sum = 0;
  std::vector<ProtobufQuantile> quantiles;
  ProtobufHistogram histogram;
};

struct ProtobufFamily {
  std::string_view name, help, unit;
  ProtobufType type = ProtobufType::kCounter;
  std::vector<std::string_view> metrics;
};

struct ProtobufLabel {
  std::string_view name, value;
};

// All fail with kBadData on bytes that are no such message.
// Takes the next family off the front of `body`.
Status read_family(std::string_view& body, ProtobufFamily& into);
Status read_metric(std::string_view bytes, ProtobufType type,
                   ProtobufMetric& into);
Result<ProtobufLabel> read_label(std::string_view bytes);
Result<Exemplar> read_exemplar(std::string_view bytes);

}  // namespace prom::exposition
