// Reading and printing expressions.  The four are what dashboards and rules
// ask most: a name, a rate, a ratio with regular expressions (whose
// compilation is most of its time), a quantile with a condition.  Target: a
// 200-byte expression in less than 10 us.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string_view>

#include "libprom/promql/parser.h"
#include "libprom/promql/printer.h"

namespace {

using prom::promql::parse;
using prom::promql::to_string;

struct Sample {
  const char* name;
  std::string_view text;
};

constexpr Sample kSamples[] = {
    {"name", "up"},
    {"rate",
     "sum by (job, instance) "
     "(rate(http_requests_total{job=\"api\",code!=\"500\"}[5m]))"},
    {"ratio",
     "sum(rate(http_requests_total{job=\"api\",code=~\"5..\"}[5m])) "
     "/ sum(rate(http_requests_total{job=\"api\"}[5m]))"},
    {"quantile",
     "histogram_quantile(0.99, sum by (le, job) (rate("
     "http_request_duration_seconds_bucket{job=\"api\",env=\"prod\"}[5m]))) "
     "> 0.5 and on (job) sum by (job) (rate("
     "http_requests_total{job=\"api\",env=\"prod\"}[5m])) > 10"},
};

double best_us(const std::function<void()>& work) {
  constexpr int kRounds = 20;
  constexpr int kTimes = 500;
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) work();
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / kTimes);
  }
  return best;
}

}  // namespace

int main() {
  for (const Sample& sample : kSamples) {
    const auto expr = parse(sample.text);
    if (!expr) return 1;
    std::size_t bytes = 0;
    std::printf("promql_parse_%s_%zu_bytes %.2f us\n", sample.name,
                sample.text.size(),
                best_us([&] { bytes += parse(sample.text).has_value(); }));
    std::printf("promql_print_%s %.2f us\n", sample.name,
                best_us([&] { bytes += to_string(**expr).size(); }));
    if (bytes == 0) return 1;
  }
  return 0;
}
