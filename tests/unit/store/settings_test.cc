#include "libprom/store/settings.h"

#include <fstream>

#include <gtest/gtest.h>

#include "libprom/base/duration.h"

#include "tests/support/temporary_directory.h"

namespace prom::store {
namespace {

class SettingsTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  const TemporaryDirectory directory_;
};

TEST_F(SettingsTest, TakesTheStorageSectionOfPrometheusYml) {
  const std::string file = write("prometheus.yml", R"(
storage:
  tsdb:
    out_of_order_time_window: 30m
    retention:
      time: 15d
      size: 2GB
)");
  WriterOptions options;
  ASSERT_TRUE(configure_writer(file, options));
  EXPECT_EQ(options.out_of_order_window_ms, 30 * kMinuteMs);
  write("retention", "keep 90d\nkeep 1d for {job=\"x\"}\nshare 50%\n");
  const auto retention = configured_retention(directory_.path(), file);
  ASSERT_TRUE(retention) << retention.error().message;
  EXPECT_EQ(retention->keep_ms, 15 * kDayMs);
  EXPECT_EQ(retention->bytes_max, 2ULL << 30U);
  EXPECT_EQ(retention->share_max, 50);  // the store's own
  EXPECT_EQ(retention->rules.size(), 1U);
}

TEST_F(SettingsTest, LeavesWhatTheFileDoesNotSay) {
  const std::string file = write("prometheus.yml", "global: {}\n");
  WriterOptions options;
  ASSERT_TRUE(configure_writer(file, options));
  EXPECT_EQ(options.out_of_order_window_ms,
            WriterOptions().out_of_order_window_ms);
  const auto retention = configured_retention(directory_.path(), file);
  ASSERT_TRUE(retention);
  EXPECT_EQ(retention->keep_ms, kForEver);
}

TEST_F(SettingsTest, NamesTheFileThatIsWrong) {
  const std::string file = write("prometheus.yml", "storag: {}\n");
  WriterOptions options;
  const Status writer = configure_writer(file, options);
  const auto retention = configured_retention(directory_.path(), file);
  ASSERT_FALSE(writer);
  ASSERT_FALSE(retention);
  for (const Error& error : {writer.error(), retention.error()}) {
    EXPECT_EQ(error.code, Code::kConfig);
    EXPECT_TRUE(error.message.contains(file)) << error.message;
  }
}

}  // namespace
}  // namespace prom::store
