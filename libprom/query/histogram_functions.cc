// histogram_count, _sum, _avg, _stddev, _stdvar: of native histograms.
#include <cmath>

#include "libprom/base/kahan.h"
#include "libprom/query/evaluator.h"

namespace prom::query {

using promql::FunctionId;

namespace {

// The value that stands for the observations of a bucket.
double middle_of(const FloatHistogram& h, const HistogramBucket& bucket) {
  if (h.uses_custom_buckets()) return (bucket.upper + bucket.lower) / 2;
  if (bucket.lower <= 0 && bucket.upper >= 0) return 0;
  const double middle = std::sqrt(bucket.upper * bucket.lower);
  return bucket.upper < 0 ? -middle : middle;
}

double variance(const FloatHistogram& h) {
  const double mean = h.sum / h.count;
  KahanSum sum;
  for (const HistogramBucket& bucket : h.buckets()) {
    if (bucket.count == 0) continue;
    const double off = middle_of(h, bucket) - mean;
    sum.add(bucket.count * off * off);
  }
  return sum.value() / h.count;
}

double value_of(FunctionId id, const FloatHistogram& h) {
  switch (id) {
    case FunctionId::kHistogramCount:
      return h.count;
    case FunctionId::kHistogramSum:
      return h.sum;
    case FunctionId::kHistogramAvg:
      return h.sum / h.count;
    case FunctionId::kHistogramStdvar:
      return variance(h);
    default:
      return std::sqrt(variance(h));
  }
}

}  // namespace

bool is_histogram_value_function(FunctionId id) {
  switch (id) {
    case FunctionId::kHistogramCount:
    case FunctionId::kHistogramSum:
    case FunctionId::kHistogramAvg:
    case FunctionId::kHistogramStdvar:
    case FunctionId::kHistogramStddev:
      return true;
    default:
      return false;
  }
}

Result<StreamPtr> call_histogram_value(Evaluator& evaluator,
                                       const promql::Call& node,
                                       const Steps& steps) {
  auto input = evaluator.vector(*node.args.front(), steps);
  if (!input) return input;
  return map_stream(
      evaluator.query, std::move(*input), {},
      [id = node.function->id](Cells& cells, Worker& /*worker*/) -> Status {
        for (std::size_t at = 0; at < cells.size(); ++at) {
          if (cells.kind(at) == CellKind::kHistogram) {
            cells.set(at, value_of(id, *cells.histogram(at)));
          } else {
            cells.clear(at);
          }
        }
        return {};
      },
      evaluator.annotations);
}

}  // namespace prom::query
