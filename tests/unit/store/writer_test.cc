#include "libprom/store/writer.h"

#include <unistd.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/snapshot.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

Labels series_labels(int target, int column) {
  return {{"__name__", "metric_" + std::to_string(column)},
          {"instance", "host-" + std::to_string(target)},
          {"job", target % 2 == 0 ? "even" : "odd"}};
}

wire::Layout layout_of(int target, int columns, std::uint32_t version = 1) {
  wire::Layout layout;
  layout.source = 1000 + static_cast<std::uint64_t>(target);
  layout.version = version;
  for (int c = 0; c < columns; ++c)
    layout.series.push_back(series_labels(target, c));
  return layout;
}

wire::Row row_of(int target, std::uint64_t sequence, std::int64_t t_ms,
                 std::vector<double> values) {
  wire::Row row;
  row.source = 1000 + static_cast<std::uint64_t>(target);
  row.version = 1;
  row.sequence = sequence;
  row.t_ms = t_ms;
  row.values = std::move(values);
  return row;
}

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() { clock_.set_wall_ms(kNow); }

  std::unique_ptr<Writer> open(const WriterOptions& options = {}) {
    auto writer = Writer::open(path(), options, os::real_file_system(), clock_);
    EXPECT_TRUE(writer) << writer.error().message;
    return writer ? std::move(*writer) : nullptr;
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  // "t:value t:value …" of the series with these labels.
  std::string stored(const Labels& labels) {
    const auto snapshot = Snapshot::open(path());
    if (!snapshot) return snapshot.error().message;
    Matchers matchers;
    for (const LabelView label : labels)
      matchers.push_back(
          Matcher::equal(std::string(label.name), std::string(label.value)));
    auto series = (*snapshot)->select(matchers);
    if (!series) return series.error().message;
    const SampleReader reader(*snapshot, *series, INT64_MIN, INT64_MAX);
    Samples samples;
    reader.read(0, reader.size(), samples);
    std::string text;
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i)
      text += (i == 0 ? "" : " ") + std::to_string(samples.t_ms[i] - kNow) +
              ":" + std::to_string(samples.value[i]).substr(0, 4);
    return text;
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
};

std::uint64_t refused(const Writer& writer, Refusal refusal) {
  return writer.counters().refused[static_cast<std::size_t>(refusal)];
}

TEST_F(WriterTest, MakesAStoreThatCanBeReadWhenNothingIsInIt) {
  open();
  const auto snapshot = Snapshot::open(path());
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ((*snapshot)->series_count(), 0U);
  EXPECT_TRUE((*snapshot)->select({})->empty());
}

TEST_F(WriterTest, ShowsNothingBeforeTheCommitAndEverythingAfterIt) {
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 6)));
  ASSERT_TRUE(writer->add(row_of(1, 1, kNow, {0, 1, 2, 3, 4, 5})));
  EXPECT_EQ(stored(series_labels(1, 3)), "");
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(stored(series_labels(1, 3)), "0:3.00");
}

