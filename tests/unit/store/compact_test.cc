// The life of a store against a model: what is appended, repeated, deleted and
// retained is what every reader sees, whatever is compacted meanwhile.
#include "libprom/store/compact.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "libprom/base/duration.h"
#include "libprom/store/delete_samples.h"
#include "libprom/store/report.h"
#include "libprom/store/view.h"
#include "libprom/store/writer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

constexpr std::int64_t kStart = 1'700'006'400'000;  // a day begins
constexpr std::int64_t kStepMs = 10 * kMinuteMs;
constexpr int kSources = 3;
constexpr int kColumns = 5;

using Model = std::map<std::string, std::map<std::int64_t, double>>;

Labels labels_of(int source, int column) {
  return {{"__name__", "m" + std::to_string(column)},
          {"job", column % 2 == 0 ? "even" : "odd"},
          {"source", std::to_string(source)}};
}

double value_of(int source, int column, int n) {
  return source * 1e6 + column * 1e4 + n * (column % 3);
}

Model content(const View& view) {
  Model all;
  const auto selection = view.select({}, INT64_MIN, INT64_MAX);
  if (!selection) return all;
  Samples samples;
  std::string before;
  for (std::size_t i = 0; i < (*selection)->size(); ++i) {
    (*selection)->read(i, 1, samples);
    auto& series = all[(*selection)->labels(i).to_string()];
    for (std::size_t k = 0; k < samples.t_ms.size(); ++k)
      EXPECT_TRUE(series.try_emplace(samples.t_ms[k], samples.value[k]).second)
          << "twice";
  }
  std::erase_if(all, [](const auto& entry) { return entry.second.empty(); });
  return all;
}

class CompactTest : public ::testing::Test {
 protected:
  CompactTest() { begin(); }

  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  void begin() {
    writer_.reset();
    clock_.set_wall_ms(kStart + next_ * kStepMs + kHourMs);
    auto writer = Writer::open(path(), {}, os::real_file_system(), clock_);
    ASSERT_TRUE(writer) << writer.error().message;
    writer_ = std::move(*writer);
    for (int source = 0; source < kSources; ++source) {
      wire::Layout layout;
      layout.source = static_cast<std::uint64_t>(source) + 1;
      layout.version = 1;
      for (int column = 0; column < kColumns; ++column)
        layout.series.push_back(labels_of(source, column));
      ASSERT_TRUE(writer_->add(layout));
    }
  }

  void add_row(int source, int n) {
    wire::Row row;
    row.source = static_cast<std::uint64_t>(source) + 1;
    row.version = 1;
    row.sequence = static_cast<std::uint64_t>(n) + 1;
    row.t_ms = kStart + n * kStepMs;
    for (int column = 0; column < kColumns; ++column) {
      row.values.push_back(value_of(source, column, n));
      model_[labels_of(source, column).to_string()][row.t_ms] =
          row.values.back();
    }
    ASSERT_TRUE(writer_->add(row));
  }

  void add_loose(std::int64_t t_ms) {
    const Labels labels = {{"__name__", "loose"}};
    const auto value = static_cast<double>(t_ms % 1000);
    ASSERT_TRUE(writer_->add(wire::Loose{
        .source = 9, .sequence = 1, .items = {{labels, t_ms, value}}}));
    model_[labels.to_string()][t_ms] = value;
  }

  // The next scrapes of every source, and what else may come.
  void go_on(int count) {
    for (int i = 0; i < count; ++i, ++next_) {
      clock_.set_wall_ms(kStart + next_ * kStepMs + kHourMs);
      for (int source = 0; source < kSources; ++source) {
        add_row(source, next_);
        // Again, as after a restart of the sender.
        if (next_ > 4 && random_() % 16 == 0 && repeat_)
          add_row(source, next_ - 1 - static_cast<int>(random_() % 4));
      }
      if (random_() % 2 == 0) add_loose(kStart + next_ * kStepMs + 1);
      if (random_() % 8 == 0) add_loose(kStart + next_ * kStepMs - 1'234'567);
      ASSERT_TRUE(writer_->commit());
    }
  }

  void compact_now(CompactOptions options = {}) {
    options.store = path();
    const auto report = compact(os::real_file_system(), clock_, options);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->damage.empty());
  }

  void expect_model() {
    const auto view = View::open(path());
    ASSERT_TRUE(view) << view.error().message;
    const Model found = content(**view);
    ASSERT_TRUE(found == model_) << describe(found);
    EXPECT_TRUE(verify(**view).damage.empty());
  }

  std::string describe(const Model& found) {
    std::string text;
    for (const auto& [labels, samples] : model_) {
      const auto at = found.find(labels);
      const std::size_t there = at == found.end() ? 0 : at->second.size();
      if (there != samples.size() || at->second != samples)
        text += labels + ": " + std::to_string(there) + " of " +
                std::to_string(samples.size()) + "\n";
    }
    return text + std::to_string(found.size()) + " series";
  }

  Manifest manifest() { return *load_manifest(path()); }

  TemporaryDirectory directory_;
  FakeClock clock_;
  std::mt19937_64 random_{42};
  std::unique_ptr<Writer> writer_;
  Model model_;
  int next_ = 0;
  bool repeat_ = true;
};

