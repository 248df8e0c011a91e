// Long ranges over a store: 30 days of 240 series at 15 s, 41 M samples in
// blocks of ten days, and what the statistics beside them cost and save.
//
// One line each: name value unit, or name value unit samples value ratio, where
// the other value is that of reading samples only (--resolution raw).  Times
// are of the processor, of all threads together.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>

#include "libprom/base/duration.h"
#include "libprom/block/writer.h"
#include "libprom/query/engine.h"
#include "libprom/query/store_source.h"
#include "libprom/store/head_to_block.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::query {
namespace {

constexpr std::int64_t kStart = 1'700'006'400'000;
constexpr std::int64_t kBlockMs = 10 * kDayMs;
constexpr std::int64_t kScrapeMs = 15'000;
constexpr int kSeries = 240;
constexpr int kRuns = 3;

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) / 1e9;
}

template <typename T>
T checked(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(70);
}
void check(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  std::exit(70);
}

// Half are counters, a quarter gauges, a quarter hardly ever change.
double next_value(int series, double before, std::mt19937_64& random) {
  switch (series % 4) {
    case 0:
      return before + static_cast<double>(random() % 1000);
    case 1:
      return before + static_cast<double>(random() % 100'000) / 1000;
    case 2:
      return static_cast<double>(random() % 10'000) / 100;
    default:
      return random() % 1000 == 0 ? before + 1 : before;
  }
}

struct Written {
  double seconds = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
};

// Blocks of `span_ms`, with or without statistics.
Written write_blocks(const std::string& store, std::int64_t span_ms,
                     std::int64_t blocks, bool statistics) {
  Written written;
  FakeClock clock;
  const auto lock = checked(store::lock_blocks(os::real_file_system(), store));
  std::mt19937_64 random(1);
  std::vector<double> values(kSeries, 1000);
  std::vector<block::BlockInfo> made;
  Samples samples;
  for (std::int64_t b = 0; b < blocks; ++b) {
    clock.set_wall_ms(kStart + b);
    auto writer = checked(
        block::Writer::create(os::real_file_system(), store::blocks_path(store),
                              {.id = store::new_block_id(clock),
                               .level = 2,
                               .parents = {},
                               .statistics = statistics,
                               .durable = false}));
    for (int s = 0; s < kSeries; ++s) {
      samples.clear();
      double& value = values[static_cast<std::size_t>(s)];
      for (std::int64_t t_ms = kStart + b * span_ms;
           t_ms < kStart + (b + 1) * span_ms; t_ms += kScrapeMs) {
        value = next_value(s, value, random);
        samples.push(t_ms + 3456, value);
      }
      samples.end_series();
      const double begin = processor_seconds();
      check(writer->add({{"__name__", "x_total"},
                         {"instance", std::to_string(1000 + s / 4)},
                         {"kind", std::to_string(s % 4)}},
                        samples.of(0)));
      written.seconds += processor_seconds() - begin;
    }
    const auto info = checked(writer->finish());
    written.samples += info.samples;
    written.bytes += info.bytes;
    made.push_back(info);
  }
  check(store::publish_blocks(os::real_file_system(), store, made));
  return written;
}

std::string new_store(const TemporaryDirectory& directory, const char* name) {
  const std::string path = directory.path() + "/" + name;
  FakeClock clock;
  (void)checked(store::Writer::open(path, {}, os::real_file_system(), clock));
  check(os::real_file_system().make_directory(store::blocks_path(path)));
  return path;
}

double milliseconds(const Source& source, const std::string& query,
                    std::int64_t step_ms, Resolution resolution) {
  EngineOptions options;
  options.resolution = resolution;
  options.samples_max = 0;
  const std::int64_t end_ms = kStart + 3 * kBlockMs;
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const double begin = processor_seconds();
    if (step_ms == 0) {
      (void)checked(instant(source, query, end_ms, options));
    } else {
      (void)checked(
          range(source, query, {kStart + kHourMs, end_ms, step_ms}, options));
    }
    best = std::min(best, (processor_seconds() - begin) * 1e3);
  }
  return best;
}

void queries(const std::string& store) {
  const auto source = checked(StoreSource::open(store));
  const struct {
    const char* name;
    const char* query;
    std::int64_t step_ms;
  } kQueries[] = {
      {"sum_rate_5m_step_1h", "sum(rate(x_total[5m]))", kHourMs},
      {"sum_rate_1d_step_1h", "sum(rate(x_total[1d]))", kHourMs},
      {"rate_30d", "rate(x_total[30d])", 0},
      {"increase_30d", "sum(increase(x_total[30d]))", 0},
      {"last_30d", "last_over_time(x_total[30d])", 0},
      {"count_30d", "count_over_time(x_total[30d])", 0},
      {"max_30d", "max_over_time(x_total[30d])", 0},
      {"avg_30d", "avg_over_time(x_total[30d])", 0},
      {"max_1h_step_1h", "max by (kind) (max_over_time(x_total[1h]))", kHourMs},
      {"avg_1h_step_5m", "avg by (kind) (avg_over_time(x_total[1h]))",
       5 * kMinuteMs},
  };
  for (const auto& one : kQueries) {
    const double ours =
        milliseconds(*source, one.query, one.step_ms, Resolution::kAuto);
    const double samples =
        milliseconds(*source, one.query, one.step_ms, Resolution::kSamples);
    std::printf("long_%-39s %12.2f ms samples %.2f %.3f\n", one.name, ours,
                samples, ours / samples);
    std::fflush(stdout);
  }
}

int run() {
  const TemporaryDirectory directory;
  const std::string with = new_store(directory, "with");
  const std::string without = new_store(directory, "without");
  const Written plain = write_blocks(without, kBlockMs, 3, false);
  const Written both = write_blocks(with, kBlockMs, 3, true);
  const auto samples = static_cast<double>(both.samples);
  const double bytes = static_cast<double>(plain.bytes) / samples;
  const double more = static_cast<double>(both.bytes - plain.bytes) / samples;
  std::printf("%-44s %12.4f B/sample samples %.4f %.3f\n",
              "long_statistics_bytes", more, bytes, more / bytes);
  std::printf("%-44s %12.2f ns/sample samples %.2f %.2f\n", "long_block_write",
              both.seconds / samples * 1e9, plain.seconds / samples * 1e9,
              both.seconds / plain.seconds);
  queries(with);
  return 0;
}

}  // namespace
}  // namespace prom::query

int main() {
  return prom::query::run();
}