TEST_F(WriterTest, KeepsEveryBitPattern) {
  const std::vector<std::uint64_t> patterns = {
      0,
      0x8000000000000000ULL,
      kStaleNanBits,
      kNormalNanBits,
      0x7ff0000000000001ULL,
      0xffffffffffffffffULL,
      std::bit_cast<std::uint64_t>(std::numeric_limits<double>::infinity()),
      1,
      0x000fffffffffffffULL,
      std::bit_cast<std::uint64_t>(0.1)};
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 10)));
  for (std::size_t k = 0; k < 100; ++k) {
    std::vector<double> values;
    for (std::size_t c = 0; c < 10; ++c)
      values.push_back(std::bit_cast<double>(patterns[(c + k) % 10]));
    ASSERT_TRUE(writer->add(row_of(
        1, k + 1, kNow - 200'000 + static_cast<std::int64_t>(k), values)));
  }
  ASSERT_TRUE(writer->commit());
  const auto snapshot = Snapshot::open(path());
  const SampleReader reader(*snapshot, *(*snapshot)->select({}), 0, INT64_MAX);
  Samples samples;
  reader.read(0, 10, samples);
  ASSERT_EQ(samples.value.size(), 1000U);
  for (std::size_t c = 0; c < 10; ++c) {
    for (std::size_t k = 0; k < 100; ++k)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(samples.value[c * 100 + k]),
                patterns[(c + k) % 10]);
  }
}

TEST_F(WriterTest, KeepsTheBitsThatMeanAbsentWhenASampleHasThem) {
  auto writer = open();
  ASSERT_TRUE(writer->add(
      wire::Loose{.source = 5,
                  .sequence = 1,
                  .items = {{series_labels(1, 1), kNow, wire::absent()}}}));
  ASSERT_TRUE(writer->commit());
  const auto snapshot = Snapshot::open(path());
  const SampleReader reader(*snapshot, *(*snapshot)->select({}), 0, INT64_MAX);
  Samples samples;
  reader.read(0, 1, samples);
  ASSERT_EQ(samples.value.size(), 1U);
  EXPECT_TRUE(wire::is_absent(samples.value[0]));
}

TEST_F(WriterTest, LeavesOutWhatIsAbsent) {
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 5)));
  const double none = wire::absent();
  ASSERT_TRUE(writer->add(row_of(1, 1, kNow, {1, none, 3, 4, 5})));
  ASSERT_TRUE(writer->add(row_of(1, 2, kNow + 1, {none, 2, 3, 4, 5})));
  ASSERT_TRUE(writer->add(row_of(1, 3, kNow + 2, {1, none, 3, 4, 5})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(stored(series_labels(1, 0)), "0:1.00 2:1.00");
  EXPECT_EQ(stored(series_labels(1, 1)), "1:2.00");
}

TEST_F(WriterTest, GoesOnAfterItWasClosed) {
  for (int run = 0; run < 5; ++run) {
    auto writer = open();
    ASSERT_TRUE(writer->add(layout_of(1, 5)));
    for (int k = 0; k < 20; ++k) {
      const int n = run * 20 + k;
      const auto v = static_cast<double>(n);
      ASSERT_TRUE(writer->add(row_of(1, static_cast<std::uint64_t>(n + 1),
                                     kNow + n, {v, 0, 0, 0, 0})));
    }
    ASSERT_TRUE(writer->commit());
  }
  std::string expected;
  for (int n = 0; n < 100; ++n)
    expected += (n == 0 ? "" : " ") + std::to_string(n) + ":" +
                std::to_string(static_cast<double>(n)).substr(0, 4);
  EXPECT_EQ(stored(series_labels(1, 0)), expected);
}

TEST_F(WriterTest, TakesTheSameInputOnce) {
  for (int run = 0; run < 3; ++run) {
    auto writer = open();
    ASSERT_TRUE(writer->add(layout_of(1, 5)));
    for (int k = 0; k < 3; ++k)
      ASSERT_TRUE(
          writer->add(row_of(1, static_cast<std::uint64_t>(k + 1), kNow + k,
                             {static_cast<double>(k), 1, 2, 3, 4})));
    ASSERT_TRUE(writer->add(
        wire::Loose{.source = 7,
                    .sequence = 1,
                    .items = {{series_labels(9, 9), kNow, 1},
                              {series_labels(9, 9), kNow + 5, 2}}}));
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(writer->root().samples, 17U);
  }
  EXPECT_EQ(stored(series_labels(1, 0)), "0:0.00 1:1.00 2:2.00");
  EXPECT_EQ(stored(series_labels(9, 9)), "0:1.00 5:2.00");
}

TEST_F(WriterTest, RefusesAnotherValueAtTheSameTime) {
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 5)));
  ASSERT_TRUE(writer->add(row_of(1, 1, kNow, {1, 1, 1, 1, 1})));
  ASSERT_TRUE(writer->add(row_of(1, 2, kNow, {1, 9, 1, 1, 1})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(refused(*writer, Refusal::kDuplicate), 1U);
  EXPECT_EQ(writer->counters().repeated, 4U);
  EXPECT_EQ(stored(series_labels(1, 1)), "0:1.00");
}

TEST_F(WriterTest, TakesLateSamplesWithinTheWindowOnly) {
  auto writer = open({.out_of_order_window_ms = 1000});
  ASSERT_TRUE(writer->add(layout_of(1, 5)));
  ASSERT_TRUE(writer->add(row_of(1, 5, kNow, {1, 1, 1, 1, 1})));
  ASSERT_TRUE(writer->add(row_of(1, 3, kNow - 1000, {2, 2, 2, 2, 2})));
  ASSERT_TRUE(writer->add(row_of(1, 2, kNow - 1001, {3, 3, 3, 3, 3})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(refused(*writer, Refusal::kTooOld), 5U);
  EXPECT_EQ(writer->counters().out_of_order, 5U);
  EXPECT_EQ(stored(series_labels(1, 4)), "-1000:2.00 0:1.00");
  ASSERT_TRUE(writer->add(row_of(1, 6, kNow + 10, {4, 4, 4, 4, 4})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(stored(series_labels(1, 4)), "-1000:2.00 0:1.00 10:4.00");
}

TEST_F(WriterTest, RefusesTheFutureUnlessItIsAllowed) {
  const std::int64_t future = kNow + 10 * 60'000 + 1;
  {
    auto writer = open();
    ASSERT_TRUE(writer->add(layout_of(1, 5)));
    ASSERT_TRUE(writer->add(row_of(1, 1, future, {1, 1, 1, 1, 1})));
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(refused(*writer, Refusal::kFuture), 5U);
  }
  auto writer = open({.allow_future = true});
  ASSERT_TRUE(writer->add(layout_of(1, 5)));
  ASSERT_TRUE(writer->add(row_of(1, 1, future, {1, 1, 1, 1, 1})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(stored(series_labels(1, 0)), "600001:1.00");
}

TEST_F(WriterTest, RefusesSeriesBeyondTheLimitAndKeepsTheOthers) {
  auto writer = open({.series_max = 3});
  ASSERT_TRUE(writer->add(layout_of(1, 6)));
  ASSERT_TRUE(writer->add(row_of(1, 1, kNow, {0, 1, 2, 3, 4, 5})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(refused(*writer, Refusal::kSeriesLimit), 3U);
  EXPECT_EQ(stored(series_labels(1, 2)), "0:2.00");
  EXPECT_EQ(stored(series_labels(1, 3)), "");
}

TEST_F(WriterTest, AdmitsOneWriterAtATime) {
  auto writer = open();
  const auto second = Writer::open(path(), {}, os::real_file_system(), clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kBusy);
}

TEST_F(WriterTest, RefusesARowThatDoesNotFitItsLayout) {
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 5)));
  EXPECT_EQ(writer->add(row_of(1, 1, kNow, {1, 2})).error().code,
            Code::kBadData);
  EXPECT_EQ(writer->add(row_of(2, 1, kNow, {1, 2})).error().code,
            Code::kBadData);
}

TEST_F(WriterTest, FollowsALayoutThatChanges) {
  auto writer = open();
  for (int n = 0; n < 400; ++n) {
    wire::Layout layout;
    layout.source = 1001;
    layout.version = 1;
    for (int c = 0; c < 6; ++c)
      layout.series.push_back(series_labels(1, n + c));
    ASSERT_TRUE(writer->add(layout));
    ASSERT_TRUE(writer->add(row_of(1, static_cast<std::uint64_t>(n + 1),
                                   kNow + n, {0, 1, 2, 3, 4, 5})));
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_EQ(stored(series_labels(1, 200)),
            "195:5.00 196:4.00 197:3.00 198:2.00 199:1.00 200:0.00");
  EXPECT_EQ(stored(series_labels(1, 403)), "398:5.00 399:4.00");
}

TEST_F(WriterTest, ReadsASeriesThatMovesBetweenSources) {
  {
    auto writer = open();
    ASSERT_TRUE(writer->add(layout_of(1, 5)));
    ASSERT_TRUE(writer->add(row_of(1, 1, kNow, {1, 1, 1, 1, 1})));
    wire::Layout other = layout_of(1, 5);
    other.source = 77;
    ASSERT_TRUE(writer->add(other));
    wire::Row row = row_of(1, 1, kNow + 1, {2, 2, 2, 2, 2});
    row.source = 77;
    ASSERT_TRUE(writer->add(row));
    ASSERT_TRUE(writer->add(row_of(1, 2, kNow + 2, {3, 3, 3, 3, 3})));
    row.t_ms = kNow + 2;
    row.sequence = 2;
    ASSERT_TRUE(writer->add(row));  // another value where there is one
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(refused(*writer, Refusal::kDuplicate), 5U);
  }
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 5)));
  ASSERT_TRUE(writer->add(row_of(1, 9, kNow + 1, {2, 2, 2, 2, 2})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(writer->counters().repeated, 5U);
  EXPECT_EQ(stored(series_labels(1, 0)), "0:1.00 1:2.00 2:3.00");
}

TEST_F(WriterTest, TakesSourcesOfOneSeries) {
  auto writer = open();
  ASSERT_TRUE(writer->add(layout_of(1, 1)));
  ASSERT_TRUE(writer->add(row_of(1, 1, kNow, {5})));
  ASSERT_TRUE(writer->add(row_of(1, 2, kNow + 1, {6})));
  ASSERT_TRUE(writer->add(row_of(1, 2, kNow + 1, {6})));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(writer->counters().rows, 2U);
  EXPECT_EQ(stored(series_labels(1, 0)), "0:5.00 1:6.00");
}

TEST_F(WriterTest, MakesRowsOfTextSamplesOfOneTime) {
  auto writer = open();
  for (int k = 0; k < 50; ++k) {
    std::vector<SeriesSample> samples;
    for (int c = 0; c < 20; ++c)
      samples.push_back({writer->series(series_labels(1, c)), kNow + k,
                         std::bit_cast<std::uint64_t>(1.0 + c)});
    ASSERT_TRUE(writer->add(samples));
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_EQ(writer->counters().rows, 50U);
  EXPECT_EQ(writer->source_count(), 1U);
  EXPECT_EQ(stored(series_labels(1, 7)).substr(0, 20), "0:8.00 1:8.00 2:8.00");
}

TEST_F(WriterTest, SealsZonesAndFindsEverySeriesInThem) {
  for (int run = 0; run < 2; ++run) {
    auto writer = open();
    for (int target = 0; target < 30; ++target) {
      ASSERT_TRUE(writer->add(layout_of(target, 300)));
      std::vector<double> values;
      for (int c = 0; c < 300; ++c) values.push_back(target * 1000 + c);
      ASSERT_TRUE(writer->add(row_of(
          target, static_cast<std::uint64_t>(run + 1), kNow + run, values)));
      ASSERT_TRUE(writer->commit());
    }
    EXPECT_EQ(writer->series_count(), 9000U);
  }
  const auto snapshot = Snapshot::open(path());
  ASSERT_TRUE(snapshot);
  EXPECT_EQ((*snapshot)->head().zone_count(), 2U);
  for (int target = 0; target < 30; ++target) {
    for (int c = 0; c < 300; c += 37) {
      const auto value =
          std::to_string(static_cast<double>(target * 1000 + c)).substr(0, 4);
      EXPECT_EQ(stored(series_labels(target, c)), "0:" + value + " 1:" + value);
    }
  }
}

TEST_F(WriterTest, WritesMetadataOnceUntilItChanges) {
  wire::MetadataFrame frame;
  frame.items.push_back({"up", "gauge", "Is it up?", ""});
  auto writer = open();
  ASSERT_TRUE(writer->add(frame));
  ASSERT_TRUE(writer->commit());
  EXPECT_FALSE(writer->has_uncommitted());
  writer.reset();
  writer = open();
  ASSERT_TRUE(writer->add(frame));
  EXPECT_FALSE(writer->has_uncommitted());
  frame.items[0].help = "Up?";
  ASSERT_TRUE(writer->add(frame));
  ASSERT_TRUE(writer->commit());
  const auto all = (*Snapshot::open(path()))->metadata();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].help, "Up?");
}

}  // namespace
}  // namespace prom::store