TEST_F(CompactTest, MakesBlocksOfClosedGenerations) {
  go_on(30);
  ASSERT_TRUE(writer_->rotate());
  compact_now();
  EXPECT_EQ(manifest().first_generation, 2U);
  EXPECT_GE(manifest().blocks.size(), 2U);
  for (const ManifestBlock& block : manifest().blocks)
    EXPECT_LE(block.max_ms - block.min_ms, 2 * kHourMs + 20 * kMinuteMs);
  expect_model();
  // The writer's own generation goes on.
  go_on(10);
  expect_model();
}

TEST_F(CompactTest, KeepsEverySampleThroughAnyOrderOfEverything) {
  for (int round = 0; round < 60; ++round) {
    go_on(1 + static_cast<int>(random_() % 12));
    switch (random_() % 6) {
      case 0:
      case 1:
        ASSERT_TRUE(writer_->rotate());
        break;
      case 2:
        begin();
        break;
      case 3:
        compact_now();
        break;
      case 4:
        ASSERT_TRUE(writer_->rotate());
        compact_now({.all = random_() % 4 == 0});
        break;
      default:
        break;
    }
    if (round % 10 == 9) expect_model();
  }
  ASSERT_TRUE(writer_->rotate());
  compact_now({.all = true});
  expect_model();
  EXPECT_LE(manifest().blocks.size(), 2U);
}

TEST_F(CompactTest, ChangesNothingWhenItIsAppendedAgain) {
  go_on(20);
  ASSERT_TRUE(writer_->rotate());
  compact_now({.all = true});
  begin();
  const std::uint64_t before = writer_->counters().samples;
  for (int n = 0; n < next_; ++n) {
    for (int source = 0; source < kSources; ++source) add_row(source, n);
  }
  ASSERT_TRUE(writer_->commit());
  EXPECT_EQ(writer_->counters().samples, before);
  EXPECT_EQ(writer_->counters().refused, decltype(WriterCounters::refused){});
  expect_model();
}

TEST_F(CompactTest, DeletesForEveryReaderAtOnceAndFromTheDiskWhenCleaned) {
  repeat_ = false;
  go_on(20);
  ASSERT_TRUE(writer_->rotate());
  compact_now();
  go_on(10);
  writer_.reset();
  const TimeRange range{kStart + 5 * kStepMs, kStart + 24 * kStepMs};
  const std::vector<Matchers> selectors = {{Matcher::equal("job", "odd")},
                                           {Matcher::equal("source", "2")}};
  ASSERT_TRUE(delete_samples(os::real_file_system(), clock_, path(), selectors,
                             range, false));
  for (int source = 0; source < kSources; ++source) {
    for (int column = 0; column < kColumns; ++column) {
      if (column % 2 == 0 && source != 2) continue;
      auto& samples = model_[labels_of(source, column).to_string()];
      samples.erase(samples.lower_bound(range.min_ms),
                    samples.upper_bound(range.max_ms));
    }
  }
  expect_model();
  EXPECT_EQ(manifest().deletions.size(), 2U);
  // What comes later stays, also when it is what was deleted.
  begin();
  add_row(2, next_ - 6);
  ASSERT_TRUE(writer_->commit());
  expect_model();
  compact_now({.merge = false, .clean = true});
  expect_model();
  EXPECT_TRUE(manifest().deletions.empty());
  go_on(3);
  ASSERT_TRUE(writer_->rotate());
  compact_now({.all = true});
  expect_model();
}

TEST_F(CompactTest, RetainsByAgeAndByWhatItIs) {
  repeat_ = false;
  go_on(6 * 24 * 4);  // four days
  ASSERT_TRUE(writer_->rotate());
  CompactOptions options;
  options.retention.keep_ms = kDayMs;
  options.retention.rules.push_back(
      {{Matcher::equal("job", "even")}, 2 * kDayMs});
  options.retention.rules.push_back(
      {{Matcher::equal("__name__", "loose")}, kForEver});
  compact_now(options);
  const auto view = *View::open(path());
  const Model found = content(*view);
  const std::int64_t newest = kStart + (next_ - 1) * kStepMs;
  for (const auto& [labels, samples] : model_) {
    std::int64_t keep_ms = kDayMs;
    if (labels.find("even") != std::string::npos) keep_ms = 2 * kDayMs;
    if (labels.find("loose") != std::string::npos) keep_ms = 100 * kDayMs;
    ASSERT_TRUE(found.contains(labels)) << labels;
    const std::int64_t oldest = found.at(labels).begin()->first;
    // Blocks go as a whole, so up to a day more may be there.
    EXPECT_LE(oldest, std::max(newest - keep_ms, samples.begin()->first));
    EXPECT_GE(oldest,
              std::max(newest - keep_ms - kDayMs, samples.begin()->first));
  }
}

