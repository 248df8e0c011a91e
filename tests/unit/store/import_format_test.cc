#include "libprom/store/import_format.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/store/export_format.h"
#include "libprom/store/sample_text.h"

#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

// Reads `text` in pieces of `piece` bytes and lists what comes of it, one
// sample per line: labels, time, value.
struct Read {
  std::string samples;
  std::vector<std::string> errors;
  std::string failure;
};

std::string list_of(const ImportSorter& sorter) {
  std::string text;
  for (const ImportSlot& slot : sorter.slots()) {
    Duplicates duplicates;
    const auto merged = sorter.open(slot, duplicates);
    Labels labels;
    Samples samples;
    while (*(*merged)->next(labels, samples)) {
      const SeriesSamples series = samples.of(0);
      for (std::size_t i = 0; i < series.t_ms.size(); ++i) {
        text += labels.to_string() + " " + std::to_string(series.t_ms[i]) + " ";
        if (!series.histogram.empty() && series.histogram[i] != nullptr) {
          append_histogram_json(text, *series.histogram[i]);
        } else {
          append_value_text(text, series.value[i]);
        }
        text += '\n';
      }
    }
  }
  return text;
}

Read read(std::string_view text, ImportFormat format,
          std::size_t piece = SIZE_MAX) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(), 0);
  ImportErrors errors;
  const bool guessed = format == ImportFormat::kAuto;
  const auto reader = make_import_reader(guessed ? guess_format(text) : format,
                                         guessed, "f", sorter, errors);
  std::string offered;
  Read result;
  for (bool end = false; !end;) {
    const std::string_view more = text.substr(0, piece);
    text.remove_prefix(more.size());
    end = text.empty();
    offered += more;
    const auto taken = reader->take(offered, end);
    if (!taken) {
      result.failure = taken.error().message;
      return result;
    }
    offered.erase(0, *taken);
  }
  EXPECT_EQ(offered, "");
  EXPECT_TRUE(sorter.finish());
  result.samples = list_of(sorter);
  result.errors = errors.first();
  return result;
}

struct Case {
  const char* what;
  ImportFormat format;
  const char* text;
  const char* samples;
  std::vector<std::string> errors = {};
};

