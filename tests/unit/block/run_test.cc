#include "libprom/block/run.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "libprom/block/output.h"
#include "libprom/block/run_writer.h"

#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

// A file with nothing but what a test puts into it.
class RunFile : public testing::Test {
 protected:
  RunFile()
      : path_(directory_.path() + "/f"),
        output_(*Output::create(os::real_file_system(), path_)) {}

  const CheckedFile& finish() {
    EXPECT_TRUE(output_->append("no file is empty"));
    header_.info.series = 1;
    EXPECT_TRUE(output_->finish(header_, false));
    file_ = *CheckedFile::open(path_);
    return *file_;
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<Output> output_;
  Header header_;
  std::unique_ptr<CheckedFile> file_;
};

// Bases and spans that need each of the widths.
std::vector<std::uint64_t> numbers_up_to(std::uint64_t base, std::uint64_t span,
                                         std::size_t count,
                                         std::mt19937_64& random) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.push_back(base + (span == 0 ? 0 : random() % (span + 1)));
  if (count > 1) {
    numbers[0] = base;
    numbers[1] = base + span;
  }
  return numbers;
}

TEST_F(RunFile, GivesBackNumbersOfEveryWidth) {
  std::mt19937_64 random(1);
  std::vector<std::pair<block::Run, std::vector<std::uint64_t>>> runs;
  for (const std::uint64_t span :
       {0ULL, 1ULL, 255ULL, 256ULL, 65535ULL, 65536ULL, 0xFFFFFFFFULL,
        0x100000000ULL, 0x7FFFFFFFFFFFFFFFULL}) {
    const auto numbers = numbers_up_to(77, span, 100, random);
    runs.emplace_back(*output_->append(numbers), numbers);
  }
  const CheckedFile& file = finish();
  for (const auto& [run, numbers] : runs) {
    const auto view = RunView::open(file, run, 100);
    ASSERT_TRUE(view);
    for (std::uint32_t i = 0; i < numbers.size(); ++i)
      EXPECT_EQ(view->get(i), numbers[i]);
  }
}

TEST_F(RunFile, FiltersAsOneNumberAfterTheOtherWould) {
  std::mt19937_64 random(2);
  std::vector<block::Run> runs;
  constexpr std::uint32_t kCount = 203;
  for (const std::uint64_t span : {0ULL, 3ULL, 255ULL, 1000ULL, 70000ULL})
    for (const std::uint64_t base : {0ULL, 5ULL})
      runs.push_back(
          *output_->append(numbers_up_to(base, span, kCount, random)));
  const CheckedFile& file = finish();
  for (const block::Run& run : runs) {
    const auto view = RunView::open(file, run, kCount);
    ASSERT_TRUE(view);
    for (int trial = 0; trial < 200; ++trial) {
      NumberSet set;
      const std::uint32_t scale = trial % 3 == 0   ? 8
                                  : trial % 3 == 1 ? 300
                                                   : 80000;
      set.low = static_cast<std::uint32_t>(random() % scale);
      set.high = set.low + static_cast<std::uint32_t>(random() % scale);
      set.inverted = random() % 2 == 0;
      if (random() % 2 == 0) {
        set.bits.resize(1 + random() % 1100);
        for (auto& word : set.bits) word = random();
      }
      std::vector<std::uint8_t> keep(kCount, 1);
      for (auto& one : keep) one = random() % 8 != 0;
      std::vector<std::uint8_t> expected = keep;
      for (std::uint32_t i = 0; i < kCount; ++i)
        if (!set.contains(view->get(i))) expected[i] = 0;
      const bool any = filter(*view, set, keep);
      ASSERT_EQ(keep, expected);
      if (!any) {
        ASSERT_EQ(std::ranges::count(expected, 1), 0);
      }
    }
  }
}

TEST_F(RunFile, KeepsATableOfRuns) {
  RunWriter writer(64);
  for (std::uint64_t i = 0; i < 1000; ++i)
    ASSERT_TRUE(writer.add(i * i * i, *output_));
  ASSERT_TRUE(writer.write(*output_, header_, 5));
  RunWriter zeros(64);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(zeros.add(0, *output_));
  ASSERT_TRUE(zeros.write(*output_, header_, 6));
  EXPECT_FALSE(header_.sections[6]);
  const CheckedFile& file = finish();
  const auto table = RunTable::open(file, *header_.sections[5], 1000, 64);
  ASSERT_TRUE(table);
  for (std::uint32_t i = 0; i < 1000; ++i)
    EXPECT_EQ(*table->get(i), std::uint64_t{i} * i * i);
  EXPECT_EQ(*RunTable().get(3), 0U);
}

TEST_F(RunFile, RefusesRunsThatAreNotThere) {
  const CheckedFile& file = finish();
  const std::uint64_t end = file.header().pages * kPageBytes;
  EXPECT_FALSE(RunView::open(file, {0, 4096U << 3U | 5U}, 1));
  EXPECT_FALSE(RunView::open(file, {0, end << 3U | 1U}, 1));
  EXPECT_FALSE(RunView::open(file, {0, (end - 1) << 3U | 2U}, 1));
  EXPECT_FALSE(RunView::open(file, {0, 100U << 3U | 1U}, 1));
  EXPECT_FALSE(RunView::open(file, {0, ~std::uint64_t{0} << 3U | 4U}, 4096));
  EXPECT_FALSE(RunTable::open(file, {4096, 16}, 65, 64));
}

}  // namespace
}  // namespace prom::block
