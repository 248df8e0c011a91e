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
