// Import, export, backup and restore over a file system that fails at every
// call in turn: nothing half made is left, and the next try succeeds.
#include "libprom/store/import.h"

#include <bit>
#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>

#include "libprom/store/backup.h"
#include "libprom/store/export.h"
#include "libprom/store/report.h"
#include "libprom/store/view.h"
#include "libprom/store/writer.h"

#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

class ImportTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }

  cli::Io io() {
    out_.emplace();
    err_.emplace();
    return {.out = *out_, .err = *err_, .clock = os::real_clock()};
  }

  cli::Exit import(os::FileSystem& files, const std::string& store,
                   const std::string& input) {
    cli::Io streams = io();
    return run_import({.store = path(store), .paths = {path(input)}}, files,
                      streams);
  }

  std::string exported(const std::string& store) {
    cli::Io streams = io();
    (void)run_export({.store = path(store), .format = ExportFormat::kJsonLines},
                     os::real_file_system(), streams);
    return out_->text();
  }

  // Names in the directory that begin so, also hidden ones inside of stores.
  [[nodiscard]] std::vector<std::string> half_made() const {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory_.path())) {
      const std::string name = entry.path().filename();
      if (name.contains(".part-") || name.contains(".tmp") ||
          name.contains(".spill"))
        found.push_back(entry.path());
    }
    return found;
  }

  TemporaryDirectory directory_;
  std::optional<os::Output> out_;
  std::optional<os::Output> err_;
};

constexpr const char* kOld = "a 1 1700000000000\na 2 1700000015000\n";
constexpr const char* kNew =
    "a 1 1700000000000\na 2 1700000015000\na 3 1700000030000\n"
    "b 4 1700086400000\n";

TEST_F(ImportTest, AnyFailureLeavesTheStoreAsItWas) {
  write("old", kOld);
  write("new", kNew);
  for (std::uint64_t call = 1;; ++call) {
    std::filesystem::remove_all(path("store"));
    ASSERT_EQ(import(os::real_file_system(), "store", "old"), cli::Exit::kOk);
    const std::string before = exported("store");
    FaultFileSystem files;
    files.fail_at(call, ENOSPC, false);
    const cli::Exit exit = import(files, "store", "new");
    if (!files.has_failed()) {
      ASSERT_EQ(exit, cli::Exit::kOk);
      EXPECT_GT(call, 5U);
      break;
    }
    if (exit != cli::Exit::kOk) {
      EXPECT_EQ(exit, cli::Exit::kIo) << call;
    }
    EXPECT_EQ(half_made(), std::vector<std::string>()) << call;
    const std::string after = exported("store");
    ASSERT_EQ(import(os::real_file_system(), "store", "new"), cli::Exit::kOk);
    const std::string complete = exported("store");
    EXPECT_TRUE(after == before || after == complete) << call;
    EXPECT_NE(complete.find("\"b\""), std::string::npos);
  }
}

TEST_F(ImportTest, AnyFailureOfARestoreLeavesNothing) {
  write("new", kNew);
  ASSERT_EQ(import(os::real_file_system(), "store", "new"), cli::Exit::kOk);
  cli::Io streams = io();
  ASSERT_EQ(run_backup({.store = path("store"), .out = path("backup")},
                       os::real_file_system(), streams),
            cli::Exit::kOk)
      << err_->text();
  for (std::uint64_t call = 1;; ++call) {
    FaultFileSystem files;
    files.fail_at(call, ENOSPC, false);
    cli::Io again = io();
    const cli::Exit exit = run_restore(
        {.store = path("copy"), .in = path("backup")}, files, again);
    EXPECT_EQ(half_made(), std::vector<std::string>()) << call;
    if (!files.has_failed()) {
      ASSERT_EQ(exit, cli::Exit::kOk) << err_->text();
      break;
    }
    // The last call makes the name durable; the store is there before it.
    if (exit != cli::Exit::kOk && !std::filesystem::exists(path("copy"))) {
      EXPECT_EQ(exit, cli::Exit::kIo) << call;
    }
    std::filesystem::remove_all(path("copy"));
  }
  EXPECT_EQ(exported("copy"), exported("store"));
}

TEST_F(ImportTest, AnyFailureOfABackupLeavesNothing) {
  write("new", kNew);
  ASSERT_EQ(import(os::real_file_system(), "store", "new"), cli::Exit::kOk);
  for (std::uint64_t call = 1;; ++call) {
    FaultFileSystem files;
    files.fail_at(call, EIO, false);
    cli::Io streams = io();
    const cli::Exit exit = run_backup(
        {.store = path("store"), .out = path("backup")}, files, streams);
    EXPECT_EQ(half_made(), std::vector<std::string>()) << call;
    if (!files.has_failed()) {
      EXPECT_EQ(exit, cli::Exit::kOk) << err_->text();
      break;
    }
    // The first call looks for what others left, which may fail.
    EXPECT_EQ(exit, call == 1 ? cli::Exit::kOk : cli::Exit::kIo) << call;
  }
}

