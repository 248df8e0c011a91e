#include "libprom/scrape/sample_labels.h"

#include <gtest/gtest.h>

namespace prom::scrape {
namespace {

TEST(JoinLabels, LetsTheTargetWinUnlessTold) {
  struct Case {
    Labels exposed, target, joined, honored;
  };
  for (const auto& [exposed, target, joined, honored] : std::vector<Case>{
           {{{"__name__", "m"}},
            {{"job", "j"}},
            {{"__name__", "m"}, {"job", "j"}},
            {{"__name__", "m"}, {"job", "j"}}},
           {{{"__name__", "m"}, {"job", "own"}},
            {{"job", "j"}},
            {{"__name__", "m"}, {"exported_job", "own"}, {"job", "j"}},
            {{"__name__", "m"}, {"job", "own"}}},
           {{{"__name__", "m"}, {"job", "a"}, {"exported_job", "b"}},
            {{"job", "j"}},
            {{"__name__", "m"},
             {"exported_exported_job", "a"},
             {"exported_job", "b"},
             {"job", "j"}},
            {{"__name__", "m"}, {"job", "a"}, {"exported_job", "b"}}},
           // The target has the longer name as well: short names go first.
           {{{"__name__", "m"}, {"x", "1"}, {"exported_x", "2"}},
            {{"x", "t"}, {"exported_x", "u"}},
            {{"__name__", "m"},
             {"x", "t"},
             {"exported_x", "u"},
             {"exported_exported_x", "1"},
             {"exported_exported_exported_x", "2"}},
            {{"__name__", "m"}, {"x", "1"}, {"exported_x", "2"}}}}) {
    EXPECT_EQ(join_labels(exposed, target, false).to_string(),
              joined.to_string());
    EXPECT_EQ(join_labels(exposed, target, true).to_string(),
              honored.to_string());
  }
}

Job job_with(const config::ScrapeLimits& limits) {
  config::ScrapeConfig config;
  config.limits = limits;
  return Job(config);
}

Code code_of(const Labels& exposed, const Job& job) {
  const auto got = sample_labels(exposed, {}, job);
  return got ? Code::kNo : got.error().code;
}

TEST(SampleLabels, HoldsEachLimitToTheByte) {
  const Job job =
      job_with({.labels = 3, .label_name_bytes = 8, .label_value_bytes = 4});
  const auto labels = [](std::string name, std::string value) {
    return Labels{{"__name__", "m"}, {name, value}};
  };
  EXPECT_EQ(code_of(labels("abcdefgh", "1234"), job), Code::kNo);
  EXPECT_EQ(code_of(labels("abcdefghi", "1234"), job), Code::kLimit);
  EXPECT_EQ(code_of(labels("abcdefgh", "12345"), job), Code::kLimit);
  EXPECT_EQ(code_of({{"__name__", "m"}, {"a", "1"}, {"b", "2"}}, job),
            Code::kNo);
  EXPECT_EQ(
      code_of({{"__name__", "m"}, {"a", "1"}, {"b", "2"}, {"c", "3"}}, job),
      Code::kLimit);
}

TEST(SampleLabels, HasLimitsWithoutConfiguration) {
  const Job job = job_with({});
  const auto with = [](std::size_t count, std::size_t name, std::size_t value) {
    std::vector<std::string> names;
    LabelsBuilder labels;
    labels.set("__name__", "m");
    for (std::size_t i = 1; i < count; ++i) {
      std::string unique = std::to_string(i);
      unique.insert(0, name - unique.size(), 'x');
      labels.set(unique, std::string(value, 'v'));
    }
    return labels.build();
  };
  EXPECT_EQ(code_of(with(64, 10, 10), job), Code::kNo);
  EXPECT_EQ(code_of(with(65, 10, 10), job), Code::kLimit);
  EXPECT_EQ(code_of(with(2, 512, 10), job), Code::kNo);
  EXPECT_EQ(code_of(with(2, 513, 10), job), Code::kLimit);
  EXPECT_EQ(code_of(with(2, 10, 4096), job), Code::kNo);
  EXPECT_EQ(code_of(with(2, 10, 4097), job), Code::kLimit);
  EXPECT_EQ(code_of(with(5, 10, 4070), job), Code::kNo);
  EXPECT_EQ(code_of(with(5, 10, 4096), job), Code::kLimit);
}

TEST(SampleLabels, RefusesSeriesWithoutAName) {
  EXPECT_EQ(code_of({{"a", "b"}}, job_with({})), Code::kBadData);
}

TEST(SampleLabels, RefusesNamesThatTheSchemeForbids) {
  config::ScrapeConfig config;
  config.validation = NameValidation::kLegacy;
  const Job legacy(config);
  const Job utf8 = job_with({});
  for (const Labels& labels :
       {Labels{{"__name__", "a.b"}}, Labels{{"__name__", "m"}, {"ä", "1"}}}) {
    EXPECT_EQ(code_of(labels, legacy), Code::kBadData);
    EXPECT_EQ(code_of(labels, utf8), Code::kNo);
  }
}

TEST(SampleLabels, DropsByRelabelling) {
  config::ScrapeConfig config;
  RelabelConfig drop;
  drop.action = RelabelAction::kDrop;
  drop.source_labels = {"__name__"};
  drop.regex = *Regex::compile("go_.*");
  config.metric_relabel_configs = {drop};
  const Job job(config);
  const auto dropped = sample_labels({{"__name__", "go_info"}}, {}, job);
  ASSERT_TRUE(dropped);
  EXPECT_FALSE(*dropped);
  const auto kept = sample_labels({{"__name__", "info"}}, {}, job);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(*kept);
}

}  // namespace
}  // namespace prom::scrape