const Case kCases[] = {
    {"text has milliseconds", ImportFormat::kAuto,
     "# TYPE up gauge\nup{a=\"b\"} 1 1000\nup{a=\"b\"} 0 2000\n",
     "up{a=\"b\"} 1000 1\nup{a=\"b\"} 2000 0\n"},
    {"OpenMetrics has seconds", ImportFormat::kOpenMetrics,
     "# TYPE up gauge\nup 1 1.5\n# EOF\n", "up 1500 1\n"},
    {"the pipe dialect has stale markers", ImportFormat::kAuto,
     "# prom-samples v1\nup 1 1000\n# STALE up 2000\n# prom-samples end\n",
     "up 1000 1\nup 2000 stale\n"},
    {"every bad line of text is told and costs itself",
     ImportFormat::kText,
     "up 1 1000\nup{ 1 2\nup 2 2000\nup x 3\nup 5\nup 3 3000",
     "up 1000 1\nup 2000 2\nup 3000 3\n",
     {"f:2:5: expected label name", "f:4:4: not a number",
      "f:5: a sample without a timestamp"}},
    {"OpenMetrics has to end",
     ImportFormat::kOpenMetrics,
     "up 1 1.5\n",
     "up 1500 1\n",
     {"f:2: the input does not end with # EOF"}},
    {"JSON lines as VictoriaMetrics writes them", ImportFormat::kAuto,
     R"({"metric":{"__name__":"up","job":"a"},"values":[1,0,1e3],)"
     R"("timestamps":[1549891472010,1549891487724,1549891503438]})"
     "\n",
     "up{job=\"a\"} 1549891472010 1\nup{job=\"a\"} 1549891487724 0\n"
     "up{job=\"a\"} 1549891503438 1000\n"},
    {"JSON lines have words for what is no number", ImportFormat::kJsonLines,
     R"({"timestamps":[1,2,3,4,5,6,7],"extra":[{"a":[1,"]"]}],)"
     R"("metric":{"__name__":"u\u0070\ud83d\ude00"},)"
     R"x("values":[null,"Infinity","-Infinity","stale",)x"
     R"x("nan(0x7ff8000000000000)",)x"
     R"(-0,"1.5"]})",
     "{\"up\xf0\x9f\x98\x80\"} 1 NaN\n{\"up\xf0\x9f\x98\x80\"} 2 Infinity\n"
     "{\"up\xf0\x9f\x98\x80\"} 3 -Infinity\n{\"up\xf0\x9f\x98\x80\"} 4 stale\n"
     "{\"up\xf0\x9f\x98\x80\"} 5 nan(0x7ff8000000000000)\n"
     "{\"up\xf0\x9f\x98\x80\"} 6 -0\n{\"up\xf0\x9f\x98\x80\"} 7 1.5\n"},
    {"every bad line of JSON is told",
     ImportFormat::kJsonLines,
     "{\"metric\":{\"a\":\"b\"},\"values\":[1],\"timestamps\":[1]}\n"
     "\n"
     "{\"metric\":{\"a\":\"b\"},\"values\":[1,2],\"timestamps\":[1]}\n"
     "{\"metric\":{\"a\":1},\"values\":[1],\"timestamps\":[1]}\n"
     "{\"metric\":{},\"values\":[1],\"timestamps\":[1]}\n"
     "{\"metric\":{\"a\":\"b\"},\"values\":[x],\"timestamps\":[1]}\n"
     "{\"metric\":{\"a\":\"b\"},\"values\":[1],\"timestamps\":[1.5]}\n"
     "nonsense\n",
     "{a=\"b\"} 1 1\n",
     {"f:3:53: as many timestamps as values are needed",
      "f:4:16: the value of a label is a string",
      "f:5:44: a series without labels", "f:6:32: not a value",
      "f:7:51: a timestamp is a whole number of milliseconds",
      "f:8:1: not such JSON"}},
    {"CSV", ImportFormat::kAuto,
     "__name__,job,timestamp,value\r\n"
     "up,\"a,\"\"b\"\"\nc\",1000,1\r\n"
     "up,,2023-11-14T22:13:20Z,stale\n",
     "up{job=\"a,\\\"b\\\"\\nc\"} 1000 1\nup 1700000000000 stale\n"},
    {"CSV's last columns of the two names count", ImportFormat::kCsv,
     "__name__,timestamp,value,timestamp,value\nm,a,b,7,8\n",
     "m{timestamp=\"a\", value=\"b\"} 7 8\n"},
    {"every bad row of CSV is told",
     ImportFormat::kCsv,
     "a,timestamp,value\nx,1,1\nx,1\nx,y,1\nx,2,z\n,3,1\n\"x\"y,4,1\n"
     "x,5,5",
     "{a=\"x\"} 1 1\n{a=\"x\"} 5 5\n",
     {"f:3: 2 cells where 3 columns have a name",
      "f:4: a timestamp is a whole number of milliseconds or RFC 3339",
      "f:5: not a value", "f:6: a series without labels",
      "f:7: quotes in the wrong place"}},
    {"an empty input has no samples", ImportFormat::kAuto, "", ""},
};

TEST(ImportReader, ReadsItsFormatHoweverItIsCut) {
  for (const Case& one : kCases) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{7}, std::size_t{1}}) {
      const Read got = read(one.text, one.format, piece);
      EXPECT_EQ(got.failure, "") << one.what;
      if (one.format == ImportFormat::kAuto && piece < SIZE_MAX) continue;
      EXPECT_EQ(got.samples, one.samples) << one.what << ", " << piece;
      EXPECT_EQ(got.errors, one.errors) << one.what << ", " << piece;
    }
  }
}

TEST(ImportReader, GuessesFormatsByTheirFirstBytes) {
  const std::pair<const char*, ImportFormat> cases[] = {
      {"up 1 2", ImportFormat::kText},
      {"{\"odd name\",a=\"b\"} 1 2", ImportFormat::kText},
      {"{\"odd name\"} 1 2", ImportFormat::kText},
      {" { \"metric\" : {", ImportFormat::kJsonLines},
      {"{\"a\\\"b\":1}", ImportFormat::kJsonLines},
      {"# HELP a timestamp, value\n", ImportFormat::kText},
      {"job,timestamp,value\n", ImportFormat::kCsv},
      {"", ImportFormat::kText},
  };
  for (const auto& [text, format] : cases)
    EXPECT_EQ(guess_format(text), format) << text;
}

