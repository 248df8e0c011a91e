// Bodies go in, lines of the pipe dialect come out.
#include "libprom/scrape/sampler.h"

#include <bit>
#include <sstream>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"
#include "libprom/scrape/encoder.h"

namespace prom::scrape {
namespace {

using exposition::Format;

class SamplerTest : public testing::Test {
 protected:
  SamplerTest() : sampler_({{"instance", "i"}}) {}

  // The lines of one scrape, without those of the synthetic series and
  // metadata, sorted.  Scrapes come at 1000, 2000, …
  std::string scrape(const std::string& body, Format format = Format::kText) {
    now_ms_ += 1000;
    status_ = sampler_.take(body, format, now_ms_, Job(config_));
    return finish();
  }
  std::string fail_scrape() {
    now_ms_ += 1000;
    sampler_.take_failure();
    status_ = fail(Code::kUnavailable, "down");
    return finish();
  }
  std::string finish() {
    batch_ =
        sampler_.finish({.up = status_.has_value()}, now_ms_, Job(config_));
    return lines_of(batch_);
  }
  static std::string lines_of(const Batch& batch, bool synthetic = false) {
    std::string out;
    const auto encoder = make_encoder(StreamFormat::kText, out);
    encoder->write(batch);
    std::vector<std::string> lines;
    std::istringstream stream(out);
    for (std::string line; std::getline(stream, line);) {
      const bool is_sample =
          !line.starts_with('#') || line.starts_with("# STALE");
      const bool is_ours = line.find("scrape_") != std::string::npos ||
                           line.find("up{") != std::string::npos;
      if (is_sample && is_ours == synthetic) lines.push_back(line);
    }
    std::ranges::sort(lines);
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  // The value of a synthetic series.
  double synthetic(std::string_view name) const {
    for (std::size_t i = 0; i < batch_.columns->size(); ++i)
      if ((*batch_.columns)[i].metric_name() == name)
        return batch_.row.values[i];
    return -99;
  }

  config::ScrapeConfig config_;
  Sampler sampler_;
  std::int64_t now_ms_ = 0;
  Status status_;
  Batch batch_;
};

TEST_F(SamplerTest, GivesSamplesTheTargetsLabelsAndTime) {
  EXPECT_EQ(scrape("a 1\nb{x=\"y\"} 2.5\n"),
            "a{instance=\"i\"} 1 1000\n"
            "b{instance=\"i\",x=\"y\"} 2.5 1000\n");
  EXPECT_EQ(synthetic("up"), 1);
  EXPECT_EQ(synthetic("scrape_samples_scraped"), 2);
  EXPECT_EQ(synthetic("scrape_samples_post_metric_relabeling"), 2);
  EXPECT_EQ(synthetic("scrape_series_added"), 2);
  EXPECT_EQ(synthetic("scrape_timeout_seconds"), -99);
}

TEST_F(SamplerTest, MarksVanishedSeriesStaleOnce) {
  scrape("a 1\nb 1\n");
  EXPECT_EQ(scrape("a 2\n"),
            "# STALE b{instance=\"i\"} 2000\na{instance=\"i\"} 2 2000\n");
  EXPECT_EQ(scrape("a 3\n"), "a{instance=\"i\"} 3 3000\n");
  EXPECT_EQ(scrape("a 4\nb 4\n"),
            "a{instance=\"i\"} 4 4000\nb{instance=\"i\"} 4 4000\n");
  EXPECT_EQ(synthetic("scrape_series_added"), 1);
}

TEST_F(SamplerTest, MarksEverythingStaleWhenAScrapeFails) {
  scrape("a 1\nb 1\n");
  EXPECT_EQ(fail_scrape(),
            "# STALE a{instance=\"i\"} 2000\n# STALE b{instance=\"i\"} 2000\n");
  EXPECT_EQ(synthetic("up"), 0);
  EXPECT_EQ(fail_scrape(), "");
  EXPECT_EQ(scrape("a 1\n"), "a{instance=\"i\"} 1 4000\n");
  EXPECT_EQ(synthetic("scrape_series_added"), 0);
}

TEST_F(SamplerTest, TakesNothingOfABodyThatDoesNotParse) {
  scrape("a 1\n");
  EXPECT_EQ(scrape("a 2\nb{ 3\n"), "# STALE a{instance=\"i\"} 2000\n");
  EXPECT_FALSE(status_);
  EXPECT_EQ(status_.error().code, Code::kBadData);
  EXPECT_EQ(synthetic("up"), 0);
}

TEST_F(SamplerTest, FailsAsAWholeBeyondTheSampleLimitAndCountsOn) {
  config_.limits.samples = 3;
  EXPECT_EQ(scrape("a 1\nb 1\nc 1\n").empty(), false);
  EXPECT_EQ(scrape("a 1\nb 1\nc 1\nd 1\ne 1\n"),
            "# STALE a{instance=\"i\"} 2000\n# STALE b{instance=\"i\"} 2000\n"
            "# STALE c{instance=\"i\"} 2000\n");
  ASSERT_FALSE(status_);
  EXPECT_EQ(status_.error().code, Code::kLimit);
  EXPECT_EQ(status_.error().message, "sample_limit exceeded: 5 of at most 3");
  EXPECT_EQ(synthetic("scrape_samples_scraped"), 5);
  EXPECT_EQ(synthetic("scrape_samples_post_metric_relabeling"), 5);
  EXPECT_EQ(synthetic("scrape_series_added"), 0);
  EXPECT_EQ(scrape("a 1\n"), "a{instance=\"i\"} 1 3000\n");
}

TEST_F(SamplerTest, FailsAsAWholeBeyondALabelLimit) {
  config_.limits.label_value_bytes = 3;
  EXPECT_EQ(scrape("a 1\nb{x=\"1234\"} 1\n"), "");
  ASSERT_FALSE(status_);
  EXPECT_NE(status_.error().message.find("label_value_length_limit"),
            std::string::npos);
  EXPECT_EQ(scrape("a 1\n"), "a{instance=\"i\"} 1 2000\n");
}

TEST_F(SamplerTest, CountsDuplicatesAndKeepsTheFirst) {
  EXPECT_EQ(scrape("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n"),
            "a{instance=\"i\",x=\"1\",y=\"2\"} 1 1000\n");
  EXPECT_TRUE(status_);
  EXPECT_EQ(sampler_.counts().duplicates, 1U);
  EXPECT_EQ(synthetic("scrape_samples_post_metric_relabeling"), 2);
}

TEST_F(SamplerTest, DoesNotLetATargetSayThatItIsUp) {
  EXPECT_EQ(scrape("up 7\nup{instance=\"i\"} 8\n"),
            "");  // "up{exported_instance=…" is filtered as ours
  EXPECT_EQ(synthetic("up"), 1);
  EXPECT_GE(sampler_.counts().duplicates, 1U);
}

TEST_F(SamplerTest, PassesOnTimestampsWithoutStaleMarkers) {
  EXPECT_EQ(scrape("a 1 500\nb 1\n"),
            "a{instance=\"i\"} 1 500\nb{instance=\"i\"} 1 1000\n");
  EXPECT_EQ(scrape("b 1\n"), "b{instance=\"i\"} 1 2000\n");
  scrape("a 1 500\nb 1\n");
  EXPECT_EQ(fail_scrape(), "# STALE b{instance=\"i\"} 4000\n");
}

TEST_F(SamplerTest, MarksTimestampedSeriesStaleWhereThatIsWanted) {
  config_.track_timestamps_staleness = true;
  scrape("a 1 500\n");
  EXPECT_EQ(scrape("b 1\n"),
            "# STALE a{instance=\"i\"} 2000\nb{instance=\"i\"} 1 2000\n");
}

TEST_F(SamplerTest, LetsAnEmptyLabelTakeTheTargetsAwayWhereItIsHonored) {
  EXPECT_EQ(scrape("a{instance=\"\"} 1\n"), "a{instance=\"i\"} 1 1000\n");
  config_.honor_labels = true;
  sampler_.forget_series();
  EXPECT_EQ(scrape("a{instance=\"\"} 1\nb{x=\"\"} 1\nc{y=\"1\"} 1\n"),
            "# STALE a{instance=\"i\"} 2000\na 1 2000\n"
            "b{instance=\"i\"} 1 2000\nc{instance=\"i\",y=\"1\"} 1 2000\n");
}

TEST_F(SamplerTest, IgnoresTimestampsWhereThatIsWanted) {
  config_.honor_timestamps = false;
  EXPECT_EQ(scrape("a 1 500\n"), "a{instance=\"i\"} 1 1000\n");
}

TEST_F(SamplerTest, DropsSamplesFromTheFuture) {
  const std::string edge = std::to_string(1000 + kFutureMsMax);
  const std::string beyond = std::to_string(1000 + kFutureMsMax + 1);
  EXPECT_EQ(scrape("a 1 " + edge + "\nb 1 " + beyond + "\nc 1 " +
                   "9223372036854775807\n"),
            "a{instance=\"i\"} 1 " + edge + "\n");
  EXPECT_TRUE(status_);
  EXPECT_EQ(sampler_.counts().out_of_bounds, 2U);
}

TEST_F(SamplerTest, MakesAllNansOne) {
  scrape("a NaN\nb nan\n");
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(batch_.row.values[i]),
              kNormalNanBits);
  }
}

TEST_F(SamplerTest, KeepsItsLayoutWhileSeriesStay) {
  scrape("a 1\nb 1\n");
  const auto version = batch_.row.version;
  const auto columns = batch_.columns;
  scrape("b 2\na 2\n");
  EXPECT_EQ(batch_.row.version, version);
  EXPECT_EQ(batch_.columns, columns);
  scrape("a 1\n");
  EXPECT_EQ(batch_.row.version, version);
  scrape("a 1\nc 1\n");
  EXPECT_EQ(batch_.row.version, version + 1);
  EXPECT_EQ(batch_.columns->size(), columns->size() + 1);
}

TEST_F(SamplerTest, ForgetsSeriesThatCameAndWent) {
  std::size_t columns_max = 0;
  for (int round = 0; round < 20; ++round) {
    std::string body = "steady 1\n";
    for (int i = 0; i < 500; ++i)
      body += "m{round=\"" + std::to_string(round) + "\",i=\"" +
              std::to_string(i) + "\"} 1\n";
    const std::string lines = scrape(body);
    EXPECT_NE(lines.find("steady{instance=\"i\"} 1 " + std::to_string(now_ms_)),
              std::string::npos);
    EXPECT_EQ(synthetic("scrape_series_added"), round == 0 ? 501 : 500);
    // Every vanished series is marked, whatever is forgotten.
    std::size_t stale = 0;
    for (const double value : batch_.row.values)
      stale += is_stale_nan(value) ? 1 : 0;
    EXPECT_EQ(stale, round == 0 ? 0U : 500U);
    columns_max = std::max(columns_max, batch_.columns->size());
  }
  EXPECT_LT(columns_max, 3000U);
}

TEST_F(SamplerTest, RelabelsAgainWhenTheJobChanged) {
  scrape("a 1\nb 1\n");
  RelabelConfig drop;
  drop.action = RelabelAction::kDrop;
  drop.source_labels = {"__name__"};
  drop.regex = *Regex::compile("b");
  config_.metric_relabel_configs = {drop};
  sampler_.forget_series();
  EXPECT_EQ(scrape("a 2\nb 2\n"),
            "# STALE b{instance=\"i\"} 2000\na{instance=\"i\"} 2 2000\n");
  EXPECT_EQ(synthetic("scrape_samples_scraped"), 2);
  EXPECT_EQ(synthetic("scrape_samples_post_metric_relabeling"), 1);
}

TEST_F(SamplerTest, AddsTheExtraSeriesWhereWanted) {
  config_.extra_scrape_metrics = true;
  config_.limits.samples = 7;
  ASSERT_TRUE(sampler_.take("a 1\n", Format::kText, 1000, Job(config_)));
  batch_ =
      sampler_.finish({.up = true, .timeout_seconds = 2.5, .body_bytes = 4},
                      1000, Job(config_));
  EXPECT_EQ(synthetic("scrape_timeout_seconds"), 2.5);
  EXPECT_EQ(synthetic("scrape_sample_limit"), 7);
  EXPECT_EQ(synthetic("scrape_body_size_bytes"), 4);
}

TEST_F(SamplerTest, EndsEverythingWhenTheTargetGoes) {
  scrape("a 1\nt 1 5\n");
  const Batch last = sampler_.finish_for_good(1500);
  EXPECT_TRUE(last.is_last);
  EXPECT_EQ(lines_of(last), "# STALE a{instance=\"i\"} 1500\n");
  EXPECT_EQ(lines_of(last, true),
            "# STALE scrape_duration_seconds{instance=\"i\"} 1500\n"
            "# STALE scrape_samples_post_metric_relabeling{instance=\"i\"} "
            "1500\n"
            "# STALE scrape_samples_scraped{instance=\"i\"} 1500\n"
            "# STALE scrape_series_added{instance=\"i\"} 1500\n"
            "# STALE up{instance=\"i\"} 1500\n");
}

TEST_F(SamplerTest, SendsMetadataWhenItChanges) {
  scrape("# HELP a text\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n");
  ASSERT_EQ(batch_.metadata.size(), 2U);
  scrape("# HELP a text\n# TYPE a counter\na 2\n# TYPE b gauge\nb 1\n");
  EXPECT_TRUE(batch_.metadata.empty());
  scrape("# HELP a other\n# TYPE a counter\na 2\n# TYPE b gauge\nb 1\n");
  ASSERT_EQ(batch_.metadata.size(), 1U);
  EXPECT_EQ(batch_.metadata[0].family, "a");
  EXPECT_EQ(batch_.metadata[0].type, "counter");
  EXPECT_EQ(batch_.metadata[0].help, "other");
}

TEST_F(SamplerTest, ReadsOpenMetrics) {
  EXPECT_EQ(
      scrape("# TYPE a counter\na_total 1 0.5\n# EOF\n", Format::kOpenMetrics),
      "a_total{instance=\"i\"} 1 500\n");
  EXPECT_EQ(scrape("a_total 1\n", Format::kOpenMetrics), "");
  EXPECT_FALSE(status_);
}

}  // namespace
}  // namespace prom::scrape
