#include "libprom/discover/source.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "libprom/config/sd/file.h"
#include "libprom/config/sd/http.h"
#include "libprom/config/sd/static.h"
#include "libprom/discover/job.h"

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

class SourceTest : public SdTest {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }

  // "name:address,address …" of everything found.
  [[nodiscard]] std::string found(const Source& source) const {
    std::string out;
    for (const auto& [origin, groups] : source.findings().places()) {
      if (!out.empty()) out += ' ';
      out += origin.starts_with(directory_.path())
                 ? origin.substr(directory_.path().size() + 1)
                 : "server";
      for (const config::TargetGroup& group : groups) {
        for (const Labels& target : group.targets)
          out += "," + std::string(target.get("__address__"));
      }
    }
    return out;
  }

  [[nodiscard]] config::FileSdConfig files(
      const std::vector<std::string>& patterns) const {
    config::FileSdConfig config;
    for (const std::string& pattern : patterns)
      config.files.push_back(path(pattern));
    return config;
  }

  TemporaryDirectory directory_;
};

TEST_F(SourceTest, FilesAreReadByPattern) {
  write("a.json", R"([{"targets":["a"],"labels":{"x":"1"}},{"targets":[]}])");
  write("b.yml", "- targets: [b]\n");
  write("c.txt", "- targets: [c]\n");
  const Source& source = begin(files({"*.json", "*.yml"}));
  EXPECT_TRUE(source.findings().is_settled());
  EXPECT_EQ(found(source), "a.json,a b.yml,b");
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(async_.due_ns(), 300'000 * kMillisecondNs);
  const config::TargetGroup& group =
      source.findings().places().at(path("a.json")).front();
  EXPECT_EQ(group.source, path("a.json") + ":0");
  EXPECT_EQ(print(source), "a {__meta_filepath=\"" + path("a.json") +
                               "\", x=\"1\"}\nb {__meta_filepath=\"" +
                               path("b.yml") + "\"}\n");
}

TEST_F(SourceTest, ABadFileKeepsItsTargets) {
  write("a.json", R"([{"targets":["a"]}])");
  write("b.json", R"([{"targets":["b"]}])");
  const Source& source = begin(files({"*.json"}));
  for (const char* text :
       {"", "[", "{}", "[null]", R"([{"targets":[1]}])", R"([{"x":1}])",
        R"([{"targets":["a"],"labels":{"x":1}}])", R"(["a"])",
        R"([{"targets":{}}])"}) {
    write("a.json", text);
    async_.run_ready();
    EXPECT_EQ(found(source), "a.json,a b.json,b") << text;
    EXPECT_NE(source.findings().failure(), "") << text;
  }
  write("a.json", R"([{"targets":["new"]}])");
  async_.run_ready();
  EXPECT_EQ(found(source), "a.json,new b.json,b");
  EXPECT_EQ(source.findings().failure(), "");
  ASSERT_EQ(::unlink(path("b.json").c_str()), 0);
  async_.run_ready();
  EXPECT_EQ(found(source), "a.json,new");
}

TEST_F(SourceTest, AReloadInABadMomentLosesNothing) {
  write("a.json", R"([{"targets":["a"]}])");
  const Source& before = begin(files({"*.json"}));
  write("a.json", "[");
  const auto after = [&](const std::string& pattern) {
    Source source(make_mechanism(files({pattern}), around_), around_);
    source.adopt(before);
    source.start();
    return found(source);
  };
  EXPECT_EQ(after("a.json"), "a.json,a");
  EXPECT_EQ(after("other.json"), "");
}

class HttpSourceTest : public SourceTest {
 protected:
  HttpSourceTest() {
    config_.url = "http://user:pw@" + api_.address() + "/sd";
    config_.refresh_interval_ms = 1500;
  }

  config::HttpSdConfig config_;
};

TEST_F(HttpSourceTest, TargetsComeAsJson) {
  api_.answer("GET /sd", R"([{"targets":["a","b"],"labels":{"x":"1"}}])", 200,
              "Application/JSON; charset=\"utf-8\"");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source), "a {__meta_url=\"" + api_.url() +
                               "/sd\", x=\"1\"}\nb {__meta_url=\"" +
                               api_.url() + "/sd\", x=\"1\"}\n");
  EXPECT_EQ(
      api_.last("GET /sd").header("x-prometheus-refresh-interval-seconds"),
      "1.5");
  const auto& [place, groups] = *source.findings().places().begin();
  EXPECT_EQ(groups.front().source.find("pw"), std::string::npos);
  EXPECT_EQ(place.find("pw"), std::string::npos);
}