TEST_F(CompactTest, RetainsBySize) {
  go_on(6 * 24 * 3);
  ASSERT_TRUE(writer_->rotate());
  compact_now();
  const auto before = manifest().blocks;
  ASSERT_GT(before.size(), 3U);
  CompactOptions options{.heads = false, .merge = false};
  options.retention.bytes_max = 1;
  compact_now(options);
  EXPECT_TRUE(manifest().blocks.empty());
}

TEST_F(CompactTest, RemovesNothingForAClockThatJumpsAhead) {
  go_on(40);
  ASSERT_TRUE(writer_->rotate());
  clock_.advance_ms(100 * kDayMs);
  CompactOptions options;
  options.retention.keep_ms = kDayMs;
  compact_now(options);
  expect_model();
}

TEST_F(CompactTest, LetsAnOpenViewBeWhatItWas) {
  go_on(30);
  const auto before = *View::open(path());
  const Model then = content(*before);
  ASSERT_TRUE(writer_->rotate());
  const auto between = *View::open(path());
  compact_now({.all = true});
  go_on(1);
  EXPECT_TRUE(content(*before) == then);
  EXPECT_TRUE(content(*between) == then);
  EXPECT_TRUE(before->damage().empty());
}

TEST_F(CompactTest, RemovesWhatADeadCompactionLeft) {
  go_on(30);
  ASSERT_TRUE(writer_->rotate());
  compact_now({.merge = false});
  const std::string blocks = path() + "/blocks";
  const std::string stray = blocks + "/01HF0000000000000000000000";
  std::filesystem::copy(block_path(path(), manifest().blocks.front().id),
                        stray);
  std::filesystem::copy(stray, blocks + "/.tmp-01HF0000000000000000000000");
  expect_model();  // it is not part of the store
  compact_now({.merge = false});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(blocks), {}),
            static_cast<std::ptrdiff_t>(manifest().blocks.size()));
}

TEST_F(CompactTest, IsRebuiltFromItsBlocksWhenTheManifestIsLost) {
  go_on(30);
  ASSERT_TRUE(writer_->rotate());
  compact_now();
  std::filesystem::remove(manifest_path(path()));
  const auto view = View::open(path());
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_TRUE(content(**view) == model_);
  ASSERT_EQ((*view)->damage().size(), 1U);
  // A compaction must not take the blocks for leftovers.
  EXPECT_FALSE(compact(os::real_file_system(), clock_, {.store = path()}));
  ASSERT_TRUE(repair_manifest(os::real_file_system(), path()));
  expect_model();
}

TEST_F(CompactTest, LeavesADamagedBlockAloneAndSaysSo) {
  go_on(6 * 24 * 2);
  ASSERT_TRUE(writer_->rotate());
  compact_now({.merge = false});
  const ManifestBlock bad = manifest().blocks[1];
  const std::string file = block_path(path(), bad.id);
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  const int fd = ::open(file.c_str(), O_RDWR);
  const auto size = std::filesystem::file_size(file);
  ASSERT_EQ(::pwrite(fd, "damage", 6, static_cast<off_t>(size / 2)), 6);
  ::close(fd);
  const auto report =
      compact(os::real_file_system(), clock_, {.store = path(), .all = true});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->damage.empty());
  EXPECT_TRUE(std::filesystem::exists(file));
  const auto view = *View::open(path());
  for (const auto& [labels, samples] : content(*view)) {
    for (const auto& [t_ms, value] : samples)
      ASSERT_EQ(model_[labels].at(t_ms), value);
  }
  EXPECT_FALSE(verify(*view).damage.empty());
}

// Each call that a compaction makes fails, once or from then on.
TEST_F(CompactTest, LosesNothingWhateverCallFails) {
  go_on(20);
  ASSERT_TRUE(writer_->rotate());
  go_on(10);
  ASSERT_TRUE(writer_->rotate());
  writer_.reset();
  const std::string good = directory_.path() + "/good";
  std::filesystem::rename(path(), good);
  for (const auto& [error, for_good] :
       {std::pair(ENOSPC, true), std::pair(EIO, false)}) {
    for (std::uint64_t call = 1;; ++call) {
      std::filesystem::remove_all(path());
      std::filesystem::copy(good, path(),
                            std::filesystem::copy_options::recursive);
      FaultFileSystem files;
      files.fail_at(call, error, for_good);
      (void)compact(files, clock_, {.store = path(), .all = true});
      const auto view = View::open(path());
      ASSERT_TRUE(view) << call << ": " << view.error().message;
      ASSERT_TRUE(content(**view) == model_) << call;
      compact_now({.all = true});
      expect_model();
      if (!files.has_failed()) break;
    }
  }
}

}  // namespace
}  // namespace prom::store
