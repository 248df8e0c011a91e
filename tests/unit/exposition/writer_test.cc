#include "libprom/exposition/writer.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "libprom/exposition/parser.h"
#include "libprom/model/histogram_text.h"
#include "libprom/model/sample.h"

namespace prom::exposition {
namespace {

constexpr Format kFormats[] = {Format::kText, Format::kOpenMetrics,
                               Format::kPipe};

const Labels kPlain{{kMetricName, "a_total"}, {"b", "c"}};
const Labels kOdd{{kMetricName, "a.b"}, {"c d", "x\"\\\n\xc3\xa4"}};

TEST(Writer, WritesText) {
  std::string out;
  Writer writer(out, Format::kText);
  writer.metadata({Metadata::Kind::kHelp, "a_total", {}, "One \"\\\ntwo."});
  writer.metadata({Metadata::Kind::kType, "a_total", MetricType::kInfo, ""});
  writer.metadata({Metadata::Kind::kUnit, "a_total", {}, "total"});
  writer.sample(kPlain, 1e6);
  writer.sample(kOdd, 1, -5);
  writer.sample(kPlain, stale_nan(), 5);
  writer.finish();
  EXPECT_EQ(out,
            "# HELP a_total One \"\\\\\\ntwo.\n"
            "# TYPE a_total gauge\n"
            "a_total{b=\"c\"} 1e+06\n"
            "{\"a.b\",\"c d\"=\"x\\\"\\\\\\n\xc3\xa4\"} 1 -5\n");
}

TEST(Writer, WritesOpenMetrics) {
  std::string out;
  Writer writer(out, Format::kOpenMetrics);
  writer.metadata({Metadata::Kind::kHelp, "a", {}, "One \"."});
  writer.metadata({Metadata::Kind::kType, "a", MetricType::kUnknown, ""});
  writer.metadata({Metadata::Kind::kUnit, "a_seconds", {}, "seconds"});
  writer.metadata({Metadata::Kind::kUnit, "a", {}, "seconds"});
  const Exemplar exemplar{Labels{{"id", "x"}}, 0.5, 1'500};
  writer.sample(kPlain, 17, 1520879607789, &exemplar);
  writer.sample(kPlain, 17, -1000);
  writer.finish();
  EXPECT_EQ(out,
            "# HELP a One \\\".\n"
            "# TYPE a unknown\n"
            "# UNIT a_seconds seconds\n"
            "a_total{b=\"c\"} 17.0 1520879607.789 # {id=\"x\"} 0.5 1.500\n"
            "a_total{b=\"c\"} 17.0 -1\n"
            "# EOF\n");
}

TEST(Writer, WritesThePipeDialect) {
  std::string out;
  Writer writer(out, Format::kPipe);
  writer.sample(kPlain, 1e6, 1000);
  writer.sample(kPlain, stale_nan(), 2000);
  writer.finish();
  EXPECT_EQ(out,
            "# prom-samples v1\n"
            "a_total{b=\"c\"} 1000000 1000\n"
            "# STALE a_total{b=\"c\"} 2000\n"
            "# prom-samples end\n");
}

// Writes one sample and reads it back.
void expect_round_trip(Format format, const Labels& labels, double value,
                       std::int64_t t_ms) {
  std::string out;
  Writer writer(out, format);
  writer.sample(labels, value, t_ms);
  writer.finish();
  Parser parser(out, format);
  const Result<Parser::Item> item = parser.next();
  ASSERT_TRUE(item) << out << item.error().message;
  ASSERT_EQ(*item, Parser::Item::kSample) << out;
  EXPECT_EQ(parser.labels(), labels) << out;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(parser.sample().value),
            std::bit_cast<std::uint64_t>(value))
      << out;
  EXPECT_EQ(parser.sample().t_ms, t_ms) << out;
}

TEST(Writer, WritesWhatTheParserReadsBack) {
  std::mt19937_64 random(5);
  for (const Format format : kFormats) {
    for (int i = 0; i < 3000; ++i) {
      double value = std::bit_cast<double>(random());
      if (std::isnan(value)) value = normal_nan();
      // Text has no negative timestamps; doubles hold 2^53 ms.
      auto t_ms = static_cast<std::int64_t>(random() >> (14 + random() % 40));
      if (format != Format::kText && random() % 2 == 0) t_ms = -t_ms;
      expect_round_trip(format, i % 2 == 0 ? kPlain : kOdd, value, t_ms);
    }
    for (const double value : {0.0, -0.0, HUGE_VAL, -HUGE_VAL, 1e22, 1e-7,
                               std::numeric_limits<double>::denorm_min()})
      expect_round_trip(format, kPlain, value, 1'700'000'000'000);
  }
  expect_round_trip(Format::kPipe, kOdd, stale_nan(), -1);
}

TEST(Writer, WritesExemplarsThatTheParserReadsBack) {
  for (const Exemplar& exemplar :
       {Exemplar{Labels{{"id", "x\"\\"}}, 0.5, 1'500},
        Exemplar{Labels{}, 1, std::nullopt},
        Exemplar{Labels{{"odd name", "1"}}, -1, -1}}) {
    std::string out;
    Writer writer(out, Format::kOpenMetrics);
    writer.sample(kPlain, 1, std::nullopt, &exemplar);
    writer.finish();
    Parser parser(out, Format::kOpenMetrics);
    ASSERT_TRUE(parser.next());
    ASSERT_TRUE(parser.sample().has_exemplar) << out;
    EXPECT_EQ(parser.exemplar(), exemplar) << out;
  }
}

TEST(Writer, TellsHistogramsStartsAndExemplarsInThePipeDialect) {
  const Labels labels{{kMetricName, "h"}, {"a", "b"}};
  const auto histogram =
      parse_histogram_text("{{schema:3 count:7 sum:1.5 buckets:[4 _x2 3]}}");
  ASSERT_TRUE(histogram);
  std::string out;
  Writer writer(out, Format::kPipe);
  writer.start(labels, 1000, 5000);
  writer.sample(labels, *histogram, 5000);
  writer.exemplar(labels,
                  {.labels = {{"id", "x"}}, .value = 0.5, .t_ms = 4000});
  writer.finish();
  EXPECT_EQ(out,
            "# prom-samples v1\n"
            "# START h{a=\"b\"} 1000 5000\n"
            "h{a=\"b\"} {{schema:3 count:7 sum:1.5 buckets:[4 _x2 3]}} 5000\n"
            "# EXEMPLAR h{a=\"b\"} {id=\"x\"} 0.5 4000\n"
            "# prom-samples end\n");
  Parser parser(out, Format::kPipe);
  ASSERT_EQ(*parser.next(), Parser::Item::kStart);
  EXPECT_EQ(parser.start_ms(), 1000);
  ASSERT_EQ(*parser.next(), Parser::Item::kSample);
  EXPECT_TRUE(parser.sample().is_histogram);
  EXPECT_TRUE(parser.histogram().equals(*histogram));
  EXPECT_EQ(parser.labels(), labels);
  ASSERT_EQ(*parser.next(), Parser::Item::kExemplar);
  EXPECT_EQ(parser.labels(), labels);
  EXPECT_EQ(parser.exemplar(),
            (Exemplar{.labels = {{"id", "x"}}, .value = 0.5, .t_ms = 4000}));
  EXPECT_EQ(*parser.next(), Parser::Item::kEnd);
}

}  // namespace
}  // namespace prom::exposition
