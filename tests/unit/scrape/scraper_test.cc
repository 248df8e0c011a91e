// The scraper against peers on loopback, in real time.
#include "libprom/scrape/scraper.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "libprom/model/sample.h"

#include "tests/support/test_server.h"

namespace prom::scrape {
namespace {

using test::Peer;
using test::TestServer;

class ScraperTest : public testing::Test {
 protected:
  void start(Scraper::Options options = {.count = 1}) {
    scraper_.emplace(
        std::move(options), os::real_clock(), metrics_,
        [this](Batch batch) { batches_.push_back(std::move(batch)); },
        [this](const Outcome& outcome) {
          errors_.push_back(outcome.error == nullptr ? Error{Code::kNo, "ok"}
                                                     : *outcome.error);
        });
    config_.job_name = "j";
    if (config_.scrape_interval_ms == 0) config_.scrape_interval_ms = 5000;
    if (config_.scrape_timeout_ms == 0) config_.scrape_timeout_ms = 5000;
    if (config_.scrape_protocols.empty())
      config_.scrape_protocols = {config::ScrapeProtocol::kPrometheusText004};
    scraper_->set_jobs({std::make_shared<const Job>(config_)});
  }
  static config::Target target(const std::string& url) {
    return {.url = url, .labels = {{"job", "j"}, {"instance", url}}};
  }
  void set_targets(std::vector<config::Target> targets) {
    ASSERT_TRUE(
        scraper_->set_targets({.job = "j", .targets = std::move(targets)}));
  }
  void run_to_the_end() {
    while (!scraper_->finished()) scraper_->turn(1000, {});
  }
  // The value of `name` for `url` in the last batch that has it.
  double value(std::string_view name, const std::string& url) const {
    double found = wire::absent();
    for (const Batch& batch : batches_)
      for (std::size_t i = 0; i < batch.columns->size(); ++i)
        if ((*batch.columns)[i].metric_name() == name &&
            (*batch.columns)[i].get("instance") == url)
          found = batch.row.values[i];
    return found;
  }

