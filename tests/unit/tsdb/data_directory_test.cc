// A data directory as a whole: the head after its log and chunks, blocks
// beside it, what was deleted, and what is damaged.
#include "libprom/tsdb/data_directory.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/block_writer.h"
#include "libprom/tsdb/xor_chunk.h"

#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tsdb_log.h"

namespace prom::tsdb {
namespace {

using test::deletion_record;
using test::FullChunk;
using test::head_chunk_file;
using test::put_file;
using test::samples_record;
using test::segment_of;
using test::series_record;

constexpr TimeRange kAlways = {std::numeric_limits<std::int64_t>::min(),
                               std::numeric_limits<std::int64_t>::max()};

FullChunk full_chunk(std::uint64_t ref, std::vector<FloatSample> samples,
                     unsigned encoding = 1) {
  XorEncoder encoder;
  for (const FloatSample& s : samples) encoder.add(s.t_ms, s.value);
  return {.ref = ref,
          .min_ms = samples.front().t_ms,
          .max_ms = samples.back().t_ms,
          .encoding = encoding,
          .bytes = encoder.bytes()};
}

Matchers matching(const char* name, const char* value,
                  MatchOp op = MatchOp::kEqual) {
  return {Matcher::create(op, name, value).value()};
}

class DataDirectoryTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }

  void put_wal(const std::vector<std::string>& records,
               const std::string& name = "wal/00000000") const {
    put_file(path(name), segment_of(records, test::Packing::kSnappy));
  }

  void put_block(const std::string& ulid, const Labels& labels,
                 const std::vector<FloatSample>& samples) const {
    auto writer = BlockWriter::create(os::real_file_system(), directory_.path(),
                                      {.ulid = ulid});
    ASSERT_TRUE(writer) << writer.error().message;
    Samples columns;
    for (const FloatSample& s : samples) columns.push(s.t_ms, s.value);
    columns.end_series();
    ASSERT_TRUE((*writer)->add(labels, columns.of(0)));
    ASSERT_TRUE((*writer)->finish());
  }

  // "a{x="1"} 1@10 2@20", a line for each series; then what was damaged.
  [[nodiscard]] std::string text(const Matchers& matchers = {},
                                 TimeRange range = kAlways) const {
    const auto opened = DataDirectory::open(directory_.path());
    if (!opened) return opened.error().message;
    std::vector<Error> damage;
    const auto selection = (*opened)->select(matchers, range, damage);
    std::string out;
    for (std::size_t i = 0; i < selection->size(); ++i) {
      Samples samples;
      selection->read(i, samples, damage);
      out += selection->labels(i).to_string();
      for (std::size_t j = 0; j < samples.t_ms.size(); ++j) {
        out += " " + std::to_string(static_cast<int>(samples.value[j])) + "@" +
               std::to_string(samples.t_ms[j]);
      }
      out += "\n";
    }
    const auto add = [&](std::string message) {
      const std::size_t at = message.find(directory_.path());
      if (at != std::string::npos)
        message.erase(at, directory_.path().size() + 1);
      out += message + "\n";
    };
    for (const Error& error : damage) add(error.message);
    for (const std::string& warning : (*opened)->warnings()) add(warning);
    return out;
  }

  TemporaryDirectory directory_;
};

const auto kTwoSeries =
    series_record({{1, {{"__name__", "a"}}}, {2, {{"__name__", "b"}}}});

TEST_F(DataDirectoryTest, OfNothingIsMissing) {
  EXPECT_TRUE(text().contains("no Prometheus data directory")) << text();
}

TEST_F(DataDirectoryTest, ReadsTheLogInOrder) {
  put_wal({kTwoSeries,
           samples_record({{2, 10, 1}, {1, 10, 2}, {1, 20, 3}, {2, 20, 4}}),
           // Refused by the server: earlier, and a second one of a time.
           samples_record({{1, 15, 9}, {2, 20, 9}, {2, 30, 5}})});
  EXPECT_EQ(text(), "a 2@10 3@20\nb 1@10 4@20 5@30\n");
  EXPECT_EQ(text(matching("__name__", "b"), {15, 25}), "b 4@20\n");
}

