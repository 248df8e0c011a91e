#include "libprom/rules/recent_source.h"

#include <gtest/gtest.h>

#include "libprom/query/memory_source.h"

namespace prom::rules {
namespace {

using Values = std::vector<std::pair<std::int64_t, double>>;

// All series of a metric with their samples.
std::vector<std::pair<std::string, Values>> read(const query::Source& source) {
  std::vector<std::pair<std::string, Values>> all;
  auto selection =
      source.select({Matcher::equal("__name__", "m")}, {0, 1'000'000});
  EXPECT_TRUE(selection);
  const auto batch = (*selection)->new_batch();
  const std::size_t size = (*selection)->size();
  EXPECT_TRUE((*selection)->read(0, size, *batch));
  for (std::size_t i = 0; i < size; ++i) {
    Values values;
    const auto& samples = batch->series[i];
    for (std::size_t j = 0; j < samples.t_ms.size(); ++j)
      values.emplace_back(samples.t_ms[j], samples.value[j]);
    all.emplace_back((*selection)->labels(i).to_string(), values);
  }
  return all;
}

Labels series(const std::string& a) {
  return {{"__name__", "m"}, {"a", a}};
}

TEST(RecentSource, LaysRecentSamplesOverTheOthers) {
  auto below = std::make_shared<query::MemorySource>();
  below->add(series("1"), 1, 10);
  below->add(series("1"), 3, 30);
  below->add(series("3"), 1, 1);
  auto recent = std::make_shared<RecentSamples>();
  recent->add(std::vector<Sample>{{series("0"), 5, 50},
                                  {series("1"), 2, 20},
                                  {series("1"), 3, 31},
                                  {series("2"), 7, 70}});
  const auto all = read(RecentSource(below, recent));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].second, (Values{{5, 50}}));
  EXPECT_EQ(all[1].second, (Values{{1, 10}, {2, 20}, {3, 31}}));
  EXPECT_EQ(all[2].second, (Values{{7, 70}}));
  EXPECT_EQ(all[3].second, (Values{{1, 1}}));
}

TEST(RecentSource, WorksWithoutAnythingBelow) {
  auto recent = std::make_shared<RecentSamples>();
  recent->add(std::vector<Sample>{{series("0"), 5, 50}});
  const RecentSource source(nullptr, recent);
  EXPECT_EQ(read(source).size(), 1U);
  EXPECT_EQ(*source.label_values("a", {}, {0, 10}, 5),
            (std::vector<std::string>{"0"}));
  EXPECT_EQ(*source.label_names({}, {0, 10}, 1),
            (std::vector<std::string>{"__name__"}));
}

TEST(RecentSource, ForgetsWhatIsOld) {
  auto recent = std::make_shared<RecentSamples>();
  recent->add(std::vector<Sample>{{series("0"), 5, 50}, {series("0"), 9, 90}});
  recent->forget_before(9);
  EXPECT_EQ(read(RecentSource(nullptr, recent))[0].second, (Values{{9, 90}}));
  recent->forget_before(10);
  EXPECT_TRUE(read(RecentSource(nullptr, recent)).empty());
}

}  // namespace
}  // namespace prom::rules