TEST_F(ImportTest, CarriesExemplarsThroughEveryFormatThatHasThem) {
  write("in.om", R"(# TYPE requests counter
requests_total{code="200"} 1 1700000000 # {trace_id="a\"b"} 0.5 1699999999.5
requests_total{code="200"} 2 1700000015
requests_total{code="200"} 3 1700000030 # {} 0.25
# TYPE seconds histogram
seconds_bucket{le="1.0"} 4 1700000000 # {trace_id="c"} 0.75 1700000000.25
seconds_bucket{le="+Inf"} 4 1700000000
# EOF
)");
  ASSERT_EQ(import(os::real_file_system(), "store", "in.om"), cli::Exit::kOk)
      << err_->text();
  const std::string lines = exported("store");
  EXPECT_NE(
      lines.find(R"("exemplars":[{"labels":{"trace_id":"a\"b"},"value":0.5,)"
                 R"("timestamp":1699999999500},)"
                 R"({"labels":{},"value":0.25,"timestamp":1700000030000}])"),
      std::string::npos)
      << lines;
  const std::pair<ExportFormat, const char*> formats[] = {
      {ExportFormat::kOpenMetrics, "om"},
      {ExportFormat::kText, "text"},
      {ExportFormat::kJsonLines, "jsonl"}};
  for (const auto& [format, name] : formats) {
    cli::Io streams = io();
    ASSERT_EQ(run_export({.store = path("store"),
                          .format = format,
                          .out = path(std::string("out.") + name)},
                         os::real_file_system(), streams),
              cli::Exit::kOk);
    ASSERT_EQ(import(os::real_file_system(), name, std::string("out.") + name),
              cli::Exit::kOk)
        << name << err_->text();
    EXPECT_EQ(exported(name), lines) << name;
    // A second time changes nothing.
    ASSERT_EQ(import(os::real_file_system(), name, std::string("out.") + name),
              cli::Exit::kOk);
    EXPECT_EQ(exported(name), lines) << name;
  }
  cli::Io streams = io();
  ASSERT_EQ(run_export({.store = path("store"), .format = ExportFormat::kCsv},
                       os::real_file_system(), streams),
            cli::Exit::kOk);
  EXPECT_NE(err_->text().find("3 exemplars left out"), std::string::npos)
      << err_->text();
}

TEST_F(ImportTest, SaysWhichMetricsTakeTheBytesOfBlocks) {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    const std::string time = std::to_string(1'700'000'000'000 + i * 1000);
    text += "steady 1 " + time + "\n";
    text += "wild " + std::to_string(i * 7919 % 1009) + "." +
            std::to_string(i * 104729 % 997) + " " + time + "\n";
  }
  write("new", text);
  ASSERT_EQ(import(os::real_file_system(), "store", "new"), cli::Exit::kOk);
  const auto view = View::open(path("store"));
  ASSERT_TRUE(view);
  const StoreStats stats = stats_of(**view, 10);
  ASSERT_EQ(stats.metric_bytes.size(), 2U);
  EXPECT_EQ(stats.metric_bytes[0].first, "wild");
  EXPECT_GT(stats.metric_bytes[0].second, 10 * stats.metric_bytes[1].second);
  EXPECT_LT(stats.metric_bytes[0].second + stats.metric_bytes[1].second,
            stats.block_bytes);
}

TEST_F(ImportTest, TakesAwayWhatADeadProcessLeft) {
  write("new", kNew);
  ASSERT_EQ(import(os::real_file_system(), "store", "new"), cli::Exit::kOk);
  // No process has this number.
  write("backup.part-2147483647", "half");
  write("backup.part-1", "of a living one");
  cli::Io streams = io();
  ASSERT_EQ(run_backup({.store = path("store"), .out = path("backup")},
                       os::real_file_system(), streams),
            cli::Exit::kOk);
  EXPECT_FALSE(os::exists(path("backup.part-2147483647")));
  EXPECT_TRUE(os::exists(path("backup.part-1")));
}

TEST_F(ImportTest, WhatTheHeadHasIsNotImportedAgain) {
  // A store whose samples are in the head, and an import that knows more.
  auto writer = Writer::open(path("store"), {.allow_future = true},
                             os::real_file_system(), os::real_clock());
  ASSERT_TRUE(writer);
  const SeriesId series = (*writer)->series(Labels{{"__name__", "a"}});
  const SeriesSample sample{series, 1'700'000'000'000,
                            std::bit_cast<std::uint64_t>(1.0)};
  ASSERT_TRUE((*writer)->add(std::span(&sample, 1)));
  ASSERT_TRUE((*writer)->commit());
  // Beside the writer, which holds its lock.
  write("new", kNew);
  ASSERT_EQ(import(os::real_file_system(), "store", "new"), cli::Exit::kOk)
      << err_->text();
  EXPECT_NE(err_->text().find("imported 3 samples"), std::string::npos)
      << err_->text();
  EXPECT_NE(err_->text().find("1 were there already"), std::string::npos);
  const auto view = View::open(path("store"));
  ASSERT_TRUE(view);
  std::uint64_t in_blocks = 0;
  for (const ManifestBlock& block : (*view)->manifest().blocks)
    in_blocks += block.samples;
  EXPECT_EQ(in_blocks, 3U);
}

}  // namespace
}  // namespace prom::store
