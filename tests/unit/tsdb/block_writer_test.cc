// Blocks that are written and read back: by matchers, over segments, with
// every kind of sample; and what damage or a failing disk leaves.
#include "libprom/tsdb/block_writer.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/block.h"

#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tsdb_log.h"

namespace prom::tsdb {
namespace {

constexpr TimeRange kAlways = {std::numeric_limits<std::int64_t>::min(),
                               std::numeric_limits<std::int64_t>::max()};
constexpr const char* kUlid = "01AAAAAAAAAAAAAAAAAAAAAAAA";

Samples counter(std::size_t count, double step) {
  Samples samples;
  for (std::size_t i = 0; i < count; ++i)
    samples.push(1'000 * static_cast<std::int64_t>(i),
                 step * static_cast<double>(i));
  samples.end_series();
  return samples;
}

// Floats, histograms of both kinds, and a counter reset.
Samples mixture() {
  Samples samples;
  FloatHistogram h;
  h.integer = true;
  h.schema = 2;
  h.positive_spans = {{0, 2}};
  for (std::int64_t i = 0; i < 600; ++i) {
    const bool is_float = i / 100 % 2 == 1;
    h.integer = i < 300;
    h.positive_buckets = {static_cast<double>(i % 150), 1};
    h.count = static_cast<double>(i % 150 + 1);
    h.sum = static_cast<double>(i);
    if (is_float) {
      samples.push(i, static_cast<double>(i));
    } else {
      samples.push(i, h);
    }
    samples.set_start(i < 50 ? 0 : i / 10);
  }
  samples.end_series();
  return samples;
}

class BlockWriterTest : public testing::Test {
 protected:
  Status write(os::FileSystem& files, BlockWriterOptions options) const {
    options.ulid = kUlid;
    auto writer = BlockWriter::create(files, directory_.path(), options);
    if (!writer) return fail(std::move(writer).error());
    const Samples few = counter(10, 0.5);
    const Samples many = counter(1000, 1);
    const Samples mixed = mixture();
    for (const auto& [labels, samples] :
         std::vector<std::pair<Labels, const Samples*>>{
             {{{"__name__", "a"}, {"x", "1"}}, &few},
             {{{"__name__", "a"}, {"x", "2"}, {"y", "1"}}, &many},
             {{{"__name__", "b"}, {"x", "1"}}, &few},
             {{{"__name__", "c"}}, &mixed}}) {
      if (Status added = (*writer)->add(labels, samples->of(0)); !added)
        return added;
    }
    auto meta = (*writer)->finish();
    if (!meta) return fail(std::move(meta).error());
    return {};
  }
  [[nodiscard]] std::shared_ptr<const Block> block() const {
    return Block::open(path()).value();
  }
  [[nodiscard]] std::string path() const {
    return directory_.path() + "/" + kUlid;
  }
  TemporaryDirectory directory_;
};

void expect_same(const SeriesSamples& got, const SeriesSamples& wanted,
                 bool has_starts) {
  ASSERT_EQ(got.t_ms.size(), wanted.t_ms.size());
  for (std::size_t i = 0; i < wanted.t_ms.size(); ++i) {
    ASSERT_EQ(got.t_ms[i], wanted.t_ms[i]);
    const FloatHistogram* const h =
        wanted.histogram.empty() ? nullptr : wanted.histogram[i];
    if (h == nullptr) {
      ASSERT_EQ(got.value[i], wanted.value[i]) << i;
    } else {
      ASSERT_NE(got.histogram[i], nullptr) << i;
      ASSERT_TRUE(got.histogram[i]->equals(*h)) << i;
      ASSERT_EQ(got.histogram[i]->integer, h->integer) << i;
    }
    if (has_starts && !wanted.start_ms.empty()) {
      ASSERT_EQ(got.start_ms[i], wanted.start_ms[i]) << i;
    }
  }
}

TEST_F(BlockWriterTest, IsReadBackAsItWasWritten) {
  for (const bool starts : {false, true}) {
    for (const std::uint64_t segment : {kSegmentBytesMax, 200UL}) {
      std::filesystem::remove_all(path());
      ASSERT_TRUE(write(
          os::real_file_system(),
          {.ulid = {}, .segment_bytes_max = segment, .start_times = starts}));
      const auto read = block();
      EXPECT_EQ(read->meta().series, 4U);
      EXPECT_EQ(read->meta().samples, 10U + 1000 + 10 + 600);
      EXPECT_EQ(read->meta().histogram_samples, 300U);
      EXPECT_EQ(read->meta().range(), (TimeRange{0, 999'000}));
      EXPECT_EQ(std::filesystem::exists(path() + "/chunks/000002"),
                segment == 200);
      const auto series = read->select({}).value();
      ASSERT_EQ(series.size(), 4U);
      std::vector<Error> damage;
      Samples samples;
      for (const SeriesId id : series) {
        read->read(id, kAlways, samples, damage);
        samples.end_series();
      }
      ASSERT_TRUE(damage.empty()) << damage[0].message;
      expect_same(samples.of(1), counter(1000, 1).of(0), false);
      expect_same(samples.of(3), mixture().of(0), starts);
    }
  }
}

TEST_F(BlockWriterTest, ReadsARange) {
  ASSERT_TRUE(write(os::real_file_system(), {}));
  const auto read = block();
  std::vector<Error> damage;
  Samples samples;
  read->read(read->select({}).value()[1], {300'500, 302'000}, samples, damage);
  EXPECT_EQ(samples.t_ms, (std::vector<std::int64_t>{301'000, 302'000}));
}

TEST_F(BlockWriterTest, SelectsByMatchers) {
  ASSERT_TRUE(write(os::real_file_system(), {}));
  const auto read = block();
  const struct {
    std::vector<Matcher> matchers;
    std::string names;  // of the series
  } cases[] = {
      {{}, "a1 a2 b1 c"},
      {{Matcher::equal("__name__", "a")}, "a1 a2"},
      {{Matcher::equal("x", "1")}, "a1 b1"},
      {{Matcher::equal("x", "")}, "c"},
      {{Matcher::equal("none", "")}, "a1 a2 b1 c"},
      {{Matcher::equal("none", "x")}, ""},
      {{*Matcher::create(MatchOp::kNotEqual, "x", "1")}, "a2 c"},
      {{*Matcher::create(MatchOp::kNotEqual, "x", "")}, "a1 a2 b1"},
      {{*Matcher::create(MatchOp::kRegex, "x", "1|2")}, "a1 a2 b1"},
      {{*Matcher::create(MatchOp::kRegex, "x", "1|")}, "a1 b1 c"},
      {{*Matcher::create(MatchOp::kRegex, "__name__", "[bc].*")}, "b1 c"},
      {{*Matcher::create(MatchOp::kRegex, "x", ".*")}, "a1 a2 b1 c"},
      {{*Matcher::create(MatchOp::kRegex, "x", ".+")}, "a1 a2 b1"},
      {{*Matcher::create(MatchOp::kNotRegex, "x", "1|2")}, "c"},
      {{*Matcher::create(MatchOp::kNotRegex, "x", "1.*")}, "a2 c"},
      {{*Matcher::create(MatchOp::kNotRegex, "x", ".+")}, "c"},
      {{Matcher::equal("__name__", "a"),
        *Matcher::create(MatchOp::kNotEqual, "y", "1")},
       "a1"},
  };
  for (const auto& [matchers, names] : cases) {
    std::string got;
    const auto found = read->select(matchers).value();
    for (const SeriesId id : found) {
      const Labels labels = read->labels(id).value();
      got += (got.empty() ? "" : " ") + std::string(labels.metric_name()) +
             std::string(labels.get("x"));
      for (const Matcher& matcher : matchers)
        EXPECT_TRUE(matcher.matches(labels));
    }
    EXPECT_EQ(got, names);
  }
  EXPECT_EQ(read->label_names().value(),
            (std::vector<std::string>{"__name__", "x", "y"}));
  EXPECT_EQ(read->label_values("x").value(),
            (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(read->label_values("").value().empty());
}

TEST_F(BlockWriterTest, RefusesWhatIsOutOfOrder) {
  auto writer = BlockWriter::create(os::real_file_system(), directory_.path(),
                                    {.ulid = kUlid});
  ASSERT_TRUE(writer);
  const Samples samples = counter(3, 1);
  ASSERT_TRUE((*writer)->add({{"b", "1"}}, samples.of(0)));
  EXPECT_EQ((*writer)->add({{"a", "1"}}, samples.of(0)).error().code,
            Code::kBadData);
  EXPECT_EQ((*writer)->add({{"b", "1"}}, samples.of(0)).error().message,
            "sample out of order in {b=\"1\"}");
  EXPECT_EQ((*writer)->add({}, samples.of(0)).error().message,
            "series without labels");
  EXPECT_FALSE(BlockWriter::create(os::real_file_system(), directory_.path(),
                                   {.ulid = "../x"}));
}

TEST_F(BlockWriterTest, ContinuesASeries) {
  auto writer = BlockWriter::create(os::real_file_system(), directory_.path(),
                                    {.ulid = kUlid});
  const Samples samples = counter(500, 1);
  const SeriesSamples all = samples.of(0);
  for (std::size_t i = 0; i < 500; i += 50) {
    ASSERT_TRUE((*writer)->add({{"b", "1"}}, {.t_ms = all.t_ms.subspan(i, 50),
                                              .value = all.value.subspan(i, 50),
                                              .histogram = {},
                                              .start_ms = {}}));
  }
  const auto meta = (*writer)->finish();
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->series, 1U);
  EXPECT_EQ(meta->chunks, 5U);
}

TEST_F(BlockWriterTest, OfNothingLeavesNothing) {
  auto writer = BlockWriter::create(os::real_file_system(), directory_.path(),
                                    {.ulid = kUlid});
  EXPECT_EQ((*writer)->finish().error().code, Code::kBadData);
  writer->reset();
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(BlockWriterTest, LeavesNothingAfterAnyFailure) {
  FaultFileSystem counted;
  ASSERT_TRUE(write(counted, {}));
  const std::uint64_t calls = counted.calls();
  for (std::uint64_t call = 1; call <= calls; ++call) {
    std::filesystem::remove_all(path());
    FaultFileSystem files;
    files.fail_at(call, ENOSPC, false);
    const Status written = write(files, {});
    if (!files.has_failed()) continue;
    EXPECT_FALSE(written) << call;
    // The block may have its name, when only that could not be made durable.
    if (!std::filesystem::exists(path())) {
      EXPECT_TRUE(std::filesystem::is_empty(directory_.path())) << call;
    }
  }
}

TEST_F(BlockWriterTest, SplitsASpanAtAlignedTimes) {
  EXPECT_EQ(block_ranges({-5, 25}, 10),
            (std::vector<TimeRange>{{-5, -1}, {0, 9}, {10, 19}, {20, 25}}));
  EXPECT_EQ(block_ranges({10, 19}, 10), (std::vector<TimeRange>{{10, 19}}));
  EXPECT_TRUE(block_ranges({1, 0}, 10).empty());
  const auto many = block_ranges({0, 1'000'000}, 10);
  EXPECT_LE(many.size(), kBlockRangesMax);
  EXPECT_EQ(many.front(), (TimeRange{0, 2429}));
  EXPECT_EQ(many.back().max_ms, 1'000'000);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every byte is guarded, or does not matter: nothing is answered wrongly.
TEST_F(BlockWriterTest, IsNeverReadWrongly) {
  ASSERT_TRUE(write(os::real_file_system(), {}));
  const Samples few = counter(10, 0.5);
  for (const char* name : {"/index", "/chunks/000001"}) {
    const std::string whole = content_of(path() + name);
    for (std::size_t at = 0; at < whole.size(); at += 3) {
      std::string wrong = whole;
      wrong[at] = static_cast<char>(wrong[at] ^ 0x41);
      std::filesystem::remove(path() + name);
      test::put_file(path() + name, wrong);
      const auto opened = Block::open(path());
      if (!opened) continue;
      const auto ids = (*opened)->select(
          {Matcher::equal("__name__", "b"), Matcher::equal("x", "1")});
      if (!ids) continue;
      for (const SeriesId id : *ids) {
        Samples samples;
        std::vector<Error> damage;
        (*opened)->read(id, kAlways, samples, damage);
        samples.end_series();
        if (damage.empty()) expect_same(samples.of(0), few.of(0), false);
      }
    }
    std::filesystem::remove(path() + name);
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      test::put_file(path() + name, whole.substr(0, size));
      const auto opened = Block::open(path());
      if (opened) (void)(*opened)->select({});
    }
    test::put_file(path() + name, whole);
  }
}

}  // namespace
}  // namespace prom::tsdb
