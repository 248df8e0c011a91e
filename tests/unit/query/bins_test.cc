// Answers from statistics are held to answers from samples, and what is left
// when samples go to what they said.
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "libprom/base/duration.h"
#include "libprom/block/writer.h"
#include "libprom/model/sample.h"
#include "libprom/query/engine.h"
#include "libprom/query/store_source.h"
#include "libprom/store/compact.h"
#include "libprom/store/head_to_block.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::query {
namespace {

constexpr std::int64_t kDays = 4;
constexpr std::int64_t kStart = 1'700'006'400'000;  // a day begins
constexpr std::int64_t kEnd = kStart + kDays * kDayMs;
constexpr int kKinds = 9;

double next(int kind, int i, double before, std::mt19937_64& random) {
  switch (kind) {
    case 0:  // a counter
      return before + static_cast<double>(random() % 100);
    case 1:  // one that is reset now and then
      return random() % 700 == 0
                 ? 1
                 : before + static_cast<double>(random() % 100) / 7;
    case 2:
      return static_cast<double>(random() % 1000) / 10 - 20;
    case 3:
      return static_cast<double>(random() % 1000) / 10;
    case 4:
      return 3;
    case 5:
      return random() % 50 == 0 ? std::nan("")
                                : static_cast<double>(random() % 9);
    case 6:
      return random() % 90 == 0 ? stale_nan() : static_cast<double>(i);
    case 7:
      return i % 900 < 300 ? std::nan("") : i;
    default:
      return 1e307 * static_cast<double>(random() % 50);
  }
}

struct Made {
  std::map<Labels, Samples> series;
};

class BinsTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  BinsTest() {
    clock_.set_wall_ms(kEnd + kDayMs);
    EXPECT_TRUE(
        store::Writer::open(path(), {}, os::real_file_system(), clock_));
    EXPECT_TRUE(
        os::real_file_system().make_directory(store::blocks_path(path())));
    const auto lock = store::lock_blocks(os::real_file_system(), path());
    EXPECT_TRUE(lock);
    std::mt19937_64 random(5);
    std::vector<double> values(kKinds * 2, 1000);
    for (std::int64_t day = 0; day < kDays; ++day) {
      // The last block has none.
      auto writer = *block::Writer::create(os::real_file_system(),
                                           store::blocks_path(path()),
                                           {.id = store::new_block_id(clock_),
                                            .level = day + 1 < kDays ? 1U : 0U,
                                            .statistics = day + 1 < kDays});
      for (int gaps = 0; gaps < 2; ++gaps) {
        for (int kind = 0; kind < kKinds; ++kind)
          add_day(*writer, day, kind, gaps != 0,
                  values[static_cast<std::size_t>(kind * 2 + gaps)], random);
      }
      const auto info = writer->finish();
      EXPECT_TRUE(info);
      EXPECT_TRUE(store::publish_blocks(os::real_file_system(), path(),
                                        std::span(&*info, 1)));
    }
  }

  static void add_day(block::Writer& writer, std::int64_t day, int kind,
                      bool gaps, double& value, std::mt19937_64& random) {
    Samples samples;
    for (int i = 0; i < 2880; ++i) {
      const std::int64_t t_ms =
          kStart + day * kDayMs + i * 30'000 + (gaps ? 0 : 7'123);
      value = next(kind, i, value, random);
      if (gaps && (i / 170) % 4 == 1) continue;
      samples.push(t_ms, value);
    }
    samples.end_series();
    EXPECT_TRUE(writer.add(labels_of(kind, gaps), samples.of(0)));
  }

  static Labels labels_of(int kind, bool gaps) {
    return {{"__name__", "x_total"},
            {"gaps", gaps ? "yes" : "no"},
            {"kind", std::to_string(kind)}};
  }

  [[nodiscard]] QueryResult ask(const std::string& query,
                                const RangeTimes& times,
                                Resolution resolution) const {
    const auto source = StoreSource::open(path());
    EXPECT_TRUE(source);
    EngineOptions options;
    options.resolution = resolution;
    auto result = range(**source, query, times, options);
    EXPECT_TRUE(result) << query << ": " << result.error().message;
    return result ? std::move(*result) : QueryResult();
  }

  void expect_same(const QueryResult& a, const QueryResult& b,
                   double tolerance) {
    ASSERT_EQ(a.series.size(), b.series.size());
    for (std::size_t i = 0; i < a.series.size(); ++i) {
      SCOPED_TRACE(a.series[i].labels.to_string());
      ASSERT_EQ(a.series[i].labels, b.series[i].labels);
      ASSERT_EQ(a.series[i].floats.size(), b.series[i].floats.size());
      for (std::size_t k = 0; k < a.series[i].floats.size(); ++k) {
        const FloatPoint& one = a.series[i].floats[k];
        const FloatPoint& other = b.series[i].floats[k];
        ASSERT_EQ(one.t_ms, other.t_ms);
        if (std::isnan(one.value) && std::isnan(other.value)) continue;
        if (one.value == other.value) continue;
        ASSERT_NEAR(one.value, other.value, tolerance * std::fabs(other.value))
            << "at " << one.t_ms;
      }
    }
  }

  void compact_with(const std::string& retention, bool merge) {
    auto parsed = store::parse_retention(retention);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const auto report = store::compact(os::real_file_system(), clock_,
                                       {.store = path(),
                                        .heads = false,
                                        .merge = merge,
                                        .all = merge,
                                        .retention = *parsed});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->damage.empty());
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
};

