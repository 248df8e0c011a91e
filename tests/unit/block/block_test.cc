#include "libprom/block/block.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "libprom/block/writer.h"
#include "libprom/model/sample.h"

#include "tests/support/block_oracle.h"
#include "tests/support/temporary_directory.h"

namespace prom::block {
namespace {

std::shared_ptr<const Block> open(const std::string& path) {
  auto block = Block::open(path);
  EXPECT_TRUE(block) << (block ? "" : block.error().message);
  return block ? *block : nullptr;
}

std::shared_ptr<const Block> write_and_open(const Oracle& oracle,
                                            const std::string& directory,
                                            WriterOptions options = {}) {
  options.id = test_id();
  const auto path =
      write_oracle(oracle, os::real_file_system(), directory, options);
  EXPECT_TRUE(path) << (path ? "" : path.error().message);
  return path ? open(*path) : nullptr;
}

std::vector<Labels> labels_in(const Oracle& oracle) {
  std::vector<Labels> all;
  for (const auto& [labels, series] : oracle) all.push_back(labels);
  return all;
}

TEST(Block, GivesBackWhatWasWritten) {
  for (const OracleShape& shape :
       {OracleShape{}, OracleShape{.targets = 1, .metrics = 1, .scrapes = 1},
        OracleShape{
            .targets = 3, .metrics = 30, .scrapes = 700, .shorter = 0.5},
        OracleShape{.histograms = 0.5, .starts = 0.5, .shorter = 0.3}}) {
    std::mt19937_64 random(1);
    const TemporaryDirectory directory;
    const Oracle oracle = make_oracle(shape, random);
    const auto block = write_and_open(oracle, directory.path());
    ASSERT_TRUE(block);
    const auto text = dump_block(*block);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, dump_oracle(oracle));
    block->verify([](const Error& error) { ADD_FAILURE() << error.message; });
  }
}

TEST(Block, SaysWhatItIs) {
  std::mt19937_64 random(1);
  const TemporaryDirectory directory;
  const Oracle oracle = make_oracle({}, random);
  const auto block = write_and_open(
      oracle, directory.path(),
      {.id = {}, .level = 3, .parents = {test_id(8), test_id(9)}});
  ASSERT_TRUE(block);
  std::uint64_t samples = 0;
  std::int64_t min_ms = INT64_MAX;
  std::int64_t max_ms = INT64_MIN;
  for (const auto& [labels, series] : oracle) {
    samples += series.samples.size();
    min_ms = std::min(min_ms, series.samples.front().t_ms);
    max_ms = std::max(max_ms, series.samples.back().t_ms);
  }
  const BlockInfo& info = block->info();
  EXPECT_EQ(info.id, test_id());
  EXPECT_EQ(info.series, oracle.size());
  EXPECT_EQ(info.samples, samples);
  EXPECT_EQ(info.min_ms, min_ms);
  EXPECT_EQ(info.max_ms, max_ms);
  EXPECT_EQ(info.level, 3U);
  EXPECT_EQ(info.parents, (std::vector<Ulid>{test_id(8), test_id(9)}));
  EXPECT_EQ(info.bytes, os::file_info(block->path())->size);
}

TEST(Block, ReadsAnyRangeOfTime) {
  std::mt19937_64 random(3);
  const TemporaryDirectory directory;
  const Oracle oracle = make_oracle(
      {.scrapes = 600, .histograms = 0.3, .starts = 0.3, .shorter = 0.4},
      random);
  const auto block = write_and_open(oracle, directory.path());
  ASSERT_TRUE(block);
  Ordinal ordinal = 0;
  for (const auto& [labels, series] : oracle) {
    for (int trial = 0; trial < 20; ++trial) {
      const auto any_time = [&] {
        return 1'700'000'000'000 +
               static_cast<std::int64_t>(random() % (600 * 15'000 + 30'000)) -
               15'000;
      };
      const std::int64_t min_ms = any_time();
      const std::int64_t max_ms = trial == 0 ? min_ms : any_time();
      Samples samples;
      const Status status = block->read(ordinal, min_ms, max_ms, samples);
      ASSERT_TRUE(status) << status.error().message;
      ASSERT_EQ(dump(samples), dump(in_range(series, min_ms, max_ms)))
          << labels.to_string() << ' ' << min_ms << ' ' << max_ms;
    }
    ++ordinal;
  }
}

TEST(Block, AppendsToSamplesThatAreThere) {
  std::mt19937_64 random(3);
  const TemporaryDirectory directory;
  const Oracle oracle = make_oracle({.histograms = 0.4, .starts = 0.4}, random);
  const auto block = write_and_open(oracle, directory.path());
  ASSERT_TRUE(block);
  Samples samples;
  std::string expected;
  Ordinal ordinal = 0;
  for (const auto& [labels, series] : oracle) {
    ASSERT_TRUE(block->read(ordinal++, INT64_MIN, INT64_MAX, samples));
    samples.end_series();
    expected += dump(series.samples);
  }
  EXPECT_EQ(dump(samples), expected);
  EXPECT_EQ(samples.series_count(), oracle.size());
}

TEST(Block, SelectsAsEachMatcherWouldOnEachSeries) {
  std::mt19937_64 random(4);
  const TemporaryDirectory directory;
  // More than one zone of series.
  const Oracle oracle =
      make_oracle({.targets = 120, .metrics = 50, .scrapes = 1}, random);
  const auto block = write_and_open(oracle, directory.path());
  ASSERT_TRUE(block);
  const std::vector<Labels> all = labels_in(oracle);
  std::vector<Matcher> pool;
  for (const char* name :
       {"__name__", "instance", "job", "odd name", "no such label"}) {
    for (const char* value :
         {"", "node", "metric_7", "metric_11", "host-3:9100", "nothing"}) {
      pool.push_back(*Matcher::create(MatchOp::kEqual, name, value));
      pool.push_back(*Matcher::create(MatchOp::kNotEqual, name, value));
    }
    for (const char* value :
         {"", ".*", ".+", "metric_1.*", "metric_1.+", "host-(1|22|33):9100",
          "metric_3|metric_44|", ".*_2", ".*[13]$", "host-[0-9]+:.*", "a|b",
          "m.*", "zzz.*"}) {
      pool.push_back(*Matcher::create(MatchOp::kRegex, name, value));
      pool.push_back(*Matcher::create(MatchOp::kNotRegex, name, value));
    }
  }
  const auto check = [&](const Matchers& matchers) {
    std::vector<Ordinal> expected;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (matches_all(matchers, all[i]))
        expected.push_back(static_cast<Ordinal>(i));
    const auto found = block->select(matchers);
    std::string text;
    for (const Matcher& matcher : matchers) text += matcher.to_string() + ' ';
    ASSERT_TRUE(found) << text << found.error().message;
    ASSERT_EQ(*found, expected) << text;
  };
  check({});
  for (const Matcher& matcher : pool) check({matcher});
  for (int trial = 0; trial < 300; ++trial) {
    Matchers matchers;
    for (std::size_t i = 2 + random() % 2; i > 0; --i)
      matchers.push_back(pool[random() % pool.size()]);
    check(matchers);
  }
}

TEST(Block, ListsNamesAndValuesOfSomeSeries) {
  std::mt19937_64 random(5);
  const TemporaryDirectory directory;
  const Oracle oracle =
      make_oracle({.targets = 90, .metrics = 60, .scrapes = 1}, random);
  const auto block = write_and_open(oracle, directory.path());
  ASSERT_TRUE(block);
  const std::vector<Labels> all = labels_in(oracle);
  for (const std::size_t keep_one_of : {1U, 7U, 5000U}) {
    std::vector<Ordinal> series;
    std::set<std::string> names;
    std::map<std::string, std::set<std::string>> values;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (random() % keep_one_of != 0) continue;
      series.push_back(static_cast<Ordinal>(i));
      for (const auto& [name, value] : all[i]) {
        names.emplace(name);
        values[std::string(name)].emplace(value);
      }
    }
    EXPECT_EQ(*block->label_names(series, SIZE_MAX),
              std::vector<std::string>(names.begin(), names.end()));
    EXPECT_EQ(block->label_names(series, 1)->size(),
              std::min<std::size_t>(names.size(), 1));
    EXPECT_TRUE(block->label_values("none", series, 9)->empty());
    for (const char* name : {"__name__", "instance", "job", "odd name"}) {
      const auto& expected = values[name];
      EXPECT_EQ(*block->label_values(name, series, SIZE_MAX),
                std::vector<std::string>(expected.begin(), expected.end()));
      const auto two = block->label_values(name, series, 2);
      EXPECT_EQ(*two,
                std::vector<std::string>(
                    expected.begin(),
                    std::next(expected.begin(),
                              static_cast<std::ptrdiff_t>(
                                  std::min<std::size_t>(2, expected.size())))));
      const auto column = block->column(name, series);
      ASSERT_TRUE(column);
      ASSERT_EQ(column->ids.size(), series.size());
      EXPECT_EQ(column->values[0], "");
      for (std::size_t i = 0; i < series.size(); ++i)
        ASSERT_EQ(column->values[column->ids[i]], all[series[i]].get(name));
    }
  }
}