TEST(ImportReader, DoesNotTakeOpenMetricsForTextWhenItGuesses) {
  const Read got = read("up 1 1700000000\n# EOF\n", ImportFormat::kAuto);
  EXPECT_NE(got.failure.find("--format openmetrics"), std::string::npos)
      << got.failure;
  EXPECT_EQ(read("up 1 1700000000\n# EOF\n", ImportFormat::kText).samples,
            "up 1700000000 1\n");
}

TEST(ImportReader, ACsvWithoutTheTwoColumnsIsRefused) {
  EXPECT_NE(read("a,b\n1,2\n", ImportFormat::kCsv).failure, "");
}

TEST(ImportReader, KeepsAFewErrorsAndCountsTheRest) {
  ImportErrors errors;
  for (std::uint64_t line = 1; line <= 1000; ++line)
    errors.add("f", line, "bad");
  EXPECT_EQ(errors.count(), 1000U);
  EXPECT_EQ(errors.first().size(), kImportErrorsMax);
}

TEST(ImportReader, OneReaderNotesMetadataOnce) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(), 0);
  ImportErrors errors;
  const auto reader = make_import_reader(ImportFormat::kOpenMetrics, false, "f",
                                         sorter, errors);
  ASSERT_TRUE(
      reader->take("# TYPE a_seconds counter\n# HELP a_seconds Words.\n"
                   "# UNIT a_seconds seconds\n# TYPE b unknown\n"
                   "a_seconds_total 1 1\n# EOF\n",
                   true));
  ASSERT_EQ(sorter.metadata().size(), 1U);
  const FamilyWords& words = sorter.metadata().at("a_seconds");
  EXPECT_EQ(words.type, "counter");
  EXPECT_EQ(words.help, "Words.");
  EXPECT_EQ(words.unit, "seconds");
}

// -- what export writes, import reads

struct Given {
  Labels labels;
  Samples samples;
};

std::vector<Given> given_series() {
  FloatHistogram histogram;
  histogram.schema = 3;
  histogram.count = 6;
  histogram.sum = 2.5;
  histogram.zero_threshold = 1e-9;
  histogram.zero_count = 1;
  histogram.positive_spans = {{0, 2}, {3, 1}};
  histogram.positive_buckets = {1, 2, 1};
  histogram.negative_spans = {{-2, 1}};
  histogram.negative_buckets = {1};
  histogram.counter_reset_hint = CounterResetHint::kNotReset;
  histogram.integer = true;
  FloatHistogram custom;
  custom.schema = kCustomBucketsSchema;
  custom.count = 2.5;
  custom.sum = -0.0;
  custom.positive_spans = {{0, 2}};
  custom.positive_buckets = {1.5, 1};
  custom.custom_values = {0.1, 5};
  custom.counter_reset_hint = CounterResetHint::kGauge;
  std::vector<Given> all(5);
  all[0].labels = {{"__name__", "http_seconds_bucket"}, {"le", "1"}};
  all[0].samples.push(1'700'000'000'001, 3);
  all[1].labels = {{"__name__", "http_seconds_bucket"}, {"le", "2.0"}};
  all[1].samples.push(1'700'000'000'001, 3);
  all[2].labels = {{"__name__", "up"}, {"job", "a\"b\\c\n,d"}};
  for (const double value : {1.0, -0.0, 0.1 + 0.2, 1e300, 5e-324, 123456789.0,
                             HUGE_VAL, -HUGE_VAL, normal_nan(), stale_nan()})
    all[2].samples.push(
        1'700'000'000'000 +
            static_cast<std::int64_t>(all[2].samples.t_ms.size()) * 15'000,
        value);
  all[3].labels = {{"__name__", "odd name"}, {"timestamp", "t"}};
  all[3].samples.push(-5, 1);
  all[3].samples.push(0, 2);
  all[4].labels = {{"a", "nameless"}};
  all[4].samples.push(1, 1.5);
  all[4].samples.push(2, histogram);
  all[4].samples.push(3, custom);
  all[4].samples.push(4, std::bit_cast<double>(0x7ff8000000000abcULL));
  for (Given& one : all) one.samples.end_series();
  std::ranges::sort(
      all, [](const Given& a, const Given& b) { return a.labels < b.labels; });
  return all;
}

