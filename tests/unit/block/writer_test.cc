#include "libprom/block/writer.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "tests/support/block_oracle.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const auto entries = os::real_file_system().list(directory);
  for (const auto& entry : entries.value()) names.push_back(entry.name);
  return names;
}

TEST(BlockWriter, LeavesNothingBehindWhicheverCallFails) {
  std::mt19937_64 random(1);
  const Oracle oracle = make_oracle(
      {.targets = 4, .histograms = 0.3, .starts = 0.3, .shorter = 0.3}, random);
  for (const int reason : {ENOSPC, EIO}) {
    for (std::uint64_t call = 1;; ++call) {
      const TemporaryDirectory directory;
      FaultFileSystem files;
      files.fail_at(call, reason, false);
      const auto path =
          write_oracle(oracle, files, directory.path(), {.id = test_id()});
      if (!files.has_failed()) {
        ASSERT_TRUE(path);
        ASSERT_GT(call, 5U);
        break;
      }
      ASSERT_FALSE(path) << call;
      EXPECT_EQ(path.error().code, Code::kIo) << path.error().message;
      EXPECT_TRUE(names_in(directory.path()).empty()) << call;
    }
  }
}

TEST(BlockWriter, RemovesItsFileWhenItIsGivenUp) {
  const TemporaryDirectory directory;
  {
    auto writer = Writer::create(os::real_file_system(), directory.path(),
                                 {.id = test_id()});
    ASSERT_TRUE(writer);
    EXPECT_EQ(names_in(directory.path()).size(), 1U);
  }
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST(BlockWriter, RefusesABlockWithoutSeries) {
  const TemporaryDirectory directory;
  auto writer = Writer::create(os::real_file_system(), directory.path(),
                               {.id = test_id()});
  ASSERT_TRUE(writer);
  EXPECT_EQ((*writer)->finish().error().code, Code::kBadData);
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST(BlockWriter, RefusesTimesThatDoNotAscendAndSeriesOutOfOrder) {
  const TemporaryDirectory directory;
  const std::vector<std::int64_t> bad = {2, 2};
  const std::vector<std::int64_t> good = {1, 2};
  const std::vector<double> values = {1, 2};
  {
    auto writer = *Writer::create(os::real_file_system(), directory.path(),
                                  {.id = test_id()});
    EXPECT_EQ(writer->add({{"a", "b"}}, {bad, values, {}, {}}).error().code,
              Code::kBadData);
    // A failure is for good.
    EXPECT_FALSE(writer->add({{"a", "b"}}, {good, values, {}, {}}));
    EXPECT_FALSE(writer->finish());
  }
  auto writer = *Writer::create(os::real_file_system(), directory.path(),
                                {.id = test_id()});
  EXPECT_TRUE(writer->add({{"a", "b"}}, {good, values, {}, {}}));
  EXPECT_FALSE(writer->add({{"a", "b"}}, {good, values, {}, {}}));
  EXPECT_FALSE(writer->finish());
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST(BlockWriter, TakesAwayWhatDeadWritersLeft) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/";
  for (const std::string& name :
       {".tmp-" + test_id().to_string(), test_id().to_string(),
        std::string(".tmp-other")})
    ASSERT_TRUE(
        os::real_file_system().open(path + name, os::OpenMode::kCreate));
  ASSERT_TRUE(remove_leftovers(os::real_file_system(), directory.path()));
  EXPECT_EQ(names_in(directory.path()),
            (std::vector<std::string>{".tmp-other", test_id().to_string()}));
}

}  // namespace
}  // namespace prom::block
