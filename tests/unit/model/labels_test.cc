#include "libprom/model/labels.h"

#include <string>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

namespace prom {
namespace {

TEST(Labels, AreSortedUniqueAndNeverEmpty) {
  const Labels labels{{"b", "2"}, {"a", "1"}, {"c", ""}, {"b", "3"}};
  EXPECT_EQ(labels.to_string(), R"({a="1", b="3"})");
  EXPECT_EQ(labels.size(), 2U);
  EXPECT_EQ(labels.get("b"), "3");
  EXPECT_EQ(labels.get("c"), "");
  EXPECT_FALSE(labels.has("aa"));
  EXPECT_TRUE(Labels({{"a", ""}}).empty());
}

TEST(Labels, ArePrintedAsPromql) {
  const struct {
    Labels labels;
    std::string expected;
  } kCases[] = {
      {{}, "{}"},
      {{{"__name__", "up"}}, "up"},
      {{{"__name__", "a:b"}, {"x", "1"}}, R"(a:b{x="1"})"},
      {{{"__name__", "my metric"}, {"x", "1"}}, R"({"my metric", x="1"})"},
      {{{"__name__", "0up"}}, R"({"0up"})"},
      {{{"odd name", "a\"b\n"}}, R"({"odd name"="a\"b\n"})"},
      {{{"x", "\x1b[2J"}}, R"({x="\x1b[2J"})"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(c.labels.to_string(), c.expected);
  }
}

TEST(Labels, AreOrderedByPairs) {
  const std::vector<Labels> ascending = {
      {},           {{"a", "1"}},  {{"a", "1"}, {"b", "1"}},
      {{"a", "2"}}, {{"ab", "0"}}, {{"b", "0"}},
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      EXPECT_EQ(ascending[i] < ascending[k], i < k);
      EXPECT_EQ(ascending[i] == ascending[k], i == k);
    }
  }
}

TEST(Labels, AreDecodedOnlyFromWhatTheyEncode) {
  const Labels labels{{"a", std::string(300, 'x')}, {"b", "2"}};
  Labels read;
  ASSERT_TRUE(Labels::decode(labels.encoded(), read));
  EXPECT_EQ(read, labels);
  EXPECT_EQ(read.hash(), labels.hash());
  ASSERT_TRUE(Labels::decode("", read));
  EXPECT_TRUE(read.empty());
  const std::string& good = labels.encoded();
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    Labels cut_labels;
    const bool whole_label = cut == good.size() - 4;
    EXPECT_EQ(Labels::decode(good.substr(0, cut), cut_labels), whole_label);
  }
  for (const std::string& bad : {std::string("\x01"
                                             "b\x01"
                                             "1\x01"
                                             "a\x01"
                                             "1"),
                                 std::string("\x01"
                                             "a\x01"
                                             "1\x01"
                                             "a\x01"
                                             "2"),
                                 std::string("\x01"
                                             "a\x00",
                                             3),
                                 std::string("\xff\xff\xff\xff\xff"),
                                 std::string("\x05"
                                             "a")}) {
    Labels untouched{{"keep", "me"}};
    EXPECT_FALSE(Labels::decode(bad, untouched));
    EXPECT_EQ(untouched.get("keep"), "me");
  }
}

TEST(LabelsBuilder, EditsACopy) {
  LabelsBuilder builder(Labels{{"b", "2"}, {"d", "4"}});
  builder.set("a", "1").set("c", "3").set("b", "").set("d", "5").remove("x");
  EXPECT_EQ(builder.get("a"), "1");
  EXPECT_EQ(builder.get("b"), "");
  EXPECT_EQ(builder.build().to_string(), R"({a="1", c="3", d="5"})");
  builder.reset(Labels{{"z", "1"}});
  EXPECT_EQ(builder.build().to_string(), R"({z="1"})");
}

TEST(Names, FollowTheClassicCharacterSet) {
  for (const char* name : {"a", "_", "A1_", "__name__"})
    EXPECT_TRUE(is_legacy_label_name(name)) << name;
  for (const char* name : {"", "1a", "a:b", "a-b", "é", "a b"})
    EXPECT_FALSE(is_legacy_label_name(name)) << name;
  for (const char* name : {"a:b", ":", "a1"})
    EXPECT_TRUE(is_legacy_metric_name(name)) << name;
  for (const char* name : {"", "1:", "a.b"})
    EXPECT_FALSE(is_legacy_metric_name(name)) << name;
}

}  // namespace
}  // namespace prom
