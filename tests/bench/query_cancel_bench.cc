// How long a query goes on after it was asked to stop, at any place of its
// evaluation: each expression is stopped at many moments, and the longest wait
// is printed as `name value ms`, then what the process computed meanwhile, on
// all its threads, which does not depend on what else the machine does.  The
// target is 10 ms.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <string>
#include <thread>

#include "libprom/query/engine.h"
#include "libprom/query/memory_source.h"

namespace {

using prom::Labels;
using prom::query::MemorySource;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kSeries = 300'000;
constexpr std::int64_t kStepMs = 15'000;
constexpr int kSamples = 8;
constexpr int kMoments = 8;

double cpu_ms() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e3 +
         static_cast<double>(used.tv_nsec) / 1e6;
}

struct Wait {
  double wall_ms = 0;
  double cpu_ms = 0;
};

MemorySource make_source() {
  MemorySource source;
  for (int i = 0; i < kSeries; ++i) {
    const std::size_t series =
        source.series(Labels{{"__name__", i % 2 == 0 ? "a" : "b"},
                             {"instance", std::to_string(i / 2)},
                             {"job", "j" + std::to_string(i % 7)},
                             {"le", std::to_string(i % 10)}});
    for (int t = 0; t < kSamples; ++t) {
      source.add(series, t * kStepMs, static_cast<double>((i * 31 + t) % 997));
    }
  }
  return source;
}

// From the request to the return; zero when the query was done before.
Wait stop_after(const MemorySource& source, const char* query,
                Milliseconds delay, double* whole) {
  std::stop_source stop;
  prom::query::EngineOptions options;
  options.stop = stop.get_token();
  options.samples_max = 0;
  options.parse = prom::promql::ParseOptions::all();
  std::atomic<bool> done = false;
  Clock::time_point asked;
  double used = 0;
  const auto begin = Clock::now();
  std::thread timer([&] {
    while (!done && Clock::now() - begin < delay) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    asked = Clock::now();
    used = cpu_ms();
    stop.request_stop();
  });
  const auto result = prom::query::range(
      source, query, {60'000, 60'000 + 9 * 5'000, 5'000}, options);
  const auto end = Clock::now();
  const double used_at_end = cpu_ms();
  done = true;
  timer.join();
  if (whole != nullptr) *whole = Milliseconds(end - begin).count();
  if (result || result.error().code != prom::Code::kCancelled) return {};
  return {Milliseconds(end - asked).count(), used_at_end - used};
}

}  // namespace

int main() {
  const MemorySource source = make_source();
  const char* queries[] = {
      "a",
      "sum by (job) (rate(a[1m]))",
      "a + on (instance) b",
      "a * on (job, instance) group_left (le) b",
      "a or b",
      "a unless on (instance) b",
      "topk(100, a)",
      "quantile by (job) (0.9, a)",
      "count_values(\"v\", a)",
      "sort_desc(a)",
      "sort_by_label(a, \"instance\")",
      "label_replace(a, \"x\", \"$1\", \"instance\", \"(.*)\")",
      "label_join(a, \"x\", \"-\", \"instance\", \"job\")",
      "histogram_quantile(0.9, a)",
      "max_over_time(a[2m:5s])",
      "absent(a)",
      "limitk(3, a)",
      "info(a)",
      "timestamp(a)",
      "predict_linear(a[2m], 60)",
  };
  for (const char* query : queries) {
    double whole = 0;
    stop_after(source, query, Milliseconds(1e9), &whole);
    Wait longest;
    for (int i = 0; i < kMoments; ++i) {
      const double at = whole * (i + 0.5) / kMoments;
      const Wait wait = stop_after(source, query, Milliseconds(at), nullptr);
      longest.wall_ms = std::max(longest.wall_ms, wait.wall_ms);
      longest.cpu_ms = std::max(longest.cpu_ms, wait.cpu_ms);
    }
    std::printf("cancel/%s %.1f ms computed %.1f (of %.0f)\n", query,
                longest.wall_ms, longest.cpu_ms, whole);
    std::fflush(stdout);
  }
}
