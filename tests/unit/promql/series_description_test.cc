#include "libprom/promql/series_description.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/base/number.h"
#include "libprom/model/sample.h"

namespace prom::promql {
namespace {

// Spells the items out again, one word for each.
std::string spelled(const SeriesDescription& series) {
  std::string text = series.labels.to_string();
  for (const SequenceItem& item : series.items) {
    text += ' ';
    switch (item.kind) {
      case SequenceItem::Kind::kOmitted:
        text += "_";
        break;
      case SequenceItem::Kind::kFloat:
        text += is_stale_nan(item.value) ? "stale" : format_float(item.value);
        if (item.increment != 0) text += "~" + format_float(item.increment);
        break;
      case SequenceItem::Kind::kHistogram:
        text += "h" + format_float(item.histogram.count);
        if (item.histogram_change == SequenceItem::Change::kAdd)
          text += "+h" + format_float(item.histogram_increment.count);
        if (item.histogram_change == SequenceItem::Change::kSubtract)
          text += "-h" + format_float(item.histogram_increment.count);
        break;
    }
    text += "*" + std::to_string(item.count);
  }
  return text;
}

struct Case {
  std::string_view input;
  std::string_view expected;
};

TEST(SeriesDescription, IsRead) {
  const Case cases[] = {
      {"x 1 2", "x 1*1 2*1"},
      {"{} 1", "{} 1*1"},
      {"x", "x"},
      {"x ", "x"},
      {R"(x{a="b"} 1+2x3)", R"(x{a="b"} 1~2*4)"},
      {"x 1-0.5x2 -3x1", "x 1~-0.5*3 -3*2"},
      {"x\t_ _x5 stale", "x _*1 _*5 stale*1"},
      {"x _x0 1x0", "x _*0 1*1"},
      {"x NaN Inf -Inf +Inf", "x NaN*1 +Inf*1 -Inf*1 +Inf*1"},
      {"x 1e3 .5 -1e-3x2", "x 1000*1 0.5*1 -0.001*3"},
      {"x 0x3", "x 0*4"},
      {"sum{} 1", "sum 1*1"},
      {"x {{}}", "x h0*1"},
      {"x {{ }}x2", "x h0*3"},
      {"x {{schema:1 count:4}}+{{count:2}}x3 5", "x h4+h2*4 5*1"},
      {"x {{count:4}}-{{count:1}}x3", "x h4-h1*4"},
      {R"({"a b", c="d"} 1)", R"({"a b", c="d"} 1*1)"},
  };
  for (const Case& c : cases) {
    const auto series = parse_series_description(c.input);
    ASSERT_TRUE(series) << c.input << ": " << error_text(series.error());
    if (c.input.front() == '{' && c.input[1] == '"') continue;
    EXPECT_EQ(spelled(*series), c.expected) << c.input;
  }
}

TEST(SeriesDescription, ReadsEveryFieldOfAHistogram) {
  const auto series = parse_series_description(
      "x {{schema:-53 sum:-2.5 count:3 z_bucket:1 z_bucket_w:0.001 "
      "buckets:[1 2 3.5] offset:-1 n_buckets:[ 4 ] n_offset:2 "
      "custom_values:[5 10 Inf] counter_reset_hint:not_reset}}");
  ASSERT_TRUE(series) << error_text(series.error());
  const HistogramDescription& h = series->items.at(0).histogram;
  EXPECT_EQ(h.schema, -53);
  EXPECT_EQ(h.sum, -2.5);
  EXPECT_EQ(h.count, 3);
  EXPECT_EQ(h.zero_count, 1);
  EXPECT_EQ(h.zero_threshold, 0.001);
  EXPECT_EQ(h.buckets, (std::vector<double>{1, 2, 3.5}));
  EXPECT_EQ(h.offset, -1);
  EXPECT_EQ(h.negative_buckets, (std::vector<double>{4}));
  EXPECT_EQ(h.negative_offset, 2);
  ASSERT_EQ(h.custom_values.size(), 3U);
  EXPECT_EQ(h.custom_values[1], 10);
  EXPECT_EQ(h.counter_reset_hint, CounterResetHint::kNotReset);
}

TEST(SeriesDescription, TellsAHintFromNone) {
  const auto series = parse_series_description(
      "x {{}} {{counter_reset_hint:unknown}} {{counter_reset_hint:gauge}}");
  ASSERT_TRUE(series);
  EXPECT_FALSE(series->items[0].histogram.counter_reset_hint);
  EXPECT_EQ(series->items[1].histogram.counter_reset_hint,
            CounterResetHint::kUnknown);
  EXPECT_EQ(series->items[2].histogram.counter_reset_hint,
            CounterResetHint::kGauge);
}

TEST(SeriesDescription, RefusesMistakesWithTheirPlace) {
  const Case cases[] = {
      {"x 1 foo",
       "1:5: parse error: unexpected identifier \"foo\" in series values, "
       "expected number or \"stale\""},
      {"x 1 $",
       "1:5: parse error: unexpected character in series sequence: '$'"},
      {"x{a=b} 1",
       "1:5: parse error: unexpected identifier \"b\" in label set, expected "
       "string"},
      {"x{} 1x1.5",
       "1:7: parse error: invalid repetition in series values: "
       "strconv.ParseUint: parsing \"1.5\": invalid syntax"},
      {"x 1x",
       "1:5: parse error: invalid repetition in series values: "
       "strconv.ParseUint: parsing \"\": invalid syntax"},
      {"x 1+2", "1:6: parse error: unexpected end of input in series values"},
      {"x 1_",
       "1:3: parse error: error parsing number: strconv.ParseFloat: "
       "parsing \"1_\": invalid syntax"},
      {"x 1y", "1:3: parse error: bad number syntax: \"1\""},
      {"x 1{{}}", "1:4: parse error: unexpected \"{\" in series values"},
      {"x {{foo:1}}",
       "1:5: parse error: bad histogram descriptor found: \"foo\""},
      {"x {{sum 1}}", "1:5: parse error: missing `:` for histogram descriptor"},
      {"x {{sum:1 sum:2}}",
       "1:11: parse error: duplicate key \"sum\" in histogram"},
      {"x {{sum:x}}", "1:9: parse error: bad number syntax: \"x\""},
      {"x {{schema:99999999999}}",
       "1:12: parse error: bad number syntax: \"99999999999\""},
      {"x {{buckets:[]}}", "1:14: parse error: bad number syntax: \"\""},
      {"x {{buckets:[1,2]}}",
       "1:15: parse error: unexpected \",\" in buckets description, expected "
       "number or \"]\""},
      {"x {{buckets:1}}",
       "1:13: parse error: unexpected \"1\" in histogram description, expected "
       "\"[\""},
      {"x {{counter_reset_hint:maybe}}",
       "1:24: parse error: bad histogram descriptor found: \"maybe\""},
      {"x {{sum:1",
       "1:10: parse error: unexpected end of input in histogram "
       "description, expected histogram description key, e.g. "
       "buckets:[5 10 7]"},
      {"x {{}}+{{}}",
       "1:12: parse error: unexpected end of input in series values"},
      {"x {{}}+1x2", "1:8: parse error: unexpected \"1\" in series values"},
      {"x 1 {",
       "1:5: parse error: unexpected character in series sequence: "
       "'{'"},
  };
  for (const Case& c : cases) {
    const auto series = parse_series_description(c.input);
    ASSERT_FALSE(series) << c.input;
    EXPECT_EQ(error_text(series.error()), c.expected) << c.input;
  }
}

TEST(SeriesDescription, LimitsTheNumberOfValues) {
  EXPECT_TRUE(parse_series_description("x _x1048576"));
  EXPECT_FALSE(parse_series_description("x _x1048577"));
  EXPECT_FALSE(parse_series_description("x _x1048576 1"));
  EXPECT_FALSE(parse_series_description("x 1x99999999999999999999"));
}

}  // namespace
}  // namespace prom::promql
