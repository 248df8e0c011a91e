#include "libprom/exposition/registry.h"

#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "libprom/exposition/process_metrics.h"

namespace prom::exposition {
namespace {

TEST(Registry, WritesFamiliesByNameAndSeriesByLabels) {
  Registry registry;
  registry.gauge("b_bytes", "Second.").set(1.5);
  registry.counter("a_total", "First \\ one\nhere.", {{"reason", "z"}}).add(2);
  registry.counter("a_total", "ignored", {{"reason", "a\"\n"}}).add();
  EXPECT_EQ(registry.text(),
            "# HELP a_total First \\\\ one\\nhere.\n"
            "# TYPE a_total counter\n"
            "a_total{reason=\"a\\\"\\n\"} 1\n"
            "a_total{reason=\"z\"} 2\n"
            "# HELP b_bytes Second.\n"
            "# TYPE b_bytes gauge\n"
            "b_bytes 1.5\n");
}

TEST(Registry, GivesTheSameObjectForTheSameSeries) {
  Registry registry;
  Counter& first = registry.counter("x_total", "X.", {{"a", "b"}});
  EXPECT_EQ(&first, &registry.counter("x_total", "X.", {{"a", "b"}}));
  EXPECT_NE(&first, &registry.counter("x_total", "X.", {{"a", "c"}}));
}

TEST(Registry, WritesCumulativeBuckets) {
  Registry registry;
  Histogram& h =
      registry.histogram("h_seconds", "H.", {0.5, 1}, {{"handler", "/"}});
  for (const double value : {0.5, 0.7, 3.0, std::nan("")}) h.observe(value);
  EXPECT_EQ(registry.text().substr(0, registry.text().find("_sum")),
            "# HELP h_seconds H.\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{handler=\"/\",le=\"0.5\"} 1\n"
            "h_seconds_bucket{handler=\"/\",le=\"1\"} 2\n"
            "h_seconds_bucket{handler=\"/\",le=\"+Inf\"} 4\n"
            "h_seconds");
}

TEST(Registry, WritesQuantilesOfTheLatestObservations) {
  Registry registry;
  Summary& s = registry.summary("s_seconds", "S.", {0, 0.5, 1});
  EXPECT_NE(registry.text().find("s_seconds{quantile=\"0.5\"} NaN\n"),
            std::string::npos);
  for (std::size_t i = 0; i < Summary::kObservationsMax; ++i) s.observe(1e9);
  for (std::size_t i = 0; i < Summary::kObservationsMax; ++i)
    s.observe(static_cast<double>(i));
  const Summary::Snapshot now = s.snapshot();
  EXPECT_EQ(now.count, 2 * Summary::kObservationsMax);
  EXPECT_EQ(now.values, (std::vector<double>{0, 255, 511}));
}

TEST(Registry, ReadsValuesWhenAsked) {
  Registry registry;
  double value = 1;
  registry.gauge_from("g", "G.", {}, [&] { return value; });
  value = 7;
  EXPECT_EQ(registry.text(), "# HELP g G.\n# TYPE g gauge\ng 7\n");
  registry.gauge_from("g", "G.", {}, [] { return 8.0; });
  EXPECT_EQ(registry.text(), "# HELP g G.\n# TYPE g gauge\ng 8\n");
}

TEST(Registry, ForgetsSeriesAndEmptyFamilies) {
  Registry registry;
  registry.gauge("g", "G.", {{"pool", "a"}, {"x", "1"}}).set(1);
  registry.gauge("h", "H.", {{"pool", "a"}}).set(2);
  registry.gauge("h", "H.", {{"pool", "b"}}).set(3);
  registry.remove("h", {{"pool", "nobody"}});
  registry.remove_all({"pool", "a"});
  EXPECT_EQ(registry.text(), "# HELP h H.\n# TYPE h gauge\nh{pool=\"b\"} 3\n");
  registry.remove("h", {{"pool", "b"}});
  EXPECT_EQ(registry.text(), "");
}

TEST(Registry, TellsWhatTheProcessTakes) {
  Registry registry;
  add_process_metrics(registry);
  const std::string text = registry.text();
  const auto value_of = [&](const std::string& name) {
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos
               ? -1.0
               : std::stod(text.substr(at + name.size() + 2));
  };
  EXPECT_GE(value_of("process_cpu_seconds_total"), 0);
  EXPECT_GT(value_of("process_resident_memory_bytes"), 1e5);
  EXPECT_GT(value_of("process_virtual_memory_bytes"),
            value_of("process_resident_memory_bytes"));
  EXPECT_GE(value_of("process_open_fds"), 3);
  EXPECT_GE(value_of("process_max_fds"), value_of("process_open_fds"));
  EXPECT_GT(value_of("process_start_time_seconds"), 1e9);
}

TEST(Registry, CountsFromManyThreads) {
  Registry registry;
  constexpr int kThreads = 4;
  constexpr int kTimes = 5000;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        Counter& counter = registry.counter("c_total", "C.");
        Histogram& histogram = registry.histogram("h", "H.", {1});
        for (int k = 0; k < kTimes; ++k) {
          counter.add();
          histogram.observe(2);
        }
      });
    }
  }
  EXPECT_EQ(registry.counter("c_total", "C.").value(), kThreads * kTimes);
  EXPECT_EQ(registry.histogram("h", "H.", {1}).snapshot().sum,
            2.0 * kThreads * kTimes);
}

}  // namespace
}  // namespace prom::exposition
