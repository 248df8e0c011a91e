#include "libprom/scrape/target_status.h"

#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "libprom/scrape/targets_page.h"

namespace prom::scrape {
namespace {

TargetsSnapshot example() {
  return {.jobs = {{.name = "a", .dropped = 2}, {.name = "b", .dropped = 0}},
          .targets = {{.job = "a",
                       .url = "http://x/metrics",
                       .labels = {{"instance", "x"}, {"job", "a"}},
                       .discovered = {{"__address__", "x"}},
                       .health = Health::kDown,
                       .last_error = "no \"answer\"",
                       .last_scrape_ms = 1'700'000'000'123,
                       .duration_seconds = 0.25,
                       .samples = 7,
                       .next_scrape_ms = 1'700'000'015'000,
                       .interval_ms = 15'000,
                       .timeout_ms = 10'000},
                      {.job = "b", .url = "http://y/"}},
          .dropped = {{.job = "a", .discovered = {{"__address__", "z"}}}}};
}

TEST(TargetStatus, IsWrittenAsTheApiAnswers) {
  EXPECT_EQ(
      to_json(example(), {.job = "a"}),
      R"({"status":"success","data":{"activeTargets":[{"discoveredLabels":)"
      R"({"__address__":"x"},"labels":{"instance":"x","job":"a"},)"
      R"("scrapePool":"a","scrapeUrl":"http://x/metrics",)"
      R"("globalUrl":"http://x/metrics","lastError":"no \"answer\"",)"
      R"("lastScrape":"2023-11-14T22:13:20.123Z","lastScrapeDuration":0.25,)"
      R"("lastScrapeSamples":7,"health":"down","scrapeInterval":"15s",)"
      R"("scrapeTimeout":"10s","nextScrape":"2023-11-14T22:13:35Z"}],)"
      R"("droppedTargets":[{"discoveredLabels":{"__address__":"z"},)"
      R"("scrapePool":"a"}],"droppedTargetCounts":{"a":2}}})"
      "\n");
}

TEST(TargetStatus, LeavesOutWhatIsNotWanted) {
  EXPECT_EQ(to_json(example(), {.active = false, .dropped = false}),
            R"({"status":"success","data":{"activeTargets":[],)"
            R"("droppedTargets":[],"droppedTargetCounts":{}}})"
            "\n");
  const std::string b = to_json(example(), {.dropped = false, .job = "b"});
  EXPECT_NE(b.find(R"("lastScrape":"0001-01-01T00:00:00Z")"), std::string::npos)
      << b;
  EXPECT_NE(b.find(R"("health":"unknown")"), std::string::npos) << b;
}

http::ServerRequest get(const std::string& path) {
  http::ServerRequest request;
  request.method = "GET";
  request.path = path;
  return request;
}

// Asks from a thread of its own, as the server does.
http::ServerResponse ask(TargetsPage& page,
                         const http::ServerRequest& request) {
  std::promise<http::ServerResponse> answer;
  auto answered = answer.get_future();
  const std::jthread asks([&] { answer.set_value(page.answer(request)); });
  while (answered.wait_for(std::chrono::milliseconds(1)) !=
         std::future_status::ready)
    page.serve(example);
  return answered.get();
}

TEST(TargetsPage, AnswersWithASnapshotOfTheThreadThatScrapes) {
  TargetsPage page;
  EXPECT_EQ(ask(page, get("/api/v1/targets")).body, to_json(example(), {}));
  auto filtered = get("/api/v1/targets");
  filtered.query = {{"state", "Dropped"}, {"scrapePool", "a"}};
  EXPECT_EQ(ask(page, filtered).body,
            to_json(example(), {.active = false, .job = "a"}));
  EXPECT_EQ(ask(page, get("/api/v1/scrape_pools")).body,
            R"({"status":"success","data":{"scrapePools":["a","b"]}})"
            "\n");
}

TEST(TargetsPage, RefusesOtherPathsAndMethods) {
  TargetsPage page;
  EXPECT_EQ(page.answer(get("/api/v1/query")).status, 404);
  auto post = get("/api/v1/targets");
  post.method = "POST";
  EXPECT_EQ(page.answer(post).status, 405);
}

}  // namespace
}  // namespace prom::scrape
