#include "libprom/store/snapshot.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/store/oracle.h"

namespace prom::store {
namespace {

// Zones and a tail, with labels that not all series have.
class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotTest() {
    clock_.set_wall_ms(oracle::kStart);
    writer_ = *Writer::open(path(), {}, os::real_file_system(), clock_);
    wire::Loose loose;
    for (int i = 0; i < 10'000; ++i) {
      std::vector<LabelView> labels = {{"__name__", i % 2 == 0 ? "a" : "b"}};
      const std::string number = std::to_string(i * 7919 % 10'000);
      const std::string job = "job-" + std::to_string(i % 17);
      labels.push_back({"number", number});
      if (i % 3 == 0) labels.push_back({"job", job});
      if (i % 5 == 0) labels.push_back({"Upper", "yes"});
      all_.push_back(Labels::from(labels));
      loose.items.push_back({all_.back(), oracle::kStart, 1.0 * i});
    }
    EXPECT_TRUE(writer_->add(loose));
    EXPECT_TRUE(writer_->commit());
    snapshot_ = *Snapshot::open(path());
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/s"; }

  static Matcher matcher(MatchOp op, std::string name, std::string value) {
    return *Matcher::create(op, std::move(name), std::move(value));
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  std::unique_ptr<Writer> writer_;
  std::vector<Labels> all_;  // by series number
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(SnapshotTest, SelectsAsMatchersSay) {
  EXPECT_EQ(snapshot_->head().zone_count(), 2U);
  const std::vector<Matchers> cases = {
      {},
      {matcher(MatchOp::kEqual, "__name__", "a")},
      {matcher(MatchOp::kEqual, "__name__", "none")},
      {matcher(MatchOp::kNotEqual, "job", "job-3")},
      {matcher(MatchOp::kEqual, "job", "")},
      {matcher(MatchOp::kNotEqual, "job", "")},
      {matcher(MatchOp::kRegex, "job", "job-1|job-2|job-99")},
      {matcher(MatchOp::kRegex, "number", "12.*")},
      {matcher(MatchOp::kNotRegex, "number", ".*[0-8]")},
      {matcher(MatchOp::kRegex, "job", "job-1.*|")},
      {matcher(MatchOp::kEqual, "missing", "")},
      {matcher(MatchOp::kNotRegex, "missing", ".*")},
      {matcher(MatchOp::kEqual, "__name__", "b"),
       matcher(MatchOp::kRegex, "job", "job-.*"),
       matcher(MatchOp::kNotEqual, "Upper", "yes")}};
  for (const Matchers& matchers : cases) {
    std::vector<SeriesId> expected;
    for (SeriesId id = 0; id < all_.size(); ++id) {
      if (matches_all(matchers, all_[id])) expected.push_back(id);
    }
    const auto found = snapshot_->select(matchers);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, expected)
        << (matchers.empty() ? "" : matchers.front().to_string());
  }
}

TEST_F(SnapshotTest, SortsAsLabelsCompare) {
  for (const std::size_t count : {10U, 10'000U}) {
    std::vector<SeriesId> series;
    for (SeriesId id = 0; id < count; ++id) series.push_back(id);
    snapshot_->sort_by_labels(series);
    ASSERT_EQ(series.size(), count);
    for (std::size_t i = 1; i < count; ++i)
      ASSERT_LT(all_[series[i - 1]], all_[series[i]]);
  }
}

TEST_F(SnapshotTest, ShowsNamesAndValuesOfWhatIsAskedFor) {
  const auto upper =
      snapshot_->select({matcher(MatchOp::kNotEqual, "Upper", "")});
  EXPECT_EQ(snapshot_->label_names(*upper),
            (std::vector<std::string>{"Upper", "__name__", "job", "number"}));
  EXPECT_EQ(snapshot_->label_values("Upper", *upper),
            std::vector<std::string>{"yes"});
  const auto all = snapshot_->select({});
  EXPECT_EQ(snapshot_->label_values("job", *all).size(), 17U);
  const LabelIds column = snapshot_->column("job", *all);
  for (std::size_t i = 0; i < all->size(); ++i)
    ASSERT_EQ(column.values[column.ids[i]], all_[i].get("job"));
}

TEST_F(SnapshotTest, StaysAsItWasWhileTheWriterGoesOn) {
  const std::uint64_t before = snapshot_->root().samples;
  ASSERT_TRUE(oracle::add_layouts(*writer_));
  clock_.advance_ms(1'000'000);
  ASSERT_TRUE(oracle::add_rows(*writer_, 1));
  ASSERT_TRUE(writer_->commit());
  EXPECT_EQ(snapshot_->root().samples, before);
  EXPECT_EQ(snapshot_->select({})->size(), all_.size());
  EXPECT_GT((*Snapshot::open(path()))->root().samples, before);
}

// One mapping of the counters for writer and readers, so that the thread
// sanitizer sees both sides of each store and load.
TEST(SnapshotThreads, NeverShowLessThanBefore) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/s";
  FakeClock clock;
  clock.set_wall_ms(oracle::kStart + 3'600'000);
  auto writer = *Writer::open(path, {}, os::real_file_system(), clock);
  ASSERT_TRUE(oracle::add_layouts(*writer));
  std::vector<std::jthread> readers;
  std::atomic<bool> failed = false;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&, ctl = writer->ctl()](std::stop_token stop) {
      std::uint64_t before = 0;
      while (!stop.stop_requested()) {
        const auto snapshot = Snapshot::open(path, ctl);
        if (!snapshot || (*snapshot)->root().samples < before) {
          failed = true;
          return;
        }
        before = (*snapshot)->root().samples;
        const auto count = oracle::check(**snapshot, *snapshot);
        if (count.wrong != 0 || count.samples != before) failed = true;
      }
    });
  }
  for (int n = 0; n < 200; ++n) {
    ASSERT_TRUE(oracle::add_rows(*writer, n));
    ASSERT_TRUE(writer->commit());
  }
  readers.clear();
  EXPECT_FALSE(failed);
}

}  // namespace
}  // namespace prom::store