TEST_F(HttpSourceTest, AFailureKeepsTheTargetsAndNamesNoPassword) {
  api_.answer("GET /sd", R"([{"targets":["a"]}])");
  Source& good = begin(config_);
  settle(good);
  const struct {
    int status;
    std::string type, body, reason;
  } kCases[] = {
      {500, "", "", "server returned HTTP status 500"},
      {200, "text/html", "[]", "unsupported content type \"text/html\""},
      {200, "application/json", "[", "invalid JSON"},
      {200, "application/json", "{}", "expected a list of groups"},
  };
  for (const auto& c : kCases) {
    api_.answer("GET /sd", c.body, c.status, c.type);
    Source source(make_mechanism(config_, around_), around_);
    source.adopt(good);
    EXPECT_TRUE(source.findings().is_settled());
    source.start();
    turn_until([&] { return !source.findings().failure().empty(); });
    EXPECT_NE(source.findings().failure().find(c.reason), std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(source.findings().failure().find("pw"), std::string::npos);
    EXPECT_EQ(found(source), "server,a");
  }
}

TEST_F(HttpSourceTest, ALabelBombKeepsTheTargets) {
  api_.answer("GET /sd", R"([{"targets":["a"]}])");
  Source& source = begin(config_);
  settle(source);
  std::string targets = "\"b\"";
  for (int i = 0; i < 20'000; ++i) targets += ",\"b\"";
  api_.answer("GET /sd", R"([{"targets":[)" + targets + R"(],"labels":{"x":")" +
                             std::string(10'000, 'x') + "\"}}]");
  pass_and_look(1500);
  EXPECT_EQ(found(source), "server,a");
  EXPECT_NE(source.findings().failure().find(
                "the labels of all targets take more than 134217728 bytes"),
            std::string::npos)
      << source.findings().failure();
}

TEST_F(HttpSourceTest, AsksAgainAfterTheInterval) {
  api_.answer("GET /sd", R"([{"targets":["a"]}])");
  Source& source = begin(config_);
  settle(source);
  api_.answer("GET /sd", R"([{"targets":["b"]}])");
  pass_and_look(1499);
  EXPECT_EQ(found(source), "server,a");
  pass_and_look(1);
  EXPECT_EQ(found(source), "server,b");
}

TEST_F(HttpSourceTest, EndsWhileAnAnswerIsAwaited) {
  Source source(make_mechanism(config_, around_), around_);
  source.start();
  EXPECT_EQ(client_.active(), 1U);
  {
    Source other(make_mechanism(config_, around_), around_);
    other.start();
    EXPECT_EQ(client_.active(), 2U);
  }
  EXPECT_EQ(client_.active(), 1U);
}

TEST_F(SourceTest, AJobJoinsItsSources) {
  write("a.json", R"([{"targets":["f"]}])");
  config::ScrapeConfig config;
  config.job_name = "j";
  config.scrape_interval_ms = 60'000;
  config.scrape_timeout_ms = 10'000;
  auto fixed = std::make_shared<config::StaticSdConfig>();
  fixed->groups = {
      {.source = "0", .targets = {{{"__address__", "s"}}}, .labels = {}}};
  config.discovery.mechanisms = {
      fixed, std::make_shared<config::FileSdConfig>(files({"a.json"}))};
  Job job(config, around_);
  EXPECT_FALSE(job.is_settled());
  job.start();
  EXPECT_TRUE(job.is_settled());
  const BuiltSet built = job.build();
  ASSERT_EQ(built.set.targets.size(), 2U);
  EXPECT_EQ(built.set.targets[0].url, "http://f/metrics");
  EXPECT_EQ(built.set.targets[1].url, "http://s/metrics");
  EXPECT_TRUE(job.failures().empty());
  write("a.json", "[");
  clock_.advance_ms(3'600'000);
  const std::uint64_t generation = job.generation();
  async_.run_ready();
  EXPECT_NE(job.generation(), generation);
  EXPECT_EQ(job.failures().size(), 1U);
  EXPECT_EQ(job.build().set.targets.size(), 2U);
}

}  // namespace
}  // namespace prom::discover
