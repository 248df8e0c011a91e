#include "libprom/discover/source.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "libprom/discover/job.h"
#include "libprom/http/server.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

http::ServerResponse reply(int status, const std::string& type,
                           const std::string& body) {
  http::ServerResponse response;
  response.status = status;
  response.content_type = type;
  response.body = body;
  return response;
}

class SourceTest : public testing::Test {
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
    for (const auto& [origin, groups] : source.found()) {
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

  FakeClock clock_;
  Metrics metrics_;
  http::Client client_;
  Surroundings surroundings_{client_, clock_, metrics_};
  TemporaryDirectory directory_;
};

TEST_F(SourceTest, FilesAreReadByPattern) {
  write("a.json", R"([{"targets":["a"],"labels":{"x":"1"}},{"targets":[]}])");
  write("b.yml", "- targets: [b]\n");
  write("c.txt", "- targets: [c]\n");
  const auto source = make_file_source(
      {.files = {path("*.json"), path("*.yml")}, .refresh_interval_ms = 1000},
      surroundings_);
  EXPECT_FALSE(source->is_settled());
  source->refresh();
  EXPECT_TRUE(source->is_settled());
  EXPECT_EQ(found(*source), "a.json,a b.yml,b");
  EXPECT_EQ(source->failure(), "");
  EXPECT_EQ(source->due_ns(), 1'000'000'000);
  const config::TargetGroup& group = source->found().at(path("a.json")).front();
  EXPECT_EQ(group.source, path("a.json") + ":0");
  EXPECT_EQ(group.labels.get("__meta_filepath"), path("a.json"));
}

TEST_F(SourceTest, ABadFileKeepsItsTargets) {
  write("a.json", R"([{"targets":["a"]}])");
  write("b.json", R"([{"targets":["b"]}])");
  const auto source =
      make_file_source({.files = {path("*.json")}}, surroundings_);
  source->refresh();
  for (const char* text :
       {"", "[", "{}", "[null]", R"([{"targets":[1]}])", R"([{"x":1}])",
        R"([{"targets":["a"],"labels":{"x":1}}])", R"(["a"])",
        R"([{"targets":{}}])"}) {
    write("a.json", text);
    source->refresh();
    EXPECT_EQ(found(*source), "a.json,a b.json,b") << text;
    EXPECT_NE(source->failure(), "") << text;
  }
  write("a.json", R"([{"targets":["new"]}])");
  source->refresh();
  EXPECT_EQ(found(*source), "a.json,new b.json,b");
  EXPECT_EQ(source->failure(), "");
  ASSERT_EQ(::unlink(path("b.json").c_str()), 0);
  source->refresh();
  EXPECT_EQ(found(*source), "a.json,new");
}

TEST_F(SourceTest, AReloadInABadMomentLosesNothing) {
  write("a.json", R"([{"targets":["a"]}])");
  const auto before =
      make_file_source({.files = {path("*.json")}}, surroundings_);
  before->refresh();
  write("a.json", "[");
  const auto after =
      make_file_source({.files = {path("a.json")}}, surroundings_);
  after->adopt(before->found());
  after->refresh();
  EXPECT_EQ(found(*after), "a.json,a");
  const auto elsewhere =
      make_file_source({.files = {path("other.json")}}, surroundings_);
  elsewhere->adopt(before->found());
  elsewhere->refresh();
  EXPECT_EQ(found(*elsewhere), "");
}

class HttpSourceTest : public SourceTest {
 protected:
  void serve(http::ServerResponse response) {
    auto server = http::Server::start(
        {.listen = "127.0.0.1:0"},
        [response](const http::ServerRequest& request) {
          if (request.header("x-prometheus-refresh-interval-seconds") != "1.5")
            return reply(400, "", "");
          return response;
        });
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    config_.url = "http://user:pw@" + server_->address() + "/sd";
    config_.refresh_interval_ms = 1500;
  }
  void settle(Source& source) {
    source.refresh();
    while (client_.active() > 0) client_.perform(1000);
  }

  std::unique_ptr<http::Server> server_;
  config::HttpSdConfig config_;
};

TEST_F(HttpSourceTest, TargetsComeAsJson) {
  serve(reply(200, "Application/JSON; charset=\"utf-8\"",
              R"([{"targets":["a","b"],"labels":{"x":"1"}}])"));
  const auto source = make_http_source(config_, surroundings_);
  settle(*source);
  EXPECT_EQ(source->failure(), "");
  EXPECT_EQ(found(*source), "server,a,b");
  const config::TargetGroup& group = source->found().begin()->second.front();
  EXPECT_EQ(group.labels.get("__meta_url"),
            "http://" + server_->address() + "/sd");
  EXPECT_EQ(group.source.find("pw"), std::string::npos);
}

TEST_F(HttpSourceTest, AFailureKeepsTheTargetsAndNamesNoPassword) {
  serve(reply(200, "application/json", R"([{"targets":["a"]}])"));
  const auto good = make_http_source(config_, surroundings_);
  settle(*good);
  const struct {
    http::ServerResponse response;
    std::string reason;
  } kCases[] = {
      {reply(500, "", ""), "server returned HTTP status 500"},
      {reply(200, "text/html", "[]"), "unsupported content type \"text/html\""},
      {reply(200, "application/json", "["), "invalid JSON"},
      {reply(200, "application/json", "{}"), "expected a list of groups"},
  };
  for (const auto& c : kCases) {
    const std::string url = config_.url;
    serve(c.response);
    const auto source = make_http_source(config_, surroundings_);
    Source::Found before;
    before[config_.url] = good->found().begin()->second;
    source->adopt(before);
    settle(*source);
    EXPECT_NE(source->failure().find(c.reason), std::string::npos)
        << source->failure();
    EXPECT_EQ(source->failure().find("pw"), std::string::npos);
    EXPECT_EQ(found(*source), "server,a");
  }
}

TEST_F(SourceTest, AJobJoinsItsSources) {
  write("a.json", R"([{"targets":["f"]}])");
  config::ScrapeConfig config;
  config.job_name = "j";
  config.scrape_interval_ms = 60'000;
  config.scrape_timeout_ms = 10'000;
  config.discovery.static_groups = {
      {.source = "0", .targets = {{{"__address__", "s"}}}, .labels = {}}};
  config.discovery.files = {{.files = {path("a.json")}}};
  Job job(config, surroundings_);
  EXPECT_FALSE(job.is_settled());
  job.refresh(clock_.monotonic_ns());
  EXPECT_TRUE(job.is_settled());
  const BuiltSet built = job.build();
  ASSERT_EQ(built.set.targets.size(), 2U);
  EXPECT_EQ(built.set.targets[0].url, "http://f/metrics");
  EXPECT_EQ(built.set.targets[1].url, "http://s/metrics");
  EXPECT_TRUE(job.failures().empty());
  write("a.json", "[");
  clock_.advance_ms(3'600'000);
  const std::uint64_t generation = job.generation();
  job.refresh(clock_.monotonic_ns());
  EXPECT_NE(job.generation(), generation);
  EXPECT_EQ(job.failures().size(), 1U);
  EXPECT_EQ(job.build().set.targets.size(), 2U);
}

}  // namespace
}  // namespace prom::discover