struct Case {
  const char* function;
  double tolerance;  // 0: to the last bit
};
constexpr Case kCases[] = {
    {"rate", 0},
    {"increase", 0},
    {"delta", 0},
    {"count_over_time", 0},
    {"present_over_time", 0},
    {"min_over_time", 0},
    {"max_over_time", 0},
    {"first_over_time", 0},
    {"last_over_time", 0},
    {"sum_over_time", 1e-15},
    {"avg_over_time", 1e-15},
    {"ts_of_last_over_time", 0},
    {"changes", 0},
    {"stddev_over_time", 0},
};

TEST_F(BinsTest, SayWhatSamplesSay) {
  std::mt19937_64 random(3);
  for (const Case& one : kCases) {
    const std::string function = one.function;
    if (function.starts_with("ts_of")) continue;  // experimental
    for (int round = 0; round < 10; ++round) {
      const std::int64_t unit = round % 3 == 0 ? 1 : 5 * kMinuteMs;
      const auto pick = [&](std::int64_t max_ms) {
        return static_cast<std::int64_t>(
                   random() % static_cast<std::uint64_t>(max_ms / unit) + 1) *
               unit;
      };
      const std::int64_t range_ms =
          pick(round % 2 == 0 ? 3 * kDayMs : 5 * kHourMs);
      const RangeTimes times{
          .start_ms = kStart + pick(2 * kDayMs),
          .end_ms = kEnd,
          .step_ms = pick(round % 2 == 0 ? kDayMs : 8 * kHourMs)};
      const std::string query =
          function + "(x_total[" + std::to_string(range_ms) + "ms])";
      SCOPED_TRACE(query + " step " + std::to_string(times.step_ms) +
                   " start " + std::to_string(times.start_ms - kStart));
      const QueryResult bins = ask(query, times, Resolution::kAuto);
      const QueryResult samples = ask(query, times, Resolution::kSamples);
      expect_same(bins, samples, one.tolerance);
      EXPECT_EQ(bins.infos, samples.infos);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(BinsTest, AreReadInsteadOfSamples) {
  const RangeTimes times{.start_ms = kEnd, .end_ms = kEnd, .step_ms = 1};
  for (const char* query : {"max_over_time(x_total{kind=\"0\"}[3d])",
                            "rate(x_total{kind=\"0\"}[3d])",
                            "sum_over_time(x_total{kind=\"3\"}[3d])"}) {
    const QueryResult bins = ask(query, times, Resolution::kAuto);
    const QueryResult samples = ask(query, times, Resolution::kSamples);
    // A day of samples, for there the block has no statistics.
    EXPECT_LT(bins.samples_read, samples.samples_read / 2) << query;
    EXPECT_TRUE(bins.infos.empty() || bins.infos == samples.infos);
  }
}

TEST_F(BinsTest, StayWhenSamplesGo) {
  const RangeTimes times{
      .start_ms = kStart + 6 * kHourMs, .end_ms = kEnd, .step_ms = 6 * kHourMs};
  const auto query = [](const Case& one) {
    return std::string(one.function) + "(x_total{kind!~\"[1278]\"}[6h])";
  };
  std::vector<QueryResult> before;
  for (std::size_t i = 0; i < 11; ++i)
    before.push_back(ask(query(kCases[i]), times, Resolution::kSamples));
  // The first day keeps hours, the second five minutes, the others samples.
  const std::string rules =
      "keep 36h\nkeep 60h resolution 5m\nkeep forever resolution 1h\n";
  compact_with(rules, false);
  for (const bool merged : {false, true}) {
    SCOPED_TRACE(merged);
    if (merged) compact_with(rules, true);
    for (std::size_t i = 0; i < before.size(); ++i) {
      SCOPED_TRACE(query(kCases[i]));
      const QueryResult now = ask(query(kCases[i]), times, Resolution::kAuto);
      expect_same(now, before[i], 1e-12);
      ASSERT_FALSE(now.infos.empty());
      EXPECT_NE(now.infos.front().find("statistics of windows of"),
                std::string::npos);
    }
    // Samples alone begin with the third day.
    const QueryResult raw =
        ask("count_over_time(x_total{kind=\"0\"}[1h])",
            {kStart + kHourMs, kEnd, kHourMs}, Resolution::kSamples);
    for (const Series& series : raw.series)
      EXPECT_GE(series.floats.front().t_ms, kStart + 2 * kDayMs);
    // The last value of a window is current until the next one.
    const QueryResult current = ask(
        "x_total{kind=\"4\",gaps=\"no\"}",
        {kStart + kHourMs, kEnd - kHourMs, 10 * kMinuteMs}, Resolution::kAuto);
    ASSERT_EQ(current.series.size(), 1U);
    EXPECT_EQ(current.series[0].floats.size(),
              static_cast<std::size_t>(
                  (kEnd - kStart - 2 * kHourMs) / (10 * kMinuteMs) + 1));
  }
  // Nothing is left to do.
  const auto manifest = store::load_manifest(path());
  compact_with(rules, true);
  EXPECT_EQ(store::load_manifest(path())->version, manifest->version);
  const auto view = store::View::open(path());
  for (const auto& block : (*view)->blocks())
    block->verify([](const Error& error) { ADD_FAILURE() << error.message; });
}

TEST_F(BinsTest, AreReadWhereTheyAreAskedFor) {
  const RangeTimes times{.start_ms = kStart + kDayMs,
                         .end_ms = kStart + 2 * kDayMs,
                         .step_ms = kHourMs};
  for (const char* query : {"increase(x_total{kind=\"0\"}[6h])",
                            "avg_over_time(x_total{kind=\"3\"}[6h])"}) {
    const QueryResult samples = ask(query, times, Resolution::kSamples);
    for (const Resolution use :
         {Resolution::kFiveMinutes, Resolution::kHours}) {
      const QueryResult bins = ask(query, times, use);
      expect_same(bins, samples, 1e-12);
      EXPECT_FALSE(bins.infos.empty());
    }
  }
}

TEST_F(BinsTest, GoWithWhatIsDeleted) {
  compact_with("keep 1d\nkeep forever resolution 1h\n", false);
  {
    auto editor = store::ManifestEditor::open(os::real_file_system(), path());
    ASSERT_TRUE(editor);
    editor->manifest.deletions.push_back(
        {.number = ++editor->manifest.last_deletion,
         .before_generation = 1,
         .min_ms = kStart + 90 * kMinuteMs,
         .max_ms = kStart + 100 * kMinuteMs,
         .matchers = {Matcher::equal("kind", "0")}});
    ASSERT_TRUE(editor->publish());
  }
  const auto count = [&](const char* selector) {
    const QueryResult result =
        ask("count_over_time(" + std::string(selector) + "[3h])",
            {kStart + 3 * kHourMs, kStart + 3 * kHourMs, 1}, Resolution::kAuto);
    return result.series.empty() ? 0 : result.series[0].floats[0].value;
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(count("x_total{kind=\"0\",gaps=\"no\"}"), 240);
    EXPECT_EQ(count("x_total{kind=\"4\",gaps=\"no\"}"), 360);
    const auto report = store::compact(
        os::real_file_system(), clock_,
        {.store = path(), .heads = false, .merge = false, .clean = true});
    ASSERT_TRUE(report);
  }
}

}  // namespace
}  // namespace prom::query
