// Generations of the head: nothing is lost, doubled or forgotten when one is
// closed and the next one begins.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <random>

#include <gtest/gtest.h>

#include "libprom/store/compact.h"
#include "libprom/store/report.h"

#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/store/oracle.h"

namespace prom::store {
namespace {

class RotationTest : public ::testing::Test {
 protected:
  RotationTest() { clock_.set_wall_ms(oracle::kStart + 3'600'000); }

  std::unique_ptr<Writer> open(const WriterOptions& options = {}) {
    auto writer = Writer::open(path(), options, os::real_file_system(), clock_);
    EXPECT_TRUE(writer) << writer.error().message;
    return writer ? std::move(*writer) : nullptr;
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  static std::uint64_t samples_of(int scrapes) {
    return static_cast<std::uint64_t>(scrapes) *
           (oracle::kTargets * oracle::kColumns + 1);
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
};

// Scrapes are sent again at random, as after a restart of the sender; the
// writer is opened again at random, and generations are closed at random.
TEST_F(RotationTest, ShowsEverySampleOnceWhateverIsRepeatedAndReopened) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const TemporaryDirectory directory;
    std::mt19937_64 random(seed);
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    const std::string store = directory.path() + "/s";
    const auto begin = [&] {
      auto writer =
          Writer::open(store, {}, os::real_file_system(), clock_).value();
      EXPECT_TRUE(oracle::add_layouts(*writer));
      return writer;
    };
    auto writer = begin();
    const int scrapes = 120;
    for (int n = 0; n < scrapes; ++n) {
      ASSERT_TRUE(oracle::add_rows(*writer, n));
      if (n > 0 && one_in(10)) {
        const auto again = random() % static_cast<unsigned>(n);
        ASSERT_TRUE(oracle::add_rows(*writer, static_cast<int>(again)));
      }
      ASSERT_TRUE(writer->commit());
      if (one_in(8)) {
        ASSERT_TRUE(writer->rotate());
      }
      if (one_in(16)) {
        writer.reset();
        writer = begin();
      }
    }
    const auto view = View::open(store);
    ASSERT_TRUE(view);
    EXPECT_GT((*view)->heads().size(), 4U);
    const auto count = oracle::check(**view);
    EXPECT_EQ(count.wrong, 0U) << "seed " << seed;
    EXPECT_EQ(count.samples, samples_of(scrapes)) << "seed " << seed;
    EXPECT_EQ(count.rows_of_all, scrapes) << "seed " << seed;
    EXPECT_TRUE(verify(**view).damage.empty());
  }
}

TEST_F(RotationTest, NumbersOnlySeriesThatGetSamples) {
  auto writer = open();
  wire::Loose dead;
  for (int i = 0; i < 5000; ++i)
    dead.items.push_back({{{"__name__", "dead"}, {"i", std::to_string(i)}},
                          oracle::kStart - 1000,
                          1});
  ASSERT_TRUE(writer->add(dead));
  ASSERT_TRUE(oracle::add_layouts(*writer));
  ASSERT_TRUE(oracle::add_rows(*writer, 0));
  ASSERT_TRUE(writer->rotate());
  EXPECT_EQ(writer->series_count(), 0U);
  ASSERT_TRUE(oracle::add_rows(*writer, 1));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(writer->series_count(),
            std::uint32_t{oracle::kTargets * oracle::kColumns + 1});
}

TEST_F(RotationTest, RemembersWhatASenderSentLast) {
  const auto key = std::uint64_t{2};
  {
    auto writer = open();
    ASSERT_TRUE(oracle::add_layouts(*writer));
    for (int n = 0; n < 40; ++n) ASSERT_TRUE(oracle::add_rows(*writer, n));
    ASSERT_TRUE(writer->rotate());
    const auto kept = writer->kept(key);
    ASSERT_TRUE(kept && kept->last);
    EXPECT_EQ(kept->last->sequence, 40U);
  }
  // Also after a crash behind the rotation.
  auto writer = open();
  const auto kept = writer->kept(key);
  ASSERT_TRUE(kept && kept->last);
  EXPECT_EQ(kept->last->sequence, 40U);
  ASSERT_EQ(kept->last->values.size(), std::size_t{oracle::kColumns});
  for (int c = 0; c < oracle::kColumns; ++c)
    EXPECT_EQ(kept->last->values[static_cast<std::size_t>(c)],
              oracle::value(1, c, kept->last->t_ms));
  // The next row needs no layout.
  ASSERT_TRUE(oracle::add_rows(*writer, 40));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(oracle::check(path()).rows_of_all, 41);
}

TEST_F(RotationTest, KeepsLayoutsOfSendersThatHaveNotGoneOn) {
  FakeClock clock;
  clock.set_wall_ms(oracle::kStart + 60'000);
  const auto compact_all = [&] {
    const auto done =
        compact(os::real_file_system(), clock, {.store = path(), .all = true});
    ASSERT_TRUE(done) << done.error().message;
  };
  {
    auto writer = open();
    ASSERT_TRUE(oracle::add_layouts(*writer));
    ASSERT_TRUE(oracle::add_rows(*writer, 0));
    ASSERT_TRUE(writer->rotate());
  }
  // The writer died, and whoever compacts does so more than once.
  compact_all();
  {
    auto writer = open();
    const std::int64_t t_ms = oracle::kStart + 5000;
    ASSERT_TRUE(writer->add(wire::Loose{
        .source = 7,
        .sequence = 1,
        .items = {{oracle::labels(99, 0), t_ms, oracle::value(99, 0, t_ms)}}}));
    ASSERT_TRUE(writer->rotate());
  }
  compact_all();
  EXPECT_TRUE(os::exists(ctl_path(path(), kFirstGeneration)));
  {
    auto writer = open();
    ASSERT_TRUE(oracle::add_rows(*writer, 1));  // needs no layout
    ASSERT_TRUE(writer->commit());
  }
  // Now they have.
  compact_all();
  EXPECT_FALSE(os::exists(head_path(path(), kFirstGeneration)));
  EXPECT_EQ(oracle::check(path()).rows_of_all, 2);
}

TEST_F(RotationTest, KeepsNoLayoutsOfSendersThatAreSilent) {
  {
    auto writer = open();
    ASSERT_TRUE(oracle::add_layouts(*writer));
    ASSERT_TRUE(oracle::add_rows(*writer, 0));
    ASSERT_TRUE(writer->rotate());
  }
  FakeClock clock;
  clock.set_wall_ms(oracle::kStart + 3 * 3'600'000);
  ASSERT_TRUE(
      compact(os::real_file_system(), clock, {.store = path(), .all = true}));
  EXPECT_FALSE(os::exists(head_path(path(), kFirstGeneration)));
}

TEST_F(RotationTest, AppliesTheRulesOfAcceptanceAcrossGenerations) {
  const Labels labels = {{"__name__", "a"}};
  const auto loose = [&](std::int64_t t_ms, double value) {
    return wire::Loose{
        .source = 1, .sequence = 1, .items = {{labels, t_ms, value}}};
  };
  const std::int64_t hour = 3'600'000;
  auto writer = open({.out_of_order_window_ms = hour});
  ASSERT_TRUE(writer->add(loose(oracle::kStart, 1)));
  ASSERT_TRUE(writer->rotate());
  ASSERT_TRUE(writer->add(loose(oracle::kStart, 1)));             // again
  ASSERT_TRUE(writer->add(loose(oracle::kStart, 2)));             // other
  ASSERT_TRUE(writer->add(loose(oracle::kStart - hour, 3)));      // late
  ASSERT_TRUE(writer->add(loose(oracle::kStart - hour - 1, 4)));  // too late
  ASSERT_TRUE(writer->commit());
  const WriterCounters counters = writer->counters();
  EXPECT_EQ(counters.repeated, 1U);
  EXPECT_EQ(counters.out_of_order, 1U);
  EXPECT_EQ(counters.refused[static_cast<std::size_t>(Refusal::kDuplicate)],
            1U);
  EXPECT_EQ(counters.refused[static_cast<std::size_t>(Refusal::kTooOld)], 1U);
  const auto view = *View::open(path());
  const auto found = *view->select({}, INT64_MIN, INT64_MAX);
  ASSERT_EQ(found->size(), 1U);
  Samples samples;
  found->read(0, 1, samples);
  EXPECT_EQ(samples.value, (std::vector<double>{3, 1}));
}

TEST_F(RotationTest, KeepsRowsOfSlowSourcesInRows) {
  auto writer = open();
  ASSERT_TRUE(oracle::add_layouts(*writer));
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(oracle::add_rows(*writer, n));
  // A clock that is ahead must not make everything else look late.
  ASSERT_TRUE(writer->add(wire::Loose{
      .source = 7,
      .sequence = 1,
      .items = {{{{"__name__", "ahead"}}, oracle::kStart + 600'000, 1}}}));
  ASSERT_TRUE(writer->rotate());
  const std::uint64_t before = writer->counters().rows;
  for (int n = 3; n < 10; ++n) ASSERT_TRUE(oracle::add_rows(*writer, n));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(writer->counters().rows - before, 7U * oracle::kTargets);
  EXPECT_EQ(writer->counters().out_of_order, 0U);
}

TEST_F(RotationTest, CarriesMetadataOver) {
  auto writer = open();
  wire::MetadataFrame metadata;
  metadata.items.push_back({"m0", "gauge", "The first.", "bytes"});
  ASSERT_TRUE(writer->add(metadata));
  ASSERT_TRUE(oracle::add_layouts(*writer));
  ASSERT_TRUE(oracle::add_rows(*writer, 0));
  ASSERT_TRUE(writer->rotate());
  const auto all = (*Snapshot::open(path(), 2))->metadata();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].help, "The first.");
}

TEST_F(RotationTest, IsDueByTimeSizeAndChurn) {
  WriterOptions options;
  options.generation_bytes_min = 0;
  auto writer = open(options);
  EXPECT_FALSE(writer->rotation_due());
  ASSERT_TRUE(oracle::add_layouts(*writer));
  ASSERT_TRUE(oracle::add_rows(*writer, 0));
  ASSERT_TRUE(writer->commit());
  EXPECT_FALSE(writer->rotation_due());
  clock_.advance_ms(options.generation_span_ms);
  EXPECT_TRUE(writer->rotation_due());
  ASSERT_TRUE(writer->rotate());
  EXPECT_FALSE(writer->rotation_due());
}

TEST_F(RotationTest, LetsDeadSeriesGo) {
  auto writer = open();
  wire::Layout layout;
  layout.source = 1;
  std::int64_t t_ms = oracle::kStart;
  std::size_t most = 0;
  // Every series is replaced with every scrape.
  for (std::uint32_t version = 1; version <= 80; ++version) {
    layout.version = version;
    layout.series.clear();
    for (int i = 0; i < 10'000; ++i)
      layout.series.push_back({{"__name__", "m"},
                               {"i", std::to_string(i)},
                               {"pod", std::to_string(version)}});
    wire::Row row{.source = 1,
                  .version = version,
                  .sequence = version,
                  .t_ms = t_ms += 1000,
                  .values = std::vector<double>(10'000, 1)};
    ASSERT_TRUE(writer->add(layout));
    ASSERT_TRUE(writer->add(row));
    ASSERT_TRUE(writer->commit());
    if (writer->rotation_due()) {
      ASSERT_TRUE(writer->rotate());
    }
    most = std::max(most, writer->memory_bytes());
  }
  EXPECT_GT(writer->generation(), 1U);
  EXPECT_LT(most, 40U << 20U);
}

TEST_F(RotationTest, GoesOnInANewGenerationWhenTheIndexIsDamaged) {
  {
    auto writer = open();
    wire::Loose many;
    for (int i = 0; i < 5000; ++i)
      many.items.push_back({oracle::labels(99, i + 100), oracle::kStart, 0});
    for (auto& item : many.items)
      item.value = oracle::value(
          99, std::atoi(item.labels.metric_name().data() + 1), oracle::kStart);
    ASSERT_TRUE(writer->add(many));
    ASSERT_TRUE(oracle::add_layouts(*writer));
    ASSERT_TRUE(oracle::add_rows(*writer, 0));
    ASSERT_TRUE(writer->commit());
  }
  const std::string index =
      path() + "/head/0000000000000001/index.0000000000000040";
  const int fd = ::open(index.c_str(), O_RDWR);
  ASSERT_EQ(::pwrite(fd, "damage", 6, 20'000), 6);
  ::close(fd);
  auto writer = open();
  ASSERT_TRUE(writer);
  EXPECT_FALSE(writer->damage().empty());
  EXPECT_EQ(writer->generation(), 2U);
  ASSERT_TRUE(oracle::add_rows(*writer, 0));  // again
  ASSERT_TRUE(oracle::add_rows(*writer, 1));
  ASSERT_TRUE(writer->commit());
  const auto count = oracle::check(path());
  EXPECT_EQ(count.wrong, 0U);
  EXPECT_EQ(count.samples, 5000 + samples_of(2));
}

// Each call that a rotation makes fails once.
TEST_F(RotationTest, GoesOnWithTheOldGenerationWhenTheDiskRefuses) {
  for (std::uint64_t call = 1;; ++call) {
    const TemporaryDirectory directory;
    const std::string store = directory.path() + "/s";
    FaultFileSystem files;
    auto writer = *Writer::open(store, {}, files, clock_);
    ASSERT_TRUE(oracle::add_layouts(*writer));
    ASSERT_TRUE(oracle::add_rows(*writer, 0));
    ASSERT_TRUE(writer->commit());
    ASSERT_TRUE(writer->sync());
    files.fail_at(call, EIO, false);
    const Status rotated = writer->rotate();
    const bool reached = files.has_failed();
    files.fail_at(0, 0, false);
    ASSERT_TRUE(oracle::add_rows(*writer, 1));
    ASSERT_TRUE(writer->commit()) << call;
    EXPECT_TRUE(writer->rotate()) << call;
    ASSERT_TRUE(oracle::add_rows(*writer, 2));
    ASSERT_TRUE(writer->commit()) << call;
    const auto count = oracle::check(store);
    EXPECT_EQ(count.wrong, 0U) << call;
    EXPECT_EQ(count.samples, samples_of(3)) << call;
    if (!reached) {
      EXPECT_TRUE(rotated);
      break;
    }
  }
}

}  // namespace
}  // namespace prom::store
