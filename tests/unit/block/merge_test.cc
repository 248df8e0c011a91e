#include <algorithm>

#include <gtest/gtest.h>

#include "libprom/block/writer.h"
#include "libprom/model/sample.h"

#include "tests/support/block_oracle.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

class Merge : public testing::Test {
 protected:
  void add_block(const Oracle& oracle, bool statistics = false) {
    const auto path = write_oracle(
        oracle, os::real_file_system(), directory_.path(),
        {.id = test_id(blocks_.size() + 10), .statistics = statistics});
    ASSERT_TRUE(path) << path.error().message;
    const auto block = Block::open(*path);
    ASSERT_TRUE(block) << block.error().message;
    blocks_.push_back(*block);
    oracles_.push_back(oracle);
  }

  // All blocks into one, and the oracle of that.
  void merge(const std::map<Labels, std::vector<Writer::TimeRange>>& drop = {},
             bool statistics = false) {
    std::map<Labels, std::vector<BlockPart>> parts;
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      Ordinal ordinal = 0;
      for (const auto& [labels, series] : oracles_[b]) {
        parts[labels].push_back({blocks_[b].get(), ordinal++});
        OracleSeries& all = merged_[labels];
        for (const OracleSample& one : series.samples) {
          const auto ranges = drop.find(labels);
          if (ranges != drop.end() &&
              std::ranges::any_of(ranges->second, [&](const auto& range) {
                return one.t_ms >= range.min_ms && one.t_ms <= range.max_ms;
              }))
            continue;
          all.samples.push_back(one);
        }
      }
    }
    std::erase_if(merged_, [](const auto& entry) {
      return entry.second.samples.empty();
    });
    auto writer = *Writer::create(os::real_file_system(), directory_.path(),
                                  {.id = test_id(), .statistics = statistics});
    for (const auto& [labels, own] : parts) {
      const auto ranges = drop.find(labels);
      const Status status = writer->merge(
          labels, own,
          ranges == drop.end() ? std::span<const Writer::TimeRange>()
                               : std::span(ranges->second));
      ASSERT_TRUE(status) << status.error().message;
    }
    writer->add_metadata({"metric_0", "gauge", "Something", ""});
    ASSERT_TRUE(writer->finish());
    const auto block =
        Block::open(directory_.path() + "/" + test_id().to_string());
    ASSERT_TRUE(block) << block.error().message;
    block_ = *block;
  }

  void expect_merged() {
    ASSERT_TRUE(block_);
    const auto text = dump_block(*block_);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, dump_oracle(merged_));
    block_->verify([](const Error& error) { ADD_FAILURE() << error.message; });
  }

  static Oracle without_exemplars(Oracle oracle) {
    for (auto& [labels, series] : oracle) series.exemplars.clear();
    return oracle;
  }

  void add_blocks(OracleShape shape, int count, bool statistics = false) {
    std::mt19937_64 random(1);
    for (int i = 0; i < count; ++i) {
      shape.first_ms = kStart + i * 7'200'000LL;
      // Series come and go.
      shape.targets += i % 2 == 0 ? 1 : -1;
      add_block(without_exemplars(make_oracle(shape, random)), statistics);
    }
  }

  TemporaryDirectory directory_;
  std::vector<std::shared_ptr<const Block>> blocks_;
  std::vector<Oracle> oracles_;
  Oracle merged_;
  std::shared_ptr<const Block> block_;
};

TEST_F(Merge, JoinsFloats) {
  add_blocks({.scrapes = 480, .shorter = 0.1}, 4);
  merge();
  expect_merged();
}

TEST_F(Merge, JoinsHistogramsAndStartTimes) {
  add_blocks({.histograms = 0.4, .starts = 0.4, .shorter = 0.2}, 3);
  merge();
  expect_merged();
}

TEST_F(Merge, DropsWhatWasDeleted) {
  add_blocks({.histograms = 0.2, .starts = 0.2}, 3);
  std::map<Labels, std::vector<Writer::TimeRange>> drop;
  int i = 0;
  for (const auto& [labels, series] : oracles_.front()) {
    switch (i++ % 4) {
      case 0:
        drop[labels] = {{INT64_MIN, INT64_MAX}};
        break;
      case 1:
        drop[labels] = {{kStart + 100'000, kStart + 7'300'000}, {0, 5}};
        break;
      case 2:
        drop[labels] = {{0, kStart - 1}};
        break;
      default:
        break;
    }
  }
  merge(drop);
  expect_merged();
}

class MergeBins : public Merge, public testing::WithParamInterface<bool> {};

// Put together from those of the blocks, or made of their samples.
TEST_P(MergeBins, AreThoseOfAllSamples) {
  add_blocks({.scrapes = 480}, 3, GetParam());
  merge({}, true);
  expect_merged();
  Ordinal ordinal = 0;
  for (const auto& [labels, series] : merged_) {
    SCOPED_TRACE(labels.to_string());
    expect_bins(*block_, ordinal++, series);
  }
}
INSTANTIATE_TEST_SUITE_P(OfBlocks, MergeBins, testing::Bool());

TEST_F(Merge, RefusesBlocksThatOverlap) {
  std::mt19937_64 random(1);
  add_block(without_exemplars(make_oracle({}, random)));
  add_block(without_exemplars(make_oracle({}, random)));
  auto writer = *Writer::create(os::real_file_system(), directory_.path(),
                                {.id = test_id()});
  const std::vector<BlockPart> parts = {{blocks_[0].get(), 0},
                                        {blocks_[1].get(), 0}};
  EXPECT_EQ(writer->merge(oracles_[0].begin()->first, parts, {}).error().code,
            Code::kBadData);
}

}  // namespace
}  // namespace prom::block