TEST_F(DataDirectoryTest, TakesFullChunksBeforeTheLog) {
  put_wal({kTwoSeries,
           samples_record({{1, 10, 9}, {1, 20, 9}, {1, 30, 3}, {2, 10, 4}})});
  put_file(path("chunks_head/000001"),
           head_chunk_file(
               {full_chunk(1, {{10, 1}, {20, 2}}), full_chunk(99, {{10, 1}})}));
  EXPECT_EQ(text(), "a 1@10 2@20 3@30\nb 4@10\n");
}

TEST_F(DataDirectoryTest, FallsBackToTheLogWhenAChunkFileIsDamaged) {
  put_wal({kTwoSeries, samples_record({{1, 10, 9}, {1, 20, 9}, {1, 30, 3}})});
  std::string damaged = head_chunk_file({full_chunk(1, {{10, 1}})});
  damaged.back() ^= 1;
  put_file(path("chunks_head/000001"), damaged);
  put_file(path("chunks_head/000002"),
           head_chunk_file({full_chunk(1, {{20, 2}})}));
  EXPECT_EQ(text(),
            "a 9@10 9@20 3@30\n"
            "chunks_head/000001: bad checksum of a chunk at 8\n");
}

TEST_F(DataDirectoryTest, TakesATornLastChunkForTheEnd) {
  put_wal({kTwoSeries, samples_record({{1, 10, 9}, {1, 20, 9}})});
  std::string file =
      head_chunk_file({full_chunk(1, {{10, 1}}), full_chunk(1, {{20, 2}})});
  const std::size_t size = file.size();
  for (const std::size_t cut : {1UL, 4UL, 20UL, 40UL}) {
    put_file(path("chunks_head/000001"), file.substr(0, size - cut));
    EXPECT_EQ(text(), "a 1@10 9@20\n") << cut;
    std::string allocated = file.substr(0, size - cut);
    allocated.resize(1000, '\0');
    put_file(path("chunks_head/000001"), allocated);
    EXPECT_EQ(text(), "a 1@10 9@20\n") << cut;
  }
}

TEST_F(DataDirectoryTest, ReadsLateSamplesFromTheirLogAndChunks) {
  put_wal({kTwoSeries, samples_record({{1, 100, 1}, {1, 200, 2}, {1, 50, 5}})});
  put_wal({samples_record({{1, 50, 5}, {1, 150, 6}})}, "wbl/00000000");
  put_file(path("chunks_head/000001"),
           head_chunk_file({full_chunk(1, {{20, 3}, {50, 5}}, 0x81)}));
  EXPECT_EQ(text(), "a 3@20 5@50 1@100 6@150 2@200\n");
}

TEST_F(DataDirectoryTest, KnowsASeriesByAllItsNumbers) {
  put_wal({kTwoSeries, samples_record({{1, 10, 1}}),
           series_record({{7, {{"__name__", "a"}}}}),
           samples_record({{7, 20, 2}})});
  EXPECT_EQ(text(), "a 1@10 2@20\n");
}

TEST_F(DataDirectoryTest, CountsSamplesOfSeriesThatTheLogDoesNotName) {
  put_wal({samples_record({{5, 10, 1}, {5, 11, 1}})});
  EXPECT_EQ(text(),
            "2 samples in the log are of series that it does not name\n");
}

TEST_F(DataDirectoryTest, LeavesOutWhatWasDeleted) {
  put_wal({kTwoSeries,
           samples_record({{1, 10, 1}, {1, 20, 2}, {1, 30, 3}, {2, 10, 4}}),
           deletion_record(1, 15, 30),
           deletion_record(2, kAlways.min_ms, kAlways.max_ms),
           samples_record({{1, 40, 5}})});
  EXPECT_EQ(text(), "a 1@10 5@40\n");
}

