// Queries over series in memory: what the engine itself costs, without a
// store.  Prints `name value unit`, the best of five runs in milliseconds.
//
// 100,000 series of 20 samples at 15 s, as libprom's targets are stated for;
// the range queries look at one hour in 60 steps.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

namespace {

using prom::Labels;
using prom::query::MemorySource;

constexpr int kSeries = 100'000;
constexpr std::int64_t kIntervalMs = 15'000;

MemorySource make_source(std::int64_t span_ms) {
  MemorySource source;
  for (int i = 0; i < kSeries; ++i) {
    const std::string instance = "host-" + std::to_string(i / 100);
    const std::string path = "/path/" + std::to_string(i % 100);
    const std::string job = "job-" + std::to_string(i % 10);
    for (const char* name : {"requests_total", "errors_total"}) {
      if (name[0] == 'e' && i % 10 != 0) continue;
      const std::size_t series = source.series(Labels{{"__name__", name},
                                                      {"instance", instance},
                                                      {"job", job},
                                                      {"path", path}});
      double value = i;
      for (std::int64_t t = 0; t <= span_ms; t += kIntervalMs) {
        source.add(series, t, value);
        value += static_cast<double>((i * 7 + t / kIntervalMs) % 13);
      }
    }
  }
  return source;
}

void add_buckets(MemorySource& source) {
  const char* bounds[] = {"0.1", "0.5", "1", "5", "10", "+Inf"};
  for (int i = 0; i < 2'000; ++i) {
    double count = 0;
    for (const char* bound : bounds) {
      count += i % 17 + 1;
      source.add(Labels{{"__name__", "latency_bucket"},
                        {"instance", std::to_string(i)},
                        {"le", bound}},
                 300'000, count);
    }
  }
}

template <typename Query>
void measure(const char* name, Query query) {
  constexpr int kRuns = 5;
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    const auto result = query();
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - begin;
    if (!result) {
      std::fprintf(stderr, "%s: %s\n", name, result.error().message.c_str());
      return;
    }
    best = std::min(best, took.count());
  }
  std::printf("%s %.2f ms\n", name, best);
}

}  // namespace

int main() {
  using prom::query::instant;
  using prom::query::range;
  prom::query::EngineOptions options;
  options.samples_max = 0;
  MemorySource now = make_source(300'000);
  add_buckets(now);
  const auto at_once = [&](const char* name, const char* query) {
    measure(name, [&] { return instant(now, query, 300'000, options); });
  };
  at_once("engine/sum_by_rate_instant",
          "sum by (job) (rate(requests_total[5m]))");
  at_once("engine/sum_instant", "sum(requests_total)");
  at_once("engine/sum_without_instant", "sum without (path) (requests_total)");
  at_once("engine/topk_instant", "topk(10, requests_total)");
  at_once("engine/binary_join_instant",
          "errors_total / on (instance, path) requests_total");
  at_once("engine/histogram_quantile_instant",
          "histogram_quantile(0.9, latency_bucket)");
  now.clear();

  constexpr std::int64_t kHourMs = 3'600'000;
  const MemorySource hour = make_source(kHourMs);
  const auto over_hour = [&](const char* name, const char* query) {
    measure(name, [&] {
      return range(hour, query, {60'000, kHourMs, 60'000}, options);
    });
  };
  over_hour("engine/sum_by_rate_60_steps",
            "sum by (job) (rate(requests_total[5m]))");
  over_hour("engine/max_over_time_60_steps",
            "max(max_over_time(requests_total[5m]))");
  over_hour("engine/binary_join_60_steps",
            "sum(errors_total / on (instance, path) requests_total)");
}
