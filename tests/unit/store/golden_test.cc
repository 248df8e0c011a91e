// Stores that earlier versions wrote are read for ever.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "libprom/store/report.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/store/oracle.h"

namespace prom::store {
namespace {

constexpr const char* kGolden = "tests/unit/store/golden/version-1";
constexpr int kGoldenScrapes = 40;
constexpr int kGoldenOthers = 4200;  // more than a zone

// How version-1 was made; it is not made again.
TEST(GoldenStore, IsMade) {
  if (std::getenv("PROM_MAKE_GOLDEN") == nullptr)
    GTEST_SKIP() << "PROM_MAKE_GOLDEN=1 writes it anew, which a released "
                    "format never needs";
  FakeClock clock;
  clock.set_wall_ms(oracle::kStart + 3'600'000);
  WriterOptions options;
  options.arena_bytes_min = 65536;
  options.arena_bytes_max = 262144;
  auto writer = Writer::open(kGolden, options, os::real_file_system(), clock);
  ASSERT_TRUE(writer);
  wire::Loose others;
  for (int i = 0; i < kGoldenOthers; ++i)
    others.items.push_back({{{"__name__", "z"}, {"i", std::to_string(i)}},
                            oracle::kStart,
                            static_cast<double>(i)});
  ASSERT_TRUE((*writer)->add(others));
  ASSERT_TRUE(oracle::add_layouts(**writer));
  for (int n = 0; n < kGoldenScrapes; ++n) {
    ASSERT_TRUE(oracle::add_rows(**writer, n));
    ASSERT_TRUE((*writer)->commit());
  }
  wire::MetadataFrame metadata;
  metadata.items.push_back({"m0", "gauge", "The first.", "bytes"});
  ASSERT_TRUE((*writer)->add(metadata));
  ASSERT_TRUE((*writer)->commit());
  ASSERT_TRUE((*writer)->sync());
}

class GoldenStoreTest : public ::testing::Test {
 protected:
  GoldenStoreTest() {
    std::filesystem::copy(kGolden, path(),
                          std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  void expect_everything(int scrapes) {
    const auto snapshot = Snapshot::open(path());
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    EXPECT_TRUE(verify(**snapshot).damage.empty());
    EXPECT_EQ((*snapshot)->head().zone_count(), 1U);
    auto others = (*snapshot)->select({Matcher::equal("__name__", "z")});
    ASSERT_EQ(others->size(), static_cast<std::size_t>(kGoldenOthers));
    const SampleReader reader(*snapshot, *others, 0, INT64_MAX);
    Samples samples;
    reader.read(0, reader.size(), samples);
    for (std::size_t i = 0; i < samples.value.size(); ++i)
      EXPECT_EQ(samples.value[i], static_cast<double>(i));
    for (int target = 0; target < oracle::kTargets; ++target) {
      for (int column = 0; column < oracle::kColumns; ++column) {
        const Labels labels = oracle::labels(target, column);
        auto series = (*snapshot)->select(
            {Matcher::equal("__name__", std::string(labels.metric_name())),
             Matcher::equal("t", std::to_string(target))});
        ASSERT_EQ(series->size(), 1U);
        const SampleReader one(*snapshot, *series, 0, INT64_MAX);
        one.read(0, 1, samples);
        ASSERT_EQ(samples.value.size(), static_cast<std::size_t>(scrapes));
        for (std::size_t i = 0; i < samples.value.size(); ++i)
          EXPECT_EQ(samples.value[i],
                    oracle::value(target, column, samples.t_ms[i]));
      }
    }
    ASSERT_EQ((*snapshot)->metadata().size(), 1U);
    EXPECT_EQ((*snapshot)->metadata()[0].help, "The first.");
  }

  TemporaryDirectory directory_;
};

TEST_F(GoldenStoreTest, IsReadWhole) {
  expect_everything(kGoldenScrapes);
}

TEST_F(GoldenStoreTest, IsWrittenOn) {
  FakeClock clock;
  clock.set_wall_ms(oracle::kStart + 3'600'000);
  {
    auto writer = Writer::open(path(), {}, os::real_file_system(), clock);
    ASSERT_TRUE(writer) << writer.error().message;
    ASSERT_TRUE(oracle::add_layouts(**writer));
    for (int n = 0; n < kGoldenScrapes + 5; ++n)
      ASSERT_TRUE(oracle::add_rows(**writer, n));
    ASSERT_TRUE((*writer)->commit());
    EXPECT_EQ((*writer)->counters().samples,
              5U * (oracle::kTargets * oracle::kColumns + 1));
  }
  expect_everything(kGoldenScrapes + 5);
}

}  // namespace
}  // namespace prom::store