TEST_F(DataDirectoryTest, JoinsBlocksAndHead) {
  put_block("01AAAAAAAAAAAAAAAAAAAAAAAA", {{"__name__", "a"}},
            {{10, 1}, {20, 2}});
  put_block("01BBBBBBBBBBBBBBBBBBBBBBBB", {{"__name__", "a"}},
            {{20, 7}, {30, 3}});
  // The head begins where the blocks end.
  put_wal({kTwoSeries, samples_record({{1, 30, 8}, {1, 40, 4}, {2, 40, 5}})});
  EXPECT_EQ(text(), "a 1@10 2@20 3@30 4@40\nb 5@40\n");
  EXPECT_EQ(text({}, {15, 30}), "a 2@20 3@30\n");
  const auto opened = DataDirectory::open(directory_.path()).value();
  EXPECT_EQ(opened->span(), (TimeRange{10, 40}));
  EXPECT_EQ(opened->label_values("__name__", {}, kAlways, 10).value(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(opened->label_values("__name__", {}, {10, 20}, 10).value(),
            (std::vector<std::string>{"a"}));
  EXPECT_EQ(
      opened->label_values("__name__", matching("__name__", "b"), kAlways, 10)
          .value(),
      (std::vector<std::string>{"b"}));
  EXPECT_EQ(opened->label_names({}, kAlways, 10).value(),
            (std::vector<std::string>{"__name__"}));
}

TEST_F(DataDirectoryTest, HonoursTheTombstonesOfABlock) {
  put_block("01AAAAAAAAAAAAAAAAAAAAAAAA", {{"__name__", "a"}},
            {{10, 1}, {20, 2}, {30, 3}});
  const auto block = Block::open(path("01AAAAAAAAAAAAAAAAAAAAAAAA")).value();
  Tombstones tombstones;
  tombstones[block->select({}).value().front()].add({15, 25});
  put_file(path("01AAAAAAAAAAAAAAAAAAAAAAAA/tombstones"),
           write_tombstones(tombstones));
  EXPECT_EQ(text(), "a 1@10 3@30\n");
}

TEST_F(DataDirectoryTest, LeavesOutADamagedBlockAndSaysSo) {
  put_block("01AAAAAAAAAAAAAAAAAAAAAAAA", {{"__name__", "a"}}, {{10, 1}});
  put_block("01BBBBBBBBBBBBBBBBBBBBBBBB", {{"__name__", "a"}}, {{20, 2}});
  put_file(path("01AAAAAAAAAAAAAAAAAAAAAAAA/meta.json"), "{");
  EXPECT_EQ(text(),
            "a 2@20\n"
            "01AAAAAAAAAAAAAAAAAAAAAAAA/meta.json: no JSON object\n");
}

TEST_F(DataDirectoryTest, StaysReadableWhenItsFilesAreDeleted) {
  put_block("01AAAAAAAAAAAAAAAAAAAAAAAA", {{"__name__", "a"}}, {{10, 1}});
  put_wal({kTwoSeries, samples_record({{1, 20, 2}, {1, 40, 4}})});
  put_file(path("chunks_head/000001"),
           head_chunk_file({full_chunk(1, {{20, 2}})}));
  const auto opened = DataDirectory::open(directory_.path()).value();
  std::filesystem::remove_all(directory_.path());
  std::vector<Error> damage;
  const auto selection = opened->select({}, kAlways, damage).value();
  ASSERT_EQ(selection.size(), 1U);
  Samples samples;
  selection.read(0, samples, damage);
  EXPECT_EQ(samples.t_ms, (std::vector<std::int64_t>{10, 20, 40}));
  EXPECT_TRUE(damage.empty());
}

TEST_F(DataDirectoryTest, IsASingleBlockToo) {
  put_block("01AAAAAAAAAAAAAAAAAAAAAAAA", {{"__name__", "a"}}, {{10, 1}});
  const auto opened = DataDirectory::open(path("01AAAAAAAAAAAAAAAAAAAAAAAA"));
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->blocks().size(), 1U);
}

TEST(DataDirectory, ReadsABlockOfIndexVersionOne) {
  const auto path = test::shared_path("conformance/tsdb/index_format_v1");
  if (!path) GTEST_SKIP() << "no conformance/tsdb/index_format_v1";
  const auto block = Block::open(*path);
  ASSERT_TRUE(block) << block.error().message;
  const auto series = (*block)->select({});
  ASSERT_TRUE(series) << series.error().message;
  EXPECT_EQ(series->size(), (*block)->meta().series);
  Samples samples;
  std::vector<Error> damage;
  for (const SeriesId id : *series)
    (*block)->read(id, kAlways, samples, damage);
  EXPECT_TRUE(damage.empty());
  EXPECT_EQ(samples.t_ms.size(), (*block)->meta().samples);
}

// Logs that upstream's own writer made, records with and without start times
// in turn.
TEST(DataDirectory, ReadsUpstreamsLogsInAnyCompression) {
  for (const char* packing : {"none", "snappy", "zstd"}) {
    const auto path =
        test::shared_path(std::string("conformance/tsdb/wal-") + packing);
    if (!path) GTEST_SKIP() << "no conformance/tsdb/wal-" << packing;
    const auto opened = DataDirectory::open(*path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE((*opened)->warnings().empty());
    std::vector<Error> damage;
    const auto selection = (*opened)->select({}, kAlways, damage).value();
    ASSERT_EQ(selection.size(), 4U);
    Samples samples;
    for (std::size_t i = 0; i < selection.size(); ++i) {
      selection.read(i, samples, damage);
      samples.end_series();
    }
    EXPECT_TRUE(damage.empty());
    const SeriesSamples a = samples.of(0);
    ASSERT_EQ(a.t_ms.size(), 4000U);
    EXPECT_EQ(a.t_ms[3999], 3'999'000);
    EXPECT_EQ(a.value[3999], 3999);
    EXPECT_EQ(a.start_ms[3998], 77);
    // Between 2 s and 50 min it was deleted.
    EXPECT_EQ(samples.of(1).t_ms.size(), 4000U - 2999U);
    for (const std::size_t i : {2UL, 3UL}) {
      ASSERT_EQ(samples.of(i).t_ms.size(), 4U);
      EXPECT_EQ(samples.of(i).histogram[3]->count, 12 + 9 * 3);
      EXPECT_EQ(samples.of(i).histogram[3]->integer, i == 3);
      EXPECT_EQ(samples.of(i).start_ms[1], 5);
    }
    EXPECT_EQ(selection.exemplars(0).size(), 4U);
    EXPECT_EQ(selection.metadata(1).unit, "seconds");
    EXPECT_EQ(selection.metadata(1).type, "counter");
  }
}

TEST(Tombstones, JoinNeighbours) {
  Intervals intervals;
  for (const TimeRange range :
       {TimeRange{10, 20}, TimeRange{30, 40}, TimeRange{21, 25},
        TimeRange{50, 60}, TimeRange{5, 4}, TimeRange{39, 49}}) {
    intervals.add(range);
  }
  EXPECT_EQ(intervals.ranges(), (std::vector<TimeRange>{{10, 25}, {30, 60}}));
  EXPECT_TRUE(intervals.contains(25));
  EXPECT_FALSE(intervals.contains(26));
  EXPECT_FALSE(intervals.contains(61));
  intervals.add(kAlways);
  EXPECT_EQ(intervals.ranges(), (std::vector<TimeRange>{kAlways}));
}

TEST(Tombstones, AreReadAsTheyWereWritten) {
  Tombstones tombstones;
  tombstones[300].add({-5, 1'700'000'000'000});
  tombstones[7].add({1, 2});
  tombstones[7].add({10, 20});
  const std::string file = write_tombstones(tombstones);
  const auto read = parse_tombstones(as_bytes(file));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->at(7).ranges(), (std::vector<TimeRange>{{1, 2}, {10, 20}}));
  EXPECT_EQ(read->at(300).ranges(),
            (std::vector<TimeRange>{{-5, 1'700'000'000'000}}));
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string wrong = file;
    wrong[i] ^= 0x10;
    EXPECT_FALSE(parse_tombstones(as_bytes(wrong))) << i;
    EXPECT_FALSE(parse_tombstones(as_bytes(file.substr(0, i)))) << i;
  }
}

TEST(BlockMeta, IsReadAsItWasWritten) {
  BlockMeta meta;
  meta.ulid = "01AAAAAAAAAAAAAAAAAAAAAAAA";
  meta.min_time_ms = -5;
  meta.max_time_ms = 1'700'000'000'000;
  meta.samples = 3;
  meta.level = 2;
  meta.sources = {"a", "b"};
  meta.hints = {"from-out-of-order"};
  const auto read = parse_meta(write_meta(meta));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->min_time_ms, meta.min_time_ms);
  EXPECT_EQ(read->max_time_ms, meta.max_time_ms);
  EXPECT_EQ(read->samples, 3U);
  EXPECT_EQ(read->sources, meta.sources);
  EXPECT_FALSE(read->is_from_whole_head());
  for (const char* wrong :
       {"", "[]", "{", "{}", R"({"version":2,"minTime":0,"maxTime":1})",
        R"({"version":1,"minTime":1,"maxTime":1})"}) {
    EXPECT_FALSE(parse_meta(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace prom::tsdb
