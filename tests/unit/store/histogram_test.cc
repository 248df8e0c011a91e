// Native histograms, start timestamps and exemplars: what goes in comes out.
#include <map>

#include <gtest/gtest.h>

#include "libprom/model/histogram_text.h"
#include "libprom/model/sample.h"
#include "libprom/store/sample_reader.h"
#include "libprom/store/snapshot.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::uint32_t kColumns = 70;  // more than a block

FloatHistogram parse(const std::string& text) {
  const auto parsed = parse_histogram_text(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(FloatHistogram());
}

std::string text_of(const FloatHistogram& histogram) {
  FloatHistogram plain = histogram;
  if (plain.counter_reset_hint != CounterResetHint::kGauge)
    plain.counter_reset_hint = CounterResetHint::kUnknown;
  std::string text;
  append_histogram_text(text, plain);
  return text;
}

Labels labels(std::uint32_t column) {
  return {{"__name__", "h" + std::to_string(column)}, {"job", "x"}};
}

// What series `column` has at scrape n: a float or the text of a histogram.
// Counts move, buckets come and go, and a counter starts over now and then.
std::string cell(std::uint32_t column, int n) {
  const int life = n % 50;
  const std::string c = std::to_string(life * 7 + 1);
  switch (column % 7) {
    case 1:
      return "{{schema:3 count:" + std::to_string(life * 14 + 5) + " sum:" + c +
             " z_bucket:3 z_bucket_w:0.001 offset:-4 buckets:[" + c + " " + c +
             "]}}";
    case 2:
      return "{{schema:0 count:" + std::to_string(life + 1) +
             ".0 sum:0.25 buckets:[" + std::to_string(life) + ".5 0.5]}}";
    case 3: {  // a new bucket each time
      const std::string far = std::to_string(n % 9 + 1);
      return "{{schema:5 count:4 sum:" + c + " buckets:[3 _x" + far + " 1]}}";
    }
    case 4:
      return "{{schema:-53 count:6 sum:1 custom_values:[0.1 1] "
             "counter_reset_hint:gauge buckets:[1 2 3]}}";
    case 5:
      return n % 3 == 0 ? "" : "{{schema:0 count:0 sum:0}}";
    default:
      return std::to_string(n * static_cast<int>(column));
  }
}

// Counters know when they started; some lives later.
std::int64_t start_of_cell(std::uint32_t column, int n) {
  return column % 7 < 2 ? kStart + n / 50 * 1000 : 0;
}

wire::Row row_of(int n) {
  wire::Row row{.source = 1,
                .version = 1,
                .sequence = static_cast<std::uint64_t>(n) + 1,
                .t_ms = kStart + n * 15'000,
                .values = {}};
  for (std::uint32_t i = 0; i < kColumns; ++i) {
    const std::string text = cell(i, n);
    if (text.starts_with('{')) {
      row.histograms.push_back({i, parse(text)});
      row.values.push_back(row.histograms.back().histogram.sum);
    } else {
      row.values.push_back(text.empty() ? wire::absent() : std::stod(text));
    }
    if (!text.empty() && start_of_cell(i, n) != 0)
      row.starts.push_back({i, start_of_cell(i, n)});
  }
  return row;
}

class HistogramStore : public ::testing::Test {
 protected:
  HistogramStore() { clock_.set_wall_ms(kStart + 100'000'000); }

  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  void open() {
    writer_.reset();
    auto opened =
        Writer::open(path(), options_, os::real_file_system(), clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    writer_ = std::move(*opened);
  }
  void add_layout() {
    wire::Layout layout{.source = 1, .version = 1, .series = {}};
    for (std::uint32_t i = 0; i < kColumns; ++i)
      layout.series.push_back(labels(i));
    ASSERT_TRUE(writer_->add(layout));
  }

  struct Read {
    std::shared_ptr<const Snapshot> snapshot;
    Samples samples;
  };
  Read read(const Labels& series, std::int64_t min_ms = INT64_MIN,
            std::int64_t max_ms = INT64_MAX) {
    Read all;
    auto snapshot = Snapshot::open(path());
    EXPECT_TRUE(snapshot);
    all.snapshot = std::move(*snapshot);
    auto found = all.snapshot->select(
        {Matcher::equal("__name__", std::string(series.metric_name()))});
    EXPECT_EQ(found->size(), 1U);
    const SampleReader reader(all.snapshot, *found, min_ms, max_ms);
    reader.read(0, 1, all.samples);
    EXPECT_TRUE(all.snapshot->damage().empty());
    return all;
  }

  void expect_cells(int from, int to) {
    for (std::uint32_t i = 0; i < kColumns; ++i) {
      const Read all =
          read(labels(i), kStart + from * 15'000, kStart + (to - 1) * 15'000);
      const SeriesSamples got = all.samples.of(0);
      std::size_t at = 0;
      for (int n = from; n < to; ++n) {
        const std::string text = cell(i, n);
        if (text.empty()) continue;
        ASSERT_LT(at, got.t_ms.size());
        EXPECT_EQ(got.t_ms[at], kStart + n * 15'000);
        const FloatHistogram* const h =
            got.histogram.empty() ? nullptr : got.histogram[at];
        ASSERT_EQ(h != nullptr, text.starts_with('{')) << i << " " << n;
        if (h != nullptr) {
          EXPECT_EQ(text_of(*h), text);
          EXPECT_EQ(h->sum, got.value[at]);
        } else {
          EXPECT_EQ(got.value[at], std::stod(text));
        }
        EXPECT_EQ(got.start_ms.empty() ? 0 : got.start_ms[at],
                  start_of_cell(i, n));
        ++at;
      }
      EXPECT_EQ(at, got.t_ms.size());
    }
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  WriterOptions options_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(HistogramStore, GivesBackRowsAsTheyCame) {
  open();
  add_layout();
  for (int n = 0; n < 110; ++n) {
    ASSERT_TRUE(writer_->add(row_of(n)));
    ASSERT_TRUE(writer_->commit());
  }
  expect_cells(0, 110);
  expect_cells(37, 71);  // from the middle of a group
}

TEST_F(HistogramStore, GoesOnAfterARestartInTheMiddleOfAGroup) {
  for (int n = 0; n < 80; ++n) {
    if (n % 7 == 0) {
      open();
      const auto kept = writer_->kept(1);
      EXPECT_EQ(kept.has_value(), n > 0);
      if (kept) {
        ASSERT_TRUE(kept->last);
        EXPECT_EQ(kept->last->starts, row_of(n - 1).starts);
      } else {
        add_layout();
      }
    }
    ASSERT_TRUE(writer_->add(row_of(n)));
    ASSERT_TRUE(writer_->commit());
  }
  expect_cells(0, 80);
}

TEST_F(HistogramStore, TakesLooseAndLateOnes) {
  open();
  const auto loose = [&](std::int64_t t_ms, const std::string& text,
                         std::int64_t start_ms) {
    const auto h = std::make_shared<FloatHistogram>(parse(text));
    ASSERT_TRUE(writer_->add(
        wire::Loose{1, 1, {{labels(0), t_ms, h->sum, start_ms, h}}}));
    ASSERT_TRUE(writer_->commit());
  };
  loose(kStart + 1000, "{{schema:0 count:1 sum:5 buckets:[1]}}", 7);
  loose(kStart + 3000, "{{schema:0 count:3 sum:5 buckets:[3]}}", 7);
  loose(kStart + 2000, "{{schema:0 count:2 sum:5 buckets:[2]}}", 0);  // late
  const WriterCounters before = writer_->counters();
  loose(kStart + 2000, "{{schema:0 count:2 sum:5 buckets:[2]}}", 0);
  EXPECT_EQ(writer_->counters().repeated, before.repeated + 1);
  loose(kStart + 2000, "{{schema:0 count:3 sum:5 buckets:[3]}}", 0);
  EXPECT_EQ(writer_->counters().refused[0], before.refused[0] + 1)
      << "the same sum, but other counts";
  ASSERT_TRUE(writer_->add(
      wire::Loose{1, 2, {{labels(0), kStart + 4000, stale_nan()}}}));
  ASSERT_TRUE(writer_->commit());
  const Read all = read(labels(0));
  const SeriesSamples got = all.samples.of(0);
  ASSERT_EQ(got.t_ms.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_NE(got.histogram[i], nullptr);
    EXPECT_EQ(got.histogram[i]->count, static_cast<double>(i + 1));
  }
  EXPECT_EQ(got.histogram[3], nullptr);
  EXPECT_TRUE(is_stale_nan(got.value[3]));
  EXPECT_EQ(got.start_ms[0], 7);
  EXPECT_EQ(got.start_ms[1], 0);
  using enum CounterResetHint;
  EXPECT_EQ(got.histogram[0]->counter_reset_hint, kUnknown);
  EXPECT_EQ(got.histogram[1]->counter_reset_hint, kNotReset);
}

TEST_F(HistogramStore, TakesThoseOfTextByNumber) {
  open();
  const auto h = std::make_shared<FloatHistogram>(
      parse("{{schema:0 count:1 sum:5 buckets:[1]}}"));
  const std::vector<SampleExtra> extras = {{.start_ms = 0, .histogram = h},
                                           {.start_ms = 42, .histogram = {}}};
  for (int n = 0; n < 3; ++n) {
    std::vector<SeriesSample> samples;
    for (std::uint32_t i = 0; i < 20; ++i)
      samples.push_back({writer_->series(labels(i)), kStart + n,
                         std::bit_cast<std::uint64_t>(5.0), i < 2 ? i : kNone});
    ASSERT_TRUE(writer_->add(samples, extras));
    ASSERT_TRUE(writer_->commit());
  }
  EXPECT_EQ(writer_->counters().rows, 3U);
  EXPECT_EQ(read(labels(0)).samples.of(0).histogram.size(), 3U);
  EXPECT_EQ(read(labels(1)).samples.of(0).start_ms[2], 42);
  EXPECT_TRUE(read(labels(2)).samples.of(0).histogram.empty());
}

TEST_F(HistogramStore, KeepsExemplarsOfKnownSeriesInTheirOrder) {
  open();
  add_layout();
  ASSERT_TRUE(writer_->add(row_of(0)));
  const auto add = [&](std::uint32_t column, std::int64_t t_ms, double value,
                       const std::string& id) {
    ASSERT_TRUE(writer_->add(wire::ExemplarFrame{
        {{labels(column), Labels{{"trace_id", id}}, t_ms, value}}}));
    ASSERT_TRUE(writer_->commit());
  };
  add(1, kStart + 5, 0.5, "a");
  add(1, kStart + 5, 0.5, "a");   // again
  add(1, kStart + 4, 0.5, "b");   // older
  add(1, kStart + 5, 0.75, "c");  // of another bucket
  add(2, kStart + 1, 1, "d");
  add(99, kStart + 1, 1, "e");                   // of no series
  add(2, kStart + 2, 1, std::string(150, 'x'));  // too long
  EXPECT_EQ(writer_->counters().exemplars, 3U);
  EXPECT_EQ(writer_->counters().exemplars_refused, 3U);
  open();
  add(2, kStart + 1, 1, "d");  // again, after a restart
  add(2, kStart + 3, 1, "f");
  EXPECT_EQ(writer_->counters().exemplars, 1U);

  const auto snapshot = Snapshot::open(path());
  ASSERT_TRUE(snapshot);
  const auto ids = [&](std::span<const SeriesId> series, std::int64_t min_ms,
                       std::int64_t max_ms) {
    std::string all;
    for (const SeriesExemplar& one :
         (*snapshot)->exemplars(series, min_ms, max_ms))
      all += one.exemplar.labels.get("trace_id");
    return all;
  };
  EXPECT_EQ(ids({}, INT64_MIN, INT64_MAX), "acdf");
  const std::vector<SeriesId> second = {2};
  EXPECT_EQ(ids(second, INT64_MIN, INT64_MAX), "df");
  EXPECT_EQ(ids(second, kStart + 2, kStart + 9), "f");
}

// Counts of histograms and starts cost little: measured by `make bench` on a
// larger store, kept from growing here.
TEST_F(HistogramStore, WritesFewBytes) {
  open();
  wire::Layout layout{.source = 1, .version = 1, .series = {labels(1)}};
  for (std::uint32_t i = 2; i < 40; ++i) layout.series.push_back(labels(i));
  ASSERT_TRUE(writer_->add(layout));
  ASSERT_TRUE(writer_->commit());
  const std::uint64_t before = writer_->counters().bytes_written;
  constexpr int kRows = 320;
  for (int n = 0; n < kRows; ++n) {
    wire::Row row{.source = 1,
                  .version = 1,
                  .sequence = static_cast<std::uint64_t>(n) + 1,
                  .t_ms = kStart + n * 15'000,
                  .values = {}};
    for (std::uint32_t i = 0; i < layout.series.size(); ++i) {
      FloatHistogram h;
      h.integer = true;
      h.schema = 3;
      h.sum = 0.1 * n * i;
      h.positive_spans = {{-10, 30}};
      for (int b = 0; b < 30; ++b) {
        h.positive_buckets.push_back(1000 + (b % 10 == n % 10 ? n : n / 10));
        h.count += h.positive_buckets.back();
      }
      row.values.push_back(h.sum);
      row.histograms.push_back({i, h});
      row.starts.push_back({i, kStart});
    }
    ASSERT_TRUE(writer_->add(row));
  }
  ASSERT_TRUE(writer_->commit());
  const double bytes =
      static_cast<double>(writer_->counters().bytes_written - before) /
      (kRows * static_cast<double>(layout.series.size()));
  EXPECT_LT(bytes, 64);  // 34 numbers each
}

}  // namespace
}  // namespace prom::store