TEST(Block, SharesEqualColumns) {
  const TemporaryDirectory directory;
  Oracle oracle;
  std::mt19937_64 random(1);
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i)
    values.push_back(std::bit_cast<double>(random() >> 2U));
  for (int s = 0; s < 50; ++s) {
    OracleSeries& series = oracle[{{"s", std::to_string(100 + s)}}];
    for (int i = 0; i < 2000; ++i)
      series.samples.push_back(
          {1000 + i * 7 + i % 3, values[static_cast<std::size_t>(i)], {}, 0});
  }
  const auto block = write_and_open(oracle, directory.path());
  ASSERT_TRUE(block);
  EXPECT_LT(block->info().bytes, 40'000U);
  EXPECT_EQ(*dump_block(*block), dump_oracle(oracle));
}

TEST(Block, KeepsTimesAndStartsOfAnySize) {
  const TemporaryDirectory directory;
  Oracle oracle;
  oracle[{{"a", "1"}}].samples = {{INT64_MIN, 1, {}, INT64_MIN},
                                  {-1, 2, {}, INT64_MAX},
                                  {INT64_MAX, 3, {}, 5}};
  oracle[{{"a", "2"}}].samples = {{0, 1, {}, 1'700'000'000'001}};
  const auto block = write_and_open(oracle, directory.path());
  ASSERT_TRUE(block);
  EXPECT_EQ(*dump_block(*block), dump_oracle(oracle));
}

TEST(Block, IsMissingWhereThereIsNone) {
  EXPECT_EQ(Block::open("/nowhere/at/all").error().code, Code::kMissing);
}

}  // namespace
}  // namespace prom::block
