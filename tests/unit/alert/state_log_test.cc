#include "libprom/alert/state_log.h"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

namespace prom::alert {
namespace {

class StateLogTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "state-" + std::to_string(getpid()) +
                 "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<StateLog> open() {
    seen_.clear();
    auto log = StateLog::open(os::real_file_system(), directory_,
                              [this](RecordKind, std::string_view payload) {
                                seen_.emplace_back(payload);
                              });
    EXPECT_TRUE(log) << log.error().message;
    return std::move(log).value();
  }
  void write(const std::vector<std::string>& payloads) {
    const auto log = open();
    for (const std::string& payload : payloads)
      log->add(RecordKind::kAlert, payload);
    ASSERT_TRUE(log->commit());
  }
  [[nodiscard]] std::string path() const { return directory_ + "/alerts.log"; }
  std::string content() { return os::read_file(path()).value(); }
  void put(const std::string& bytes) {
    ASSERT_TRUE(
        os::write_file_atomically(os::real_file_system(), path(), bytes));
  }

  std::string directory_;
  std::vector<std::string> seen_;
};

using Texts = std::vector<std::string>;

TEST_F(StateLogTest, GivesBackWhatWasCommitted) {
  write({"one", "", std::string(100'000, 'x')});
  const auto log = open();
  EXPECT_EQ(seen_, (Texts{"one", "", std::string(100'000, 'x')}));
  log->add(RecordKind::kSilence, "noted only");
  EXPECT_TRUE(log->damage().empty());
  open();
  EXPECT_EQ(seen_.size(), 3U);
}

TEST_F(StateLogTest, DropsACutEndAndGoesOn) {
  write({"one", "two", "three"});
  const std::string whole = content();
  for (std::size_t cut = 1; cut <= 25; ++cut) {
    put(whole.substr(0, whole.size() - cut));
    auto log = open();
    EXPECT_EQ(seen_, (Texts{"one", "two"})) << cut;
    EXPECT_TRUE(log->damage().empty());
    log->add(RecordKind::kAlert, "four");
    ASSERT_TRUE(log->commit());
    open();
    EXPECT_EQ(seen_, (Texts{"one", "two", "four"})) << cut;
  }
}

TEST_F(StateLogTest, LosesOnlyTheRecordThatIsDamaged) {
  const Texts all = {"record one", "record two", "record three"};
  write(all);
  const std::string whole = content();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    put(damaged);
    const auto log = open();
    EXPECT_GE(seen_.size(), i < 16 ? 3U : 2U) << i;
    for (const std::string& text : seen_)
      EXPECT_NE(std::find(all.begin(), all.end(), text), all.end()) << i;
  }
}

TEST_F(StateLogTest, SetsDamagedBytesAside) {
  write({"record one", "record two"});
  std::string damaged = content();
  damaged[16 + 20] = '?';
  put(damaged);
  const auto log = open();
  EXPECT_EQ(seen_, (Texts{"record two"}));
  ASSERT_EQ(log->damage().size(), 1U);
  EXPECT_EQ(log->damage()[0].offset, 16U);
  EXPECT_EQ(log->damage()[0].bytes, 30U);
  EXPECT_EQ(os::read_file(path() + ".damaged-16").value(),
            damaged.substr(16, 30));
}

TEST_F(StateLogTest, RewritesInOneStep) {
  write({"old"});
  auto log = open();
  log->add(RecordKind::kAlert, "noted");
  ASSERT_TRUE(log->rewrite({{RecordKind::kSilence, "new"}}));
  log->add(RecordKind::kAlert, "more");
  ASSERT_TRUE(log->commit());
  open();
  EXPECT_EQ(seen_, (Texts{"new", "more"}));
}

}  // namespace
}  // namespace prom::alert
