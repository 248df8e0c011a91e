// Protobuf expositions, and what is made of histograms in any format.
#include "libprom/exposition/protobuf_parser.h"

#include <random>

#include <gtest/gtest.h>

#include "libprom/base/number.h"
#include "libprom/exposition/target_parser.h"
#include "libprom/model/histogram_text.h"

#include "tests/support/protobuf_bytes.h"

namespace prom::exposition {
namespace {

using Bytes = ProtobufBytes;

std::string family(std::string_view name, int type,
                   const std::vector<Bytes>& metrics) {
  Bytes bytes;
  bytes.text(1, name).text(2, "Help.").number(3, static_cast<unsigned>(type));
  for (const Bytes& metric : metrics) bytes.message(4, metric);
  return bytes.delimited();
}

Bytes exemplar(std::string_view id, double value, std::uint64_t seconds) {
  Bytes bytes;
  bytes.label("id", id).real(2, value);
  if (seconds != 0) bytes.timestamp(3, seconds);
  return bytes;
}

Bytes bucket(std::uint64_t count, double bound, const char* id = nullptr,
             std::uint64_t seconds = 0) {
  Bytes bytes;
  bytes.number(1, count).real(2, bound);
  if (id != nullptr) bytes.message(3, exemplar(id, bound / 2, seconds));
  return bytes;
}

Bytes classic_part() {
  Bytes bytes;
  bytes.number(1, 6).real(2, 4.5);
  bytes.message(3, bucket(1, 0.1));
  bytes.message(3, bucket(4, 1, "b", 7));
  bytes.timestamp(15, 5);
  return bytes;
}

Bytes with_native_part(Bytes bytes) {
  bytes.signed_number(5, 3).real(6, 0.001).number(7, 1);
  bytes.span(12, -2, 1).span(12, 1, 2);
  bytes.signed_number(13, 1).signed_number(13, 1).signed_number(13, 0);
  return bytes;
}

// One line for each sample, then one for each exemplar.
std::string show(TargetParser& parser) {
  std::string out;
  for (std::size_t i = 0; i < parser.entries().size(); ++i) {
    const TargetEntry& entry = parser.entries()[i];
    out += parser.labels(entry.ref).to_string() + ' ';
    if (entry.histogram == TargetEntry::kFloat) {
      out += format_float(entry.value);
    } else {
      append_histogram_text(out, parser.histograms()[entry.histogram]);
    }
    if (entry.has_timestamp) out += " @" + std::to_string(entry.t_ms);
    if (!parser.starts().empty() && parser.starts()[i] != 0)
      out += " from " + std::to_string(parser.starts()[i]);
    out += '\n';
  }
  for (const TargetExemplar& one : parser.exemplars()) {
    out += '#' + std::to_string(one.entry) + ' ' +
           one.exemplar.labels.to_string() + ' ' +
           format_float(one.exemplar.value);
    if (one.exemplar.t_ms) out += " @" + std::to_string(*one.exemplar.t_ms);
    out += '\n';
  }
  return out;
}

std::string parse(const std::string& body, const HistogramOptions& options = {},
                  Format format = Format::kProtobuf) {
  TargetParser parser(true);
  const Status parsed = parser.parse(body, format, options);
  if (!parsed) return parsed.error().message;
  const std::string first = show(parser);
  // Once more, now that everything is known.
  EXPECT_TRUE(parser.parse(body, format, options));
  EXPECT_EQ(show(parser), first);
  return first;
}

TEST(ProtobufParser, MakesSeriesOfEveryType) {
  const std::string body =
      family("c_total", 0,
             {Bytes().label("a", "b").message(
                 3, Bytes()
                        .real(1, 2)
                        .message(2, exemplar("x", 1, 0))
                        .timestamp(3, 9))}) +
      family("g", 1,
             {Bytes().message(2, Bytes().real(1, 1.5)).number(6, 1234)}) +
      family("s", 2,
             {Bytes().message(4, Bytes().number(1, 3).real(2, 4).message(
                                     3, Bytes().real(1, 0.5).real(2, 7)))}) +
      family("u", 3, {Bytes().message(5, Bytes().real(1, -1))}) +
      family("nothing", 1, {});
  EXPECT_EQ(parse(body),
            "c_total{a=\"b\"} 2 from 9000\n"
            "g 1.5 @1234\n"
            "s_count 3\n"
            "s_sum 4\n"
            "s{quantile=\"0.5\"} 7\n"
            "u -1\n"
            "#0 {id=\"x\"} 1\n");
}

TEST(ProtobufParser, TellsMetadata) {
  TargetParser parser;
  ASSERT_TRUE(parser.parse(Bytes()
                               .text(1, "g")
                               .text(2, "Text.")
                               .text(5, "bytes")
                               .number(3, 5)
                               .message(4, Bytes())
                               .delimited(),
                           Format::kProtobuf));
  ASSERT_EQ(parser.metadata().size(), 3U);
  EXPECT_EQ(parser.metadata()[0].text, "Text.");
  EXPECT_EQ(parser.metadata()[1].text, "bytes");
  EXPECT_EQ(parser.metadata()[2].type, MetricType::kGaugeHistogram);
  EXPECT_EQ(parser.metadata_version(), 1U);
}

// The table of upstream's configuration page: what a histogram that is exposed
// in one or both forms becomes.
TEST(Histograms, BecomeWhatTheSettingsSay) {
  const std::string classic =
      "h_count 6 from 5000\n"
      "h_sum 4.5 from 5000\n"
      "h_bucket{le=\"0.1\"} 1 from 5000\n"
      "h_bucket{le=\"1.0\"} 4 from 5000\n"
      "h_bucket{le=\"+Inf\"} 6 from 5000\n";
  const std::string native =
      "h {{schema:3 count:6 sum:4.5 z_bucket:1 z_bucket_w:0.001 offset:-2 "
      "buckets:[1 _x1 2 2]}} from 5000\n";
  const std::string nhcb =
      "h {{schema:-53 count:6 sum:4.5 custom_values:[0.1 1] "
      "buckets:[1 3 2]}} from 5000\n";
  const auto exemplar_of = [](int entry) {
    return "#" + std::to_string(entry) + " {id=\"b\"} 0.5 @7000\n";
  };
  const std::string only_classic =
      family("h", 4, {Bytes().message(7, classic_part())});
  const std::string both =
      family("h", 4, {Bytes().message(7, with_native_part(classic_part()))});
  for (const bool is_native : {false, true}) {
    EXPECT_EQ(parse(only_classic, {.native = is_native}),
              classic + exemplar_of(3));
    EXPECT_EQ(
        parse(only_classic, {.native = is_native, .convert_classic = true}),
        nhcb + exemplar_of(0));
    EXPECT_EQ(parse(only_classic, {.native = is_native,
                                   .always_classic = true,
                                   .convert_classic = true}),
              classic + nhcb + exemplar_of(3) + exemplar_of(5));
  }
  EXPECT_EQ(parse(both), classic + exemplar_of(3));
  EXPECT_EQ(parse(both, {.convert_classic = true}), nhcb + exemplar_of(0));
  for (const bool convert : {false, true}) {
    EXPECT_EQ(parse(both, {.native = true, .convert_classic = convert}),
              native + exemplar_of(0));
    EXPECT_EQ(parse(both, {.native = true,
                           .always_classic = true,
                           .convert_classic = convert}),
              native + classic + exemplar_of(0) + exemplar_of(4));
  }
}

TEST(Histograms, OfFloatsAndGaugesAreKnown) {
  Bytes floats;
  floats.real(4, 3.5).real(2, 1).signed_number(5, 0).span(12, 0, 2);
  floats.real(14, 1.5).real(14, 2);
  EXPECT_EQ(
      parse(family("h", 5, {Bytes().message(7, floats)}), {.native = true}),
      "h {{schema:0 count:3.5 sum:1 counter_reset_hint:gauge "
      "buckets:[1.5 2]}}\n");
  // Packed numbers mean the same.
  std::string deltas;
  for (const std::int64_t delta : {5, -2}) append_varint(deltas, zigzag(delta));
  Bytes packed;
  packed.number(1, 8).span(12, 0, 2).text(13, deltas);
  EXPECT_EQ(
      parse(family("h", 4, {Bytes().message(7, packed)}), {.native = true}),
      "h {{schema:0 count:8 sum:0 buckets:[5 3]}}\n");
  // A span of no length says that it is native.
  EXPECT_EQ(parse(family("h", 4, {Bytes().message(7, Bytes().span(12, 0, 0))}),
                  {.native = true}),
            "h {{schema:0 count:0 sum:0}}\n");
}

TEST(Histograms, TakeTheirOwnExemplarsBeforeThoseOfBuckets) {
  Bytes bytes = with_native_part(classic_part());
  bytes.message(16, exemplar("n", 2, 3))
      .message(16, exemplar("timeless", 1, 0));
  const std::string shown =
      parse(family("h", 4, {Bytes().message(7, bytes)}), {.native = true});
  EXPECT_NE(shown.find("#0 {id=\"n\"} 2 @3000"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("timeless"), std::string::npos);
  EXPECT_EQ(shown.find("id=\"b\""), std::string::npos);
}

TEST(Histograms, OfTextAreConvertedWhereTheyStand) {
  const std::string body =
      "# TYPE h histogram\n"
      "h_bucket{x=\"1\",le=\"0.1\"} 1 # {id=\"e\"} 0.05 3.5\n"
      "h_bucket{x=\"1\",le=\"+Inf\"} 4\n"
      "h_sum{x=\"1\"} 3.5\n"
      "h_count{x=\"1\"} 4\n"
      "h_created{x=\"1\"} 12.5\n"
      "h_bucket{x=\"2\",le=\"0.1\"} 5\n"
      "h_bucket{x=\"2\",le=\"+Inf\"} 4\n"
      "# TYPE g gauge\n"
      "g 1\n"
      "# EOF\n";
  const std::string converted =
      "h{x=\"1\"} {{schema:-53 count:4 sum:3.5 custom_values:[0.1] "
      "buckets:[1 3]}} from 12500\n";
  const std::string rest =
      "h_created{x=\"1\"} 12.5\n"
      "h_bucket{le=\"0.1\", x=\"2\"} 5\n"  // counts go down: left alone
      "h_bucket{le=\"+Inf\", x=\"2\"} 4\n"
      "g 1\n";
  EXPECT_EQ(parse(body, {.convert_classic = true}, Format::kOpenMetrics),
            converted + rest + "#0 {id=\"e\"} 0.05 @3500\n");
  const std::string kept =
      parse(body, {.always_classic = true, .convert_classic = true},
            Format::kOpenMetrics);
  EXPECT_NE(kept.find("h_sum{x=\"1\"} 3.5 from 12500\n"), std::string::npos);
  EXPECT_NE(kept.find(converted), std::string::npos);
}

TEST(OpenMetricsStarts, AreThoseOfCreatedSamples) {
  const std::string body =
      "# TYPE c counter\n"
      "c_total{a=\"1\"} 5\n"
      "c_created{a=\"1\"} 1.5\n"
      "c_total{a=\"2\"} 6\n"
      "c_created{a=\"2\"} 2.5\n"
      "c_total{a=\"3\"} 7\n"
      "# TYPE s summary\n"
      "s{quantile=\"0.5\"} 1\n"
      "s_count 2\n"
      "s_created 3\n"
      "# TYPE g gauge\n"
      "g_created 4\n"
      "g 4\n"
      "# EOF\n";
  EXPECT_EQ(parse(body, {}, Format::kOpenMetrics),
            "c_total{a=\"1\"} 5 from 1500\n"
            "c_created{a=\"1\"} 1.5\n"
            "c_total{a=\"2\"} 6 from 2500\n"
            "c_created{a=\"2\"} 2.5\n"
            "c_total{a=\"3\"} 7\n"
            "s{quantile=\"0.5\"} 1 from 3000\n"
            "s_count 2 from 3000\n"
            "s_created 3\n"
            "g_created 4\n"
            "g 4\n");
}

TEST(ProtobufParser, RefusesWhatIsWrong) {
  const auto gauge = [](const Bytes& metric) {
    return family("g", 1, {metric});
  };
  for (const std::string& body : std::vector<std::string>{
           "\x05", std::string(11, '\xff'), family("", 1, {Bytes()}),
           family("a\xff", 1, {Bytes()}), family("a", 9, {Bytes()}),
           gauge(Bytes().label("", "x")), gauge(Bytes().label("a", "\xff")),
           gauge(Bytes().label("__name__", "x")),
           gauge(Bytes().label("a", "x").label("a", "y")),
           gauge(Bytes().text(1, "\x0a\x7f")),
           family("s", 2, {Bytes().label("quantile", "x")}),
           family("h", 4, {Bytes().label("le", "x")})}) {
    TargetParser parser;
    EXPECT_FALSE(parser.parse(body, Format::kProtobuf));
    EXPECT_TRUE(parser.entries().empty());
  }
  // Spans and buckets that do not fit, negative counts, a sum of buckets that
  // is not the count.
  for (const Bytes& part :
       {Bytes().span(12, 0, 2).signed_number(13, 1),
        Bytes().number(1, 1).span(12, 0, 1).signed_number(13, -1),
        Bytes().number(1, 9).span(12, 0, 1).signed_number(13, 1),
        Bytes().number(1, 1).span(12, 0, 4'000'000'000).signed_number(13, 1),
        Bytes().number(7, 1).signed_number(5, 99)}) {
    TargetParser parser;
    EXPECT_FALSE(parser.parse(family("h", 4, {Bytes().message(7, part)}),
                              Format::kProtobuf, {.native = true}));
    EXPECT_TRUE(parser.parse(family("h", 4, {Bytes().message(7, part)}),
                             Format::kProtobuf));
  }
}

TEST(ProtobufParser, LimitsWhatAFewBytesMayBecome) {
  Bytes h;
  for (int i = 0; i < 60'000; ++i) h.message(3, bucket(1, i));
  Bytes metric;
  metric.label("a", std::string(100'000, 'x')).message(7, h);
  TargetParser parser;
  EXPECT_EQ(
      parser.parse(family("h", 4, {metric}), Format::kProtobuf).error().code,
      Code::kLimit);
}

TEST(ProtobufParser, KeepsRefsOverChangesOfOrderAndFormat) {
  const std::string a = family("a", 1, {Bytes().label("x", "1")});
  const std::string b =
      family("b", 1, {Bytes().label("x", "1").label("y", "2")});
  const std::string b_again =
      family("b", 1, {Bytes().label("y", "2").label("x", "1")});
  TargetParser parser;
  ASSERT_TRUE(parser.parse(a + b, Format::kProtobuf));
  const std::uint32_t ref_a = parser.entries()[0].ref;
  const std::uint32_t ref_b = parser.entries()[1].ref;
  ASSERT_TRUE(parser.parse("a{x=\"1\"} 3\n", Format::kText));
  EXPECT_EQ(parser.labels(parser.entries()[0].ref), parser.labels(ref_a));
  ASSERT_TRUE(parser.parse(b_again + a, Format::kProtobuf));
  EXPECT_EQ(parser.entries()[0].ref, ref_b);
  EXPECT_EQ(parser.entries()[1].ref, ref_a);
}

TEST(ProtobufParser, SurvivesAnyBytes) {
  std::mt19937 random(7);
  const std::string body =
      family("h", 4,
             {Bytes().label("a", "b").message(
                 7, with_native_part(classic_part()))}) +
      family("s", 2, {Bytes().message(4, Bytes().number(1, 3))});
  TargetParser parser(true);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = body;
    for (int i = 0; i < 3; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    (void)parser.parse(
        bytes, Format::kProtobuf,
        {.native = true, .always_classic = true, .convert_classic = true});
    for (const TargetEntry& entry : parser.entries())
      (void)parser.labels(entry.ref);
  }
}

}  // namespace
}  // namespace prom::exposition
