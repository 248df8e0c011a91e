#include "libprom/model/histogram_codec.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "libprom/model/histogram_hints.h"
#include "libprom/model/histogram_text.h"

namespace prom {
namespace {

FloatHistogram parse(std::string_view text) {
  const auto parsed = parse_histogram_text(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(FloatHistogram());
}

std::string text_of(const FloatHistogram& histogram) {
  std::string text;
  append_histogram_text(text, histogram);
  return text;
}

const std::vector<std::string> kHistograms = {
    "{{schema:0 count:0 sum:0}}",
    "{{schema:3 count:12 sum:18.4 z_bucket:2 z_bucket_w:0.001 buckets:[7 3]}}",
    "{{schema:3 count:12.0 sum:-1e+100 offset:-2 buckets:[7 _x3 5]}}",
    "{{schema:8 count:9007199254740992 sum:1 offset:-1000000 "
    "buckets:[4503599627370496 _x2000000 4503599627370496]}}",
    "{{schema:-4 count:9 sum:NaN n_buckets:[0 2]}}",
    "{{schema:-4 count:2.5 sum:NaN n_offset:4 n_buckets:[0.5 2]}}",
    "{{schema:-53 count:6 sum:3 custom_values:[-1 0.1 1] buckets:[1 2 3]}}",
    "{{schema:1 count:4 sum:2 counter_reset_hint:gauge buckets:[1 1] "
    "n_buckets:[1 1]}}",
    "{{schema:0 count:3.0 sum:2 counter_reset_hint:not_reset buckets:[3]}}",
};

TEST(HistogramText, ComesBackAsItWas) {
  for (const std::string& text : kHistograms) {
    const auto parsed = parse_histogram_text(text);
    if (text.find("Inf") != std::string::npos) {
      EXPECT_FALSE(parsed) << "the last bound is implied";
      continue;
    }
    EXPECT_EQ(text_of(parse(text)), text);
  }
}

TEST(HistogramText, SaysWhetherTheCountsWereIntegers) {
  EXPECT_TRUE(parse("{{count:2 buckets:[2]}}").integer);
  EXPECT_FALSE(parse("{{count:2.0 buckets:[2]}}").integer);
  EXPECT_FALSE(parse("{{count:2 buckets:[1.5 0.5]}}").integer);
}

TEST(HistogramText, RefusesWhatMakesNoSense) {
  for (const std::string_view text :
       {"",
        "{{",
        "{{}",
        "{}}",
        "{{count}}",
        "{{count:x}}",
        "{{buckets:[1}}",
        "{{buckets:1]}}",
        "{{count:1 buckets:[_x1 1]}}",
        "{{count:1 buckets:[1 _x1]}}",
        "{{count:1 buckets:[1 _x0 1]}}",
        "{{count:1 buckets:[1 _x99999999999 1]}}",
        "{{schema:9999}}",
        "{{schema:60}}",
        "{{count:-1}}",
        "{{count:1 buckets:[2]}}",
        "{{nonsense:1}}",
        "{{counter_reset_hint:maybe}}",
        "{{schema:-53 count:1 custom_values:[2 1] buckets:[1]}}",
        "{{count:1 offset:2147483647 buckets:[0 1]}}"}) {
    EXPECT_FALSE(parse_histogram_text(text)) << text;
  }
}

TEST(HistogramCodec, BringsBackEveryHistogramWithAndWithoutAReference) {
  for (const std::string& reference_text : kHistograms) {
    const auto reference = parse_histogram_text(reference_text);
    if (!reference) continue;
    for (const std::string& text : kHistograms) {
      const auto histogram = parse_histogram_text(text);
      if (!histogram) continue;
      for (const FloatHistogram* against :
           {static_cast<const FloatHistogram*>(nullptr), &*reference}) {
        std::string bytes;
        append_histogram_layout(bytes, *histogram);
        append_histogram_counts(bytes, *histogram, against);
        ByteReader in(bytes);
        FloatHistogram back;
        ASSERT_TRUE(read_histogram_layout(in, back)) << text;
        ASSERT_TRUE(read_histogram_counts(in, against, back)) << text;
        EXPECT_TRUE(in.done());
        back.sum = histogram->sum;
        EXPECT_EQ(text_of(back), text_of(*histogram));
        EXPECT_TRUE(same_layout(back, *histogram));
        EXPECT_EQ(same_layout(back, *reference), text == reference_text);
      }
    }
  }
}

TEST(HistogramCodec, SpendsABitOnWhatDidNotChange) {
  FloatHistogram before =
      parse("{{count:40 sum:1 buckets:[1 2 3 4 5 6 7 8 2 2]}}");
  FloatHistogram now = before;
  now.positive_buckets[3] += 2;
  now.count += 2;
  std::string bytes;
  append_histogram_counts(bytes, now, &before);
  EXPECT_EQ(bytes.size(), 2U + 2U);  // a bitmap of 12 bits, two differences
}

TEST(HistogramCodec, FollowsBucketsThatMoveInTheirRuns) {
  const FloatHistogram before =
      parse("{{count:600 sum:1 offset:3 buckets:[100 200 _x2 300]}}");
  const FloatHistogram now =
      parse("{{count:603 sum:1 offset:2 buckets:[1 100 201 1 _x1 300]}}");
  std::string bytes;
  append_histogram_counts(bytes, now, &before);
  EXPECT_EQ(bytes.size(), 1U + 4U);  // the others are where they were
}

TEST(HistogramCodec, AdmitsWhatIsValidOnly) {
  FloatHistogram h;
  h.schema = 12;
  h.integer = true;
  h.count = 4;
  h.positive_spans = {{0, 4}};
  h.positive_buckets = {1, 1, 1, 1};
  FloatHistogram wrong = h;
  wrong.positive_buckets.pop_back();
  EXPECT_FALSE(admit(wrong));
  FloatHistogram huge = h;
  huge.positive_spans = {{0, 70'000}};
  huge.positive_buckets.assign(70'000, 0);
  EXPECT_EQ(admit(huge).error().code, Code::kLimit);
  FloatHistogram far = h;
  far.positive_spans = {{2'147'483'000, 1}, {2'147'483'000, 3}};
  EXPECT_FALSE(admit(far));
  ASSERT_TRUE(admit(h));
  EXPECT_EQ(h.schema, kHistogramSchemaMax);
  EXPECT_TRUE(h.integer);
  FloatHistogram broken = h;
  broken.count = 4.5;
  broken.zero_count = 0.5;
  ASSERT_TRUE(admit(broken));
  EXPECT_FALSE(broken.integer);
}

TEST(HistogramCodec, SurvivesAnyBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (const std::string& text : {kHistograms[1], kHistograms[6]})
      append_histogram_layout(bytes, parse(text));
    append_histogram_counts(bytes, parse(kHistograms[1]), nullptr);
    for (int i = 0; i < 3; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % bytes.size());
    ByteReader in(bytes);
    FloatHistogram h;
    if (read_histogram_layout(in, h) && read_histogram_counts(in, nullptr, h)) {
      (void)admit(h);
    }
  }
}

TEST(HistogramHints, AreThoseOfPrometheusStorage) {
  using enum CounterResetHint;
  std::vector<FloatHistogram> all;
  const auto add = [&](std::string_view text) { all.push_back(parse(text)); };
  add("{{count:2 buckets:[2]}}");             // the first
  add("{{count:3 buckets:[2 1]}}");           // goes on
  add("{{count:2 buckets:[1 1]}}");           // a reset
  add("{{count:4 buckets:[2 2]}}");           // goes on
  add("{{schema:1 count:8 buckets:[4 4]}}");  // other buckets
  add("{{schema:1 count:9 counter_reset_hint:reset buckets:[5 4]}}");
  add("{{schema:1 count:9 counter_reset_hint:gauge buckets:[5 4]}}");
  add("{{schema:1 count:9 buckets:[5 4]}}");  // after a gauge
  const std::vector<CounterResetHint> expected = {
      kUnknown, kNotReset, kUnknown, kNotReset,
      kUnknown, kUnknown,  kGauge,   kUnknown};
  HistogramHints hints;
  for (std::size_t i = 0; i < all.size(); ++i) {
    hints.set(all[i]);
    EXPECT_EQ(all[i].counter_reset_hint, expected[i]) << i;
  }
}

}  // namespace
}  // namespace prom