  config::ScrapeConfig config_;
  Metrics metrics_;
  std::vector<Batch> batches_;
  std::vector<Error> errors_;
  std::optional<Scraper> scraper_;
};

TEST_F(ScraperTest, ScrapesManyTargetsAtOnce) {
  std::vector<std::unique_ptr<TestServer>> servers;
  std::vector<config::Target> targets;
  for (int i = 0; i < 20; ++i) {
    servers.push_back(
        std::make_unique<TestServer>("m " + std::to_string(i) + "\n"));
    targets.push_back(target(servers.back()->url()));
  }
  start();
  set_targets(targets);
  run_to_the_end();
  EXPECT_EQ(batches_.size(), 20U);
  for (int i = 0; i < 20; ++i) {
    const std::string url = targets[static_cast<std::size_t>(i)].url;
    EXPECT_EQ(value("m", url), i);
    EXPECT_EQ(value("up", url), 1);
  }
  EXPECT_EQ(scraper_->scrapes_good(), 20U);
}

TEST_F(ScraperTest, SaysUpZeroWithTheReason) {
  struct Case {
    TestServer::Script script;
    std::string reason;
    Code code;
  };
  const auto answer = [](std::string status, std::string headers,
                         std::string body) {
    return [=](Peer& peer) {
      peer.read_request();
      peer.answer(status, headers, body);
    };
  };
  const std::string text = "Content-Type: text/plain\r\n";
  const std::vector<Case> cases = {
      {answer("503 Sorry", text, "m 1\n"),
       "server returned HTTP status 503 Sorry", Code::kUnavailable},
      {answer("204 No Content", text, ""),
       "server returned HTTP status 204 No Content", Code::kUnavailable},
      {answer("200 OK", "Content-Type: text/html\r\n", "m 1\n"),
       "fallback_scrape_protocol", Code::kBadData},
      {answer("200 OK", text, "m 1\nm{ 2\n"), "", Code::kBadData},
      {answer("200 OK", text, "m{a=\"\xff\"} 1\n"), "UTF-8", Code::kBadData},
      {answer("302 Found", "Location: http://169.254.169.254/\r\n", ""),
       "169.254.169.254 is not allowed", Code::kPermission},
      {answer("200 OK", text + "Content-Encoding: gzip\r\n", "not gzip"), "",
       Code::kBadData},
      {[](Peer& peer) { peer.wait_for_close(); }, "within 300 ms",
       Code::kTimeout},
  };
  config_.scrape_timeout_ms = 300;
  std::vector<std::unique_ptr<TestServer>> servers;
  for (const auto& [script, reason, code] : cases) {
    servers.push_back(std::make_unique<TestServer>(script));
    const std::string url = servers.back()->url();
    errors_.clear();
    start();
    set_targets({target(url)});
    run_to_the_end();
    ASSERT_EQ(errors_.size(), 1U) << reason;
    EXPECT_EQ(errors_[0].code, code) << errors_[0].message;
    EXPECT_NE(errors_[0].message.find(reason), std::string::npos)
        << errors_[0].message;
    EXPECT_EQ(value("up", url), 0) << reason;
    EXPECT_TRUE(wire::is_absent(value("m", url))) << reason;
  }
}

TEST_F(ScraperTest, SendsUpstreamsHeaders) {
  std::string request;
  TestServer server([&](Peer& peer) {
    request = peer.read_request();
    peer.answer("200 OK", "Content-Type: text/plain\r\n", "m 1\n");
  });
  config_.scrape_timeout_ms = 2500;
  config_.enable_compression = false;
  start();
  set_targets({target(server.url("/p?a=b"))});
  run_to_the_end();
  EXPECT_TRUE(request.starts_with("GET /p?a=b HTTP/1.1\r\n")) << request;
  for (const std::string_view header :
       {"Accept: text/plain;version=0.0.4;q=0.6,*/*;q=0.5\r\n",
        "Accept-Encoding: identity\r\n", "User-Agent: Prometheus/",
        "X-Prometheus-Scrape-Timeout-Seconds: 2.5\r\n"})
    EXPECT_NE(request.find(header), std::string::npos) << request;
}

TEST_F(ScraperTest, FailsEveryTargetOfAJobThatHasTooMany) {
  TestServer a("m 1\n");
  TestServer b("m 1\n");
  config_.limits.targets = 1;
  start();
  set_targets({target(a.url()), target(b.url())});
  run_to_the_end();
  EXPECT_EQ(value("up", a.url()), 0);
  EXPECT_EQ(value("up", b.url()), 0);
  EXPECT_EQ(a.connections(), 0U);
  ASSERT_EQ(errors_.size(), 2U);
  EXPECT_EQ(errors_[0].message, "target_limit exceeded: 2 of at most 1");
}

TEST_F(ScraperTest, DealsWithLargeBodiesBesideTheLoop) {
  std::string large;
  while (large.size() < 5'000'000)
    large += "m{i=\"" + std::to_string(large.size()) + "\"} 1\n";
  TestServer server(large);
  start({.count = 2});
  config_.scrape_interval_ms = 5000;
  set_targets({target(server.url())});
  while (batches_.empty()) scraper_->turn(1000, {});
  EXPECT_EQ(value("up", server.url()), 1);
  EXPECT_GT(value("scrape_samples_scraped", server.url()), 100'000);
}

TEST_F(ScraperTest, ScrapesAgainAfterTheInterval) {
  TestServer server("m 1\n");
  config_.scrape_interval_ms = 500;
  config_.scrape_timeout_ms = 500;
  start({.count = 3});
  set_targets({target(server.url())});
  run_to_the_end();
  ASSERT_EQ(batches_.size(), 3U);
  for (std::size_t i = 1; i < batches_.size(); ++i) {
    EXPECT_GT(batches_[i].row.t_ms, batches_[i - 1].row.t_ms);
    EXPECT_GT(batches_[i].row.sequence, batches_[i - 1].row.sequence);
    EXPECT_EQ(batches_[i].row.source, batches_[0].row.source);
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ScraperTest, MarksATargetStaleThatDoesNotComeBack) {
  TestServer server("m 1\n");
  config_.scrape_interval_ms = 500;
  config_.scrape_timeout_ms = 500;
  start({.count = 0});
  set_targets({target(server.url())});
  while (batches_.empty()) scraper_->turn(1000, {});
  set_targets({});
  const std::size_t before = batches_.size();
  while (scraper_->target_count() > 0) scraper_->turn(1000, {});
  ASSERT_GT(batches_.size(), before);
  EXPECT_TRUE(batches_.back().is_last);
  EXPECT_TRUE(is_stale_nan(value("up", server.url())));
  EXPECT_TRUE(is_stale_nan(value("m", server.url())));
}

TEST_F(ScraperTest, KeepsATargetThatComesBackInTime) {
  TestServer server("m 1\n");
  config_.scrape_interval_ms = 500;
  config_.scrape_timeout_ms = 500;
  start({.count = 0});
  set_targets({target(server.url())});
  while (batches_.empty()) scraper_->turn(1000, {});
  set_targets({});
  set_targets({target(server.url())});
  const std::size_t before = batches_.size();
  while (batches_.size() < before + 3) scraper_->turn(1000, {});
  for (const Batch& batch : batches_) EXPECT_FALSE(batch.is_last);
  EXPECT_EQ(value("scrape_series_added", server.url()), 0);
}

TEST_F(ScraperTest, EndsTheTargetsOfAJobThatIsGone) {
  TestServer server("m 1\n");
  config_.scrape_interval_ms = 500;
  config_.scrape_timeout_ms = 500;
  start({.count = 0});
  set_targets({target(server.url())});
  while (batches_.empty()) scraper_->turn(1000, {});
  scraper_->set_jobs({});
  while (scraper_->target_count() > 0) scraper_->turn(1000, {});
  EXPECT_TRUE(is_stale_nan(value("m", server.url())));
  EXPECT_FALSE(scraper_->set_targets({.job = "j", .targets = {}}));
}

TEST_F(ScraperTest, ReadsFilesBelowTheirDirectoryOnly) {
  char directory[] = "/tmp/prom-scraper-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string base = directory;
  std::filesystem::create_directory(base + "/run");
  std::ofstream(base + "/run/a.prom") << "m 1\n";
  std::ofstream(base + "/secret.prom") << "m 2\n";
  std::filesystem::create_symlink(base + "/secret.prom", base + "/run/b.prom");
  start({.count = 1, .file_directory = base + "/run"});
  const std::string good = "file://" + base + "/run/a.prom";
  const std::vector<std::string> bad = {
      "file://" + base + "/secret.prom",
      "file://" + base + "/run/../secret.prom",
      "file://" + base + "/run/b.prom", "file://" + base + "/run/none.prom"};
  std::vector<config::Target> targets = {target(good)};
  for (const std::string& url : bad) targets.push_back(target(url));
  set_targets(targets);
  run_to_the_end();
  EXPECT_EQ(value("m", good), 1);
  for (const std::string& url : bad) EXPECT_EQ(value("up", url), 0) << url;
  std::filesystem::remove_all(base);
}

}  // namespace
}  // namespace prom::scrape