std::string exported(ExportFormat format, const std::vector<Given>& series,
                     LeftOut& left_out) {
  ExportContext context;
  context.metadata = {
      {"http_seconds", "histogram", "Words.\nMore.", "seconds"}};
  context.label_names = {"__name__", "a", "job", "le", "timestamp"};
  const auto writer = make_export_writer(format, std::move(context));
  std::string text;
  writer->begin(text);
  for (const Given& one : series)
    writer->add(one.labels, one.samples.of(0), std::span<const Exemplar>(),
                text);
  writer->finish(text);
  left_out = writer->left_out();
  return text;
}

// The samples that `keep` accepts, as list_of() writes them.
template <typename Keep>
std::string listed(const std::vector<Given>& series, Keep keep) {
  const TemporaryDirectory directory;
  ImportSorter sorter(os::real_file_system(), directory.path(), 0);
  for (const Given& one : series) {
    const ImportSeries id = *sorter.series(one.labels);
    const SeriesSamples samples = one.samples.of(0);
    for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
      const FloatHistogram* const histogram =
          samples.histogram.empty() ? nullptr : samples.histogram[i];
      if (!keep(one.labels, samples.value[i], histogram)) continue;
      EXPECT_TRUE(histogram != nullptr
                      ? sorter.add(id, samples.t_ms[i], *histogram)
                      : sorter.add(id, samples.t_ms[i], samples.value[i]));
    }
  }
  EXPECT_TRUE(sorter.finish());
  return list_of(sorter);
}

TEST(RoundTrip, JsonLinesCarryEverything) {
  const auto series = given_series();
  LeftOut left_out;
  const std::string text = exported(ExportFormat::kJsonLines, series, left_out);
  const Read got = read(text, ImportFormat::kAuto);
  EXPECT_EQ(got.errors, std::vector<std::string>());
  EXPECT_EQ(got.samples, listed(series, [](auto&&...) { return true; }));
  EXPECT_EQ(left_out.histograms + left_out.stale_markers, 0U);
}

TEST(RoundTrip, CsvCarriesAllButHistograms) {
  const auto series = given_series();
  LeftOut left_out;
  const std::string text = exported(ExportFormat::kCsv, series, left_out);
  const Read got = read(text, ImportFormat::kAuto);
  EXPECT_EQ(got.errors, std::vector<std::string>());
  EXPECT_EQ(got.samples,
            listed(series, [](const Labels&, double, const FloatHistogram* h) {
              return h == nullptr;
            }));
  EXPECT_EQ(left_out.histograms, 2U);
}

TEST(RoundTrip, TextCarriesStaleMarkersButNoHistogramsNorNamelessSeries) {
  const auto series = given_series();
  LeftOut left_out;
  const std::string text = exported(ExportFormat::kText, series, left_out);
  const Read got = read(text, ImportFormat::kAuto);
  EXPECT_EQ(got.errors, std::vector<std::string>());
  EXPECT_EQ(got.samples, listed(series, [](const Labels& labels, double,
                                           const FloatHistogram* h) {
              return h == nullptr && labels.has(kMetricName);
            }));
  EXPECT_EQ(left_out.nameless_series, 1U);
}

TEST(RoundTrip, OpenMetricsCarriesNoStaleMarkers) {
  const auto series = given_series();
  LeftOut left_out;
  const std::string text =
      exported(ExportFormat::kOpenMetrics, series, left_out);
  const Read got = read(text, ImportFormat::kOpenMetrics);
  EXPECT_EQ(got.errors, std::vector<std::string>()) << text;
  EXPECT_EQ(got.samples, listed(series, [](const Labels& labels, double value,
                                           const FloatHistogram* h) {
              return h == nullptr && labels.has(kMetricName) &&
                     !is_stale_nan(value);
            }));
  EXPECT_EQ(left_out.stale_markers, 1U);
}

}  // namespace
}  // namespace prom::store
