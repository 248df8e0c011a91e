// Native histograms in chunks: integer and float, with and without start
// times, over layouts that change, stale markers and custom bounds.
#include "libprom/tsdb/histogram_chunk.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/tsdb/chunk.h"
#include "libprom/tsdb/float_histogram_chunk.h"

namespace prom::tsdb {
namespace {

FloatHistogram exponential(double i) {
  FloatHistogram h;
  h.integer = true;
  h.schema = 1;
  h.zero_threshold = 0.001;
  h.zero_count = 2 + i;
  h.count = 12 + 9 * i;
  h.sum = 18.4 * (i + 1);
  h.positive_spans = {{0, 2}, {1, 2}};
  h.positive_buckets = {i + 1, i + 2, i + 1, i + 1};
  h.negative_spans = {{-3, 2}};
  h.negative_buckets = {i + 1, i + 2};
  return h;
}

FloatHistogram custom(double i) {
  FloatHistogram h;
  h.integer = true;
  h.schema = kCustomBucketsSchema;
  h.custom_values = {0.005, 2.5, 1e9, 1e9 + 0.1};
  h.positive_spans = {{0, 3}};
  h.positive_buckets = {i, 2 * i, 3 * i};
  h.count = 6 * i;
  h.sum = 5;
  return h;
}

FloatHistogram stale() {
  FloatHistogram h;
  h.sum = stale_nan();
  return h;
}

FloatHistogram as_float(FloatHistogram h) {
  h.integer = false;
  h.zero_count *= 1.5;
  h.count *= 1.5;
  return h;
}

using Histograms = std::vector<FloatHistogram>;

struct Case {
  std::string name;
  Histograms histograms;
};

std::vector<Case> all_cases() {
  FloatHistogram wider = exponential(3);
  wider.positive_spans = {{-2, 1}, {1, 7}};
  wider.positive_buckets = {7, 5, 5, 0, 5, 5, 1, 2};
  FloatHistogram empty;
  empty.integer = true;
  empty.zero_threshold = 1e-128;
  std::vector<Case> cases = {
      {"one", {exponential(0)}},
      {"growing", {exponential(0), exponential(1), exponential(5)}},
      {"wider later", {exponential(0), exponential(1), wider}},
      {"custom", {custom(1), custom(2), custom(2)}},
      {"stale", {exponential(0), exponential(1), stale(), stale()}},
      {"stale first", {stale(), stale()}},
      {"empty", {empty, empty}},
  };
  for (Case one : std::vector<Case>(cases)) {
    one.name += " of floats";
    for (FloatHistogram& h : one.histograms) h = as_float(h);
    cases.push_back(one);
  }
  FloatHistogram gauge = exponential(4);
  gauge.counter_reset_hint = CounterResetHint::kGauge;
  FloatHistogram less = exponential(2);
  less.counter_reset_hint = CounterResetHint::kGauge;
  cases.push_back({"gauge", {gauge, less, gauge}});
  return cases;
}

// Where only the layout was widened, the histogram is the same.
void expect_same(const FloatHistogram& got, const FloatHistogram& wanted) {
  FloatHistogram a = got;
  FloatHistogram b = wanted;
  a.compact();
  b.compact();
  if (is_stale_nan(wanted.sum)) {
    EXPECT_TRUE(is_stale_nan(got.sum));
    EXPECT_TRUE(got.positive_spans.empty());
    return;
  }
  EXPECT_EQ(got.integer, wanted.integer);
  EXPECT_TRUE(a.equals(b)) << got.to_string() << " is not "
                           << wanted.to_string();
}

HistogramRun run_of(const Histograms& histograms, bool with_starts) {
  HistogramRun run;
  std::int64_t t_ms = 1'700'000'000'000;
  for (const FloatHistogram& h : histograms) {
    EXPECT_TRUE(run.accepts(h)) << h.to_string();
    run.add({.t_ms = t_ms, .start_ms = with_starts ? t_ms / 7 : 0, .value = h});
    t_ms += 15'000 + (run.samples().size() % 2);
  }
  return run;
}

struct Encoded {
  Encoding encoding;
  std::string bytes;
};

Encoded encode(const HistogramRun& run, bool with_starts) {
  const CounterResetHint hint = run.samples().front().value.counter_reset_hint;
  if (run.is_integer()) {
    return {with_starts ? Encoding::kHistogramStart : Encoding::kHistogram,
            encode_histogram(run, hint, with_starts)};
  }
  return {
      with_starts ? Encoding::kFloatHistogramStart : Encoding::kFloatHistogram,
      encode_float_histogram(run, hint, with_starts)};
}

Status decode(const Encoded& chunk, Samples& into) {
  return decode_chunk(static_cast<std::uint8_t>(chunk.encoding),
                      as_bytes(chunk.bytes), into);
}

TEST(HistogramChunk, ReturnsWhatWentIn) {
  for (const bool with_starts : {false, true}) {
    for (const auto& [name, histograms] : all_cases()) {
      SCOPED_TRACE(name);
      const HistogramRun run = run_of(histograms, with_starts);
      Samples samples;
      samples.push(1, 2);
      ASSERT_TRUE(decode(encode(run, with_starts), samples));
      ASSERT_EQ(samples.t_ms.size(), 1 + histograms.size());
      for (std::size_t i = 0; i < histograms.size(); ++i) {
        EXPECT_EQ(samples.t_ms[i + 1], run.samples()[i].t_ms);
        ASSERT_NE(samples.histogram[i + 1], nullptr);
        expect_same(*samples.histogram[i + 1], histograms[i]);
        EXPECT_EQ(samples.start_ms.empty() ? 0 : samples.start_ms[i + 1],
                  run.samples()[i].start_ms);
      }
    }
  }
}

TEST(HistogramChunk, SaysThatNothingWasResetWithinIt) {
  Samples samples;
  ASSERT_TRUE(decode(
      encode(run_of({exponential(0), exponential(1)}, false), false), samples));
  EXPECT_EQ(samples.histogram[0]->counter_reset_hint,
            CounterResetHint::kUnknown);
  EXPECT_EQ(samples.histogram[1]->counter_reset_hint,
            CounterResetHint::kNotReset);
}

TEST(HistogramChunk, RefusesEveryCutAndSurvivesAnyFlippedBit) {
  for (const bool with_starts : {false, true}) {
    for (const auto& [name, histograms] : all_cases()) {
      SCOPED_TRACE(name);
      const Encoded whole =
          encode(run_of(histograms, with_starts), with_starts);
      for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
        Samples samples;
        samples.push(1, 2);
        ASSERT_FALSE(
            decode({whole.encoding, whole.bytes.substr(0, size)}, samples))
            << size;
        ASSERT_EQ(samples.t_ms.size(), 1U);
        ASSERT_TRUE(samples.histogram.empty());
        ASSERT_TRUE(samples.histograms.empty());
      }
      for (std::size_t bit = 0; bit < whole.bytes.size() * 8; ++bit) {
        Encoded wrong = whole;
        wrong.bytes[bit / 8] =
            static_cast<char>(wrong.bytes[bit / 8] ^ (1U << (bit % 8)));
        Samples samples;
        (void)decode(wrong, samples);
        for (const FloatHistogram& h : samples.histograms)
          ASSERT_TRUE(is_stale_nan(h.sum) || h.validate());
      }
    }
  }
}

TEST(HistogramRun, EndsWhereSamplesDoNotFitTogether) {
  FloatHistogram other_threshold = exponential(1);
  other_threshold.zero_threshold = 1;
  FloatHistogram gauge = exponential(1);
  gauge.counter_reset_hint = CounterResetHint::kGauge;
  FloatHistogram reset = exponential(1);
  reset.counter_reset_hint = CounterResetHint::kReset;
  const struct {
    const char* what;
    FloatHistogram first, next;
  } cases[] = {
      {"counter reset", exponential(1), exponential(0)},
      {"told reset", exponential(0), reset},
      {"another kind", exponential(0), as_float(exponential(1))},
      {"other bounds", exponential(0), custom(5)},
      {"other threshold", exponential(0), other_threshold},
      {"gauge", exponential(0), gauge},
      {"after a stale marker", stale(), exponential(0)},
  };
  for (const auto& [what, first, next] : cases) {
    HistogramRun run;
    run.add({.t_ms = 0, .start_ms = 0, .value = first});
    EXPECT_FALSE(run.accepts(next)) << what;
    EXPECT_TRUE(run.accepts(stale())) << what;
  }
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(
        std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// Five histograms and a stale marker, and three with custom bounds.
TEST(HistogramChunk, IsWhatUpstreamMakes) {
  const std::vector<std::int64_t> times = {1000,  16000, 31000,
                                           46000, 61001, 76001};
  const struct {
    bool is_float, with_starts;
    const char* hex;
  } cases[] = {
      {false, false,
       "000600ff3f50624dd2f1a9fc8ca494632af8fa319240326666666666668c6e8c"
       "7e0ea63131d21f88886cd27fffffffffffc01af5cffffffffffff81122b33333"
       "333333017317bfd3800000000001"},
      {true, false,
       "000600ff3f50624dd2f1a9fc8ca494632af8fa100a0000000000001000000000"
       "000000100c9999999999998ffc00000000000010000000000000000ffc000000"
       "0000000ffc0000000000000ffc00000000000010000000000000003e0ea6358b"
       "dd80f487f097fff603c25fffc25fffc25fffd80d2f585ecd27ffffffffffff60"
       "3d617b01ec07b01eb0b6923ef683d7ae7ffffffffffff585ed07ac2f585eb0bd"
       "a0e30bec0b8acccccccccccdb41ec0bda0f683da0f605df09901384c803c5eff"
       "4e000000000004"},
      {false, true,
       "000685ff3f50624dd2f1a9fc8ca494632af8fa319240326666666666668c6e8c"
       "7a01fe0ea63131d21f88886cd27fffffffffffc01af5cffffffffffff81122b3"
       "3333333333017317bfd3800000000001f838a5"},
      {true, true,
       "000685ff3f50624dd2f1a9fc8ca494632af8fa100a0000000000001000000000"
       "000000100c9999999999998ffc00000000000010000000000000000ffc000000"
       "0000000ffc0000000000000ffc00000000000010000000000000003a01fe0ea6"
       "358bdd80f487f097fff603c25fffc25fffc25fffd80d2f585ecd27ffffffffff"
       "ff603d617b01ec07b01eb0b6923ef683d7ae7ffffffffffff585ed07ac2f585e"
       "b0bda0e30bec0b8acccccccccccdb41ec0bda0f683da0f605df09901384c803c"
       "5eff4e000000000007e0e294"},
  };
  for (const auto& [is_float, with_starts, hex] : cases) {
    HistogramRun run;
    for (std::size_t i = 0; i < times.size(); ++i) {
      FloatHistogram h = i == 5 ? stale() : exponential(static_cast<double>(i));
      h.integer = h.integer && !is_float;
      const std::int64_t start_ms = i == 5 ? 46500 : 500;
      run.add({.t_ms = times[i],
               .start_ms = with_starts ? start_ms : 0,
               .value = h});
    }
    const std::string bytes =
        is_float
            ? encode_float_histogram(run, CounterResetHint::kUnknown,
                                     with_starts)
            : encode_histogram(run, CounterResetHint::kUnknown, with_starts);
    EXPECT_EQ(bytes, from_hex(hex));
    Samples samples;
    const Status decoded =
        is_float ? decode_float_histogram(as_bytes(bytes), with_starts, samples)
                 : decode_histogram(as_bytes(bytes), with_starts, samples);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(samples.t_ms, times);
  }
  HistogramRun run;
  for (std::size_t i = 0; i < 3; ++i) {
    FloatHistogram h = custom(static_cast<double>(i));
    h.custom_values = {0.005, 2.5, 1e9};
    h.positive_buckets.assign(3, static_cast<double>(i) + 1);
    h.count = 3 * (static_cast<double>(i) + 1);
    run.add({.t_ms = times[i], .start_ms = 0, .value = h});
  }
  EXPECT_EQ(
      encode_histogram(run, CounterResetHint::kUnknown, false),
      from_hex(
          "00030000ee5c664ede9c520e6e6b28000000078fa26401400000000000089f07"
          "53132200"));
}

}  // namespace
}  // namespace prom::tsdb
