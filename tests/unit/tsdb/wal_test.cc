// Write-ahead logs: pages, compression, torn ends, and each kind of record.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/tsdb/wal_reader.h"
#include "libprom/tsdb/wal_record.h"

#include "tests/support/temporary_directory.h"
#include "tests/support/tsdb_log.h"

namespace prom::tsdb {
namespace {

using test::LogSample;
using test::Packing;
using test::put_file;
using test::segment_of;

constexpr std::size_t kPage = kWalPageBytes;

// "a" × 10, then one over several pages, then "c".
std::vector<std::string> some_records() {
  return {std::string(10, 'a'), std::string(3 * kPage, 'b'), "c",
          std::string(kPage - 20, 'd'), "e"};
}

struct Read {
  std::vector<std::string> records;
  std::vector<std::string> errors;
};

Read read_all(const WalSegment& segment) {
  Read read;
  WalReader reader(segment);
  for (;;) {
    const auto record = reader.next();
    if (!record) {
      read.errors.push_back(record.error().message);
      continue;
    }
    if (!*record) return read;
    read.records.emplace_back(as_text(**record));
  }
}

class WalReaderTest : public testing::Test {
 protected:
  std::vector<Read> read_log(const std::vector<std::string>& segments) {
    for (std::size_t i = 0; i < segments.size(); ++i)
      put_file(directory_.path() + "/wal/0000000" + std::to_string(i),
               segments[i]);
    const auto log = open_wal(directory_.path() + "/wal");
    std::vector<Read> reads;
    for (const WalSegment& segment : log.value())
      reads.push_back(read_all(segment));
    return reads;
  }
  TemporaryDirectory directory_;
};

TEST_F(WalReaderTest, ReadsRecordsOverPages) {
  for (const Packing packing :
       {Packing::kNone, Packing::kSnappy, Packing::kZstd}) {
    const auto reads = read_log({segment_of(some_records(), packing)});
    ASSERT_EQ(reads.size(), 1U);
    EXPECT_EQ(reads[0].records, some_records());
    EXPECT_TRUE(reads[0].errors.empty());
  }
}

TEST_F(WalReaderTest, TakesATornLastPageForTheEnd) {
  const std::string whole = segment_of({"one", "two"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto reads = read_log({whole.substr(0, size)});
    EXPECT_TRUE(reads[0].errors.empty()) << size;
    EXPECT_EQ(reads[0].records.size(), size < 10 ? 0U : 1U) << size;
  }
  std::string zeros = whole;
  zeros.resize(kPage, '\0');
  EXPECT_EQ(read_log({zeros})[0].records.size(), 2U);
  std::string wrong = whole;
  wrong.back() ^= 1;
  EXPECT_EQ(read_log({wrong})[0].records, std::vector<std::string>{"one"});
}

TEST_F(WalReaderTest, TellsATornSegmentThatIsNotTheLast) {
  const std::string whole = segment_of({"one", "two"});
  const auto reads = read_log({whole.substr(0, whole.size() - 1), whole});
  EXPECT_EQ(reads[0].records, std::vector<std::string>{"one"});
  ASSERT_EQ(reads[0].errors.size(), 1U);
  EXPECT_TRUE(reads[0].errors[0].ends_with("wal/00000000: cut record at 10"))
      << reads[0].errors[0];
  EXPECT_EQ(reads[1].records.size(), 2U);
}

TEST_F(WalReaderTest, GoesOnBehindADamagedPage) {
  std::string damaged = segment_of(some_records());
  damaged[kPage + 100] ^= 1;  // within "b"
  const auto reads = read_log({damaged});
  EXPECT_EQ(reads[0].records,
            (std::vector<std::string>{some_records()[0], "c", some_records()[3],
                                      "e"}));
  ASSERT_EQ(reads[0].errors.size(), 1U);
  EXPECT_TRUE(reads[0].errors[0].contains("bad checksum of a record at 32768"))
      << reads[0].errors[0];
}

TEST_F(WalReaderTest, RefusesAPackedRecordThatDoesNotUnfold) {
  std::string wrong = segment_of({"not packed"});
  wrong[0] |= 8;
  wrong.resize(2 * kPage, '\0');
  const auto reads = read_log({wrong});
  ASSERT_EQ(reads[0].errors.size(), 1U);
  EXPECT_TRUE(reads[0].errors[0].contains("snappy")) << reads[0].errors[0];
}

TEST_F(WalReaderTest, BeginsWithTheNewestCheckpoint) {
  const std::string wal = directory_.path() + "/wal";
  put_file(wal + "/checkpoint.00000002/00000000", segment_of({"old"}));
  put_file(wal + "/checkpoint.00000003/00000000", segment_of({"new"}));
  put_file(wal + "/checkpoint.00000004.tmp/00000000", segment_of({"half"}));
  for (const char* number : {"2", "3", "4", "5"})
    put_file(wal + "/0000000" + number, segment_of({number}));
  const auto log = open_wal(wal);
  ASSERT_TRUE(log);
  std::vector<std::string> records;
  for (const WalSegment& segment : *log)
    for (const std::string& record : read_all(segment).records)
      records.push_back(record);
  EXPECT_EQ(records, (std::vector<std::string>{"new", "4", "5"}));
  EXPECT_TRUE(log->back().is_last);
  EXPECT_FALSE(log->front().is_last);
}

TEST_F(WalReaderTest, TakesAnAbsentLogForAnEmptyOne) {
  EXPECT_TRUE(open_wal(directory_.path() + "/nowhere")->empty());
}

WalRecord decode(std::string_view bytes) {
  WalRecord record;
  EXPECT_TRUE(decode_wal_record(as_bytes(bytes), record));
  return record;
}

TEST(WalRecord, HoldsSeriesSamplesAndDeletions) {
  const WalRecord series = decode(test::series_record(
      {{1, {{"__name__", "a"}, {"x", "y"}}}, {1ULL << 40U, {{"z", "w"}}}}));
  ASSERT_EQ(series.series.size(), 2U);
  EXPECT_EQ(series.series[0].labels, (Labels{{"__name__", "a"}, {"x", "y"}}));
  EXPECT_EQ(series.series[1].ref, 1ULL << 40U);

  for (const bool has_starts : {false, true}) {
    const std::vector<LogSample> wanted = {{9, 1000, 1.5, 100},
                                           {7, 900, -2, 100},
                                           {8, 2000, 0, 0},
                                           {8, 2001, 0, 50}};
    const WalRecord record =
        decode(has_starts ? test::samples_start_record(wanted)
                          : test::samples_record(wanted));
    ASSERT_EQ(record.samples.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(record.samples[i].ref, wanted[i].ref);
      EXPECT_EQ(record.samples[i].t_ms, wanted[i].t_ms);
      EXPECT_EQ(record.samples[i].value, wanted[i].value);
      EXPECT_EQ(record.samples[i].start_ms,
                has_starts ? wanted[i].start_ms : 0);
    }
  }
  const WalRecord deletion = decode(test::deletion_record(3, -10, 20));
  ASSERT_EQ(deletion.deletions.size(), 1U);
  EXPECT_EQ(deletion.deletions[0].range, (TimeRange{-10, 20}));
}

TEST(WalRecord, OfAnUnknownTypeSaysNothing) {
  EXPECT_TRUE(decode("\x63whatever").samples.empty());
}

TEST(WalRecord, IsRefusedWhereverItIsCut) {
  const std::string whole =
      test::samples_record({{1, 1000, 1.5}, {2, 1000, 2.5}});
  const std::string first = test::samples_record({{1, 1000, 1.5}});
  for (std::size_t size = 2; size < whole.size(); ++size) {
    WalRecord record;
    const Status decoded =
        decode_wal_record(as_bytes(whole.substr(0, size)), record);
    // Nothing behind the base, or one whole sample, is no cut.
    EXPECT_EQ(decoded.has_value(), size == 17 || size == first.size()) << size;
    if (!decoded) {
      EXPECT_TRUE(record.samples.empty());
    }
  }
}

}  // namespace
}  // namespace prom::tsdb
