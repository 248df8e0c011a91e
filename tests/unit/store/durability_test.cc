// What is left of a store after failing calls and damage.  The programs of
// tests/crash/ do the same to whole stores.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <gtest/gtest.h>

#include "libprom/store/report.h"

#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/store/oracle.h"

namespace prom::store {
namespace {

constexpr int kScrapes = 15;

class DurabilityTest : public ::testing::Test {
 protected:
  DurabilityTest() { clock_.set_wall_ms(oracle::kStart + 3'600'000); }
  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  // Small arenas, so that there are several.
  static WriterOptions small() {
    WriterOptions options;
    options.arena_bytes_min = 16384;
    options.arena_bytes_max = 32768;
    return options;
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
};

// Appends scrapes; each failing call is tried once more, as append does.
// Returns how many scrapes were acknowledged, -1 when the store did not open.
int run_scenario(const std::string& path, os::FileSystem& files,
                 FakeClock& clock, const WriterOptions& options) {
  auto writer = Writer::open(path, options, files, clock);
  if (!writer) return -1;
  if (!oracle::add_layouts(**writer)) return 0;
  int acknowledged = 0;
  for (int n = 0; n < kScrapes; ++n) {
    if (!oracle::add_rows(**writer, n)) return acknowledged;
    if (!(*writer)->commit() && !(*writer)->commit()) return acknowledged;
    acknowledged = n + 1;
    if (n % 5 == 4 && !(*writer)->sync()) return acknowledged;
  }
  return acknowledged;
}

class FailingCallTest
    : public DurabilityTest,
      public ::testing::WithParamInterface<std::tuple<int, bool, const char*>> {
};

TEST_P(FailingCallTest, LosesNothingThatWasAcknowledged) {
  const auto [error, for_good, name] = GetParam();
  for (std::uint64_t n = 1;; ++n) {
    const std::string store = directory_.path() + "/" + std::to_string(n);
    FaultFileSystem files;
    files.only(name);
    files.fail_at(n, error, for_good);
    const int acknowledged = run_scenario(store, files, clock_, small());
    const bool failed = files.has_failed();
    const auto count = oracle::check(store);
    ASSERT_EQ(count.wrong, 0U) << "call " << n;
    if (acknowledged > 0) {
      ASSERT_GE(count.rows_of_all, acknowledged) << "call " << n;
      ASSERT_TRUE(verify(**Snapshot::open(store)).damage.empty());
    }
    // And it goes on from there.
    ASSERT_EQ(run_scenario(store, os::real_file_system(), clock_, small()),
              kScrapes)
        << "call " << n;
    ASSERT_EQ(oracle::check(store).rows_of_all, kScrapes) << "call " << n;
    ASSERT_EQ(oracle::check(store).wrong, 0U);
    std::filesystem::remove_all(store);
    if (!failed) break;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Calls, FailingCallTest,
    ::testing::Values(std::tuple(ENOSPC, false, "write"),
                      std::tuple(ENOSPC, true, "write"),
                      std::tuple(ENOSPC, true, "preallocate"),
                      std::tuple(ENOSPC, false, "preallocate"),
                      std::tuple(EIO, false, "sync"),
                      std::tuple(EIO, true, "sync"), std::tuple(EIO, false, ""),
                      std::tuple(EIO, true, "")));

TEST_F(DurabilityTest, ReplacesAnArenaWhoseSyncFailedAndNeverSyncsItAgain) {
  FaultFileSystem files;
  auto writer = Writer::open(path(), {}, files, clock_);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(oracle::add_layouts(**writer));
  for (int n = 0; n < 10; ++n) {
    ASSERT_TRUE(oracle::add_rows(**writer, n));
    ASSERT_TRUE((*writer)->commit());
    if (n == 2) {
      ASSERT_TRUE((*writer)->sync());
    }
    if (n == 5) {
      files.only("sync");
      files.fail_at(1, EIO, false);
      ASSERT_TRUE((*writer)->sync());
      files.fail_at(0, 0, false);
    }
  }
  EXPECT_EQ((*writer)->counters().arenas_replaced, 1U);
  const auto count = oracle::check(path());
  EXPECT_EQ(count.rows_of_all, 10);
  EXPECT_EQ(count.wrong, 0U);
}

TEST_F(DurabilityTest, TakesSamplesAgainWhenTheDiskHasRoomAgain) {
  FaultFileSystem files;
  auto writer = Writer::open(path(), small(), files, clock_);
  ASSERT_TRUE(oracle::add_layouts(**writer));
  files.only("preallocate");
  files.fail_at(1, ENOSPC, true);
  int n = 0;
  for (; n < 1000; ++n) {
    ASSERT_TRUE(oracle::add_rows(**writer, n));
    if (!(*writer)->commit()) break;
  }
  ASSERT_LT(n, 1000);
  EXPECT_EQ(oracle::check(path()).rows_of_all, n);  // queries go on
  EXPECT_FALSE((*writer)->commit());
  files.fail_at(0, 0, false);
  ASSERT_TRUE((*writer)->commit());
  EXPECT_EQ(oracle::check(path()).rows_of_all, n + 1);
  EXPECT_EQ(oracle::check(path()).wrong, 0U);
}

TEST_F(DurabilityTest, LosesOneRowToOneDamagedRow) {
  Position position = kNowhere;
  {
    auto writer = Writer::open(path(), {}, os::real_file_system(), clock_);
    ASSERT_TRUE(oracle::add_layouts(**writer));
    for (int n = 0; n < 20; ++n) {
      ASSERT_TRUE(oracle::add_rows(**writer, n));
      ASSERT_TRUE((*writer)->commit());
    }
    const auto snapshot = Snapshot::open(path());
    visit_batches((*snapshot)->head().log(), kFirstPosition,
                  (*snapshot)->head().log_end(),
                  {.on_record =
                       [&](const Record& record) {
                         if (record.header.type != RecordType::kRow) return;
                         if ((record.header.flags & kRowKeyframe) == 0 &&
                             position == kNowhere)
                           position = record.position;
                       },
                   .on_commit = {},
                   .on_damage = {}});
  }
  const std::string file =
      path() + "/head/0000000000000001/log." + std::string(14, '0') + "40";
  const int fd = ::open(file.c_str(), O_RDWR);
  ASSERT_EQ(::pwrite(fd, "X", 1, static_cast<off_t>(position + 30)), 1);
  ::close(fd);
  const std::uint64_t all = 20 * (oracle::kTargets * oracle::kColumns + 1);
  const auto count = oracle::check(path());
  EXPECT_EQ(count.wrong, 0U);
  EXPECT_EQ(count.samples, all - oracle::kColumns);
  const auto report = verify(**Snapshot::open(path()));
  ASSERT_EQ(report.damage.size(), 1U);
  EXPECT_EQ(report.damage[0],
            file + ": bad crc at offset " + std::to_string(position));
}

// The newest commit record is where a reader begins: without it the records
// before it are found, and what is missing is said.
TEST_F(DurabilityTest, ReportsThatTheNewestCommitIsDamaged) {
  Position end = kNowhere;
  {
    auto writer = Writer::open(path(), {}, os::real_file_system(), clock_);
    ASSERT_TRUE(oracle::add_layouts(**writer));
    for (int n = 0; n < 5; ++n) {
      ASSERT_TRUE(oracle::add_rows(**writer, n));
      ASSERT_TRUE((*writer)->commit());
    }
    end = (*Snapshot::open(path()))->head().log_end();
  }
  const std::string file =
      path() + "/head/0000000000000001/log.0000000000000040";
  const int fd = ::open(file.c_str(), O_RDWR);
  const auto at = static_cast<off_t>(end - kCommitBytes + 40);
  ASSERT_EQ(::pwrite(fd, "XY", 2, at), 2);
  ::close(fd);
  const auto report = verify_store(path());
  ASSERT_TRUE(report);
  ASSERT_EQ(report->damage.size(), 1U);
  EXPECT_TRUE(report->damage[0].starts_with(file + ": bad crc at offset "))
      << report->damage[0];
  EXPECT_EQ(oracle::check(path()).rows_of_all, 4);
  EXPECT_EQ(oracle::check(path()).wrong, 0U);
}

TEST_F(DurabilityTest, ReportsDamagedCountersAndFindsTheEndWithoutThem) {
  {
    auto writer = Writer::open(path(), {}, os::real_file_system(), clock_);
    ASSERT_TRUE(oracle::add_layouts(**writer));
    ASSERT_TRUE(oracle::add_rows(**writer, 0));
    ASSERT_TRUE((*writer)->commit());
  }
  const int fd = ::open((path() + "/ctl").c_str(), O_RDWR);
  ASSERT_EQ(::pwrite(fd, "X", 1, 515), 1);
  ::close(fd);
  const auto report = verify_store(path());
  ASSERT_TRUE(report);
  ASSERT_EQ(report->damage.size(), 1U);
  EXPECT_EQ(report->damage[0], path() + "/ctl: bad counter at offset 512");
  EXPECT_EQ(oracle::check(path()).rows_of_all, 1);
}

TEST_F(DurabilityTest, TakesAStoreThatIsHalfMadeForNone) {
  std::filesystem::create_directories(path() + "/head/0000000000000001");
  const auto view = View::open(path());
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().code, Code::kMissing);
}

TEST_F(DurabilityTest, SaysWhichFileWasCutOff) {
  {
    auto writer = Writer::open(path(), {}, os::real_file_system(), clock_);
    ASSERT_TRUE(oracle::add_layouts(**writer));
    for (int n = 0; n < 100; ++n) ASSERT_TRUE(oracle::add_rows(**writer, n));
    ASSERT_TRUE((*writer)->commit());
  }
  const auto snapshot = Snapshot::open(path());
  ASSERT_TRUE(snapshot);
  const std::string file =
      path() + "/head/0000000000000001/log.0000000000000040";
  // Mapped already, then cut: reading it faults.
  std::filesystem::resize_file(file, 4096);
  const auto count = oracle::check(**snapshot, *snapshot);
  EXPECT_EQ(count.wrong, 0U);
  ASSERT_FALSE((*snapshot)->damage().empty());
  EXPECT_NE((*snapshot)->damage()[0].message.find("unreadable at offset"),
            std::string::npos)
      << (*snapshot)->damage()[0].message;
}

}  // namespace
}  // namespace prom::store
