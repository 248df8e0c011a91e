#include "libprom/discover/target.h"

#include <string>

#include <gtest/gtest.h>

#include "libprom/config/load.h"
#include "libprom/discover/output.h"

namespace prom::discover {
namespace {

// A job from the lines below `- job_name: j`.
config::ScrapeConfig job(const std::string& lines) {
  auto config = config::parse_prometheus(
      "scrape_configs:\n  - job_name: j\n" + lines, "/etc/p.yml",
      [](const std::string&) { return std::string(); });
  EXPECT_TRUE(config) << config::to_error(config.error()).message;
  return config ? config->scrape_configs.at(0) : config::ScrapeConfig{};
}

// The single target that the group makes, or why there is none.
std::string made(const config::ScrapeConfig& config, const Labels& target,
                 const Labels& group = {}) {
  const Labels discovered = discovered_labels(config, target, group);
  const auto relabelled = relabel(discovered, config.relabel_configs);
  if (!relabelled) return "dropped";
  const auto found = make_target(config, *relabelled, discovered);
  if (!found) return "invalid: " + found.error().message;
  return found->url + " " + found->labels.to_string() + " " +
         std::to_string(found->interval_ms) + "/" +
         std::to_string(found->timeout_ms);
}

TEST(DiscoveredLabels, AreTheTargetsThenTheGroupsThenTheJobs) {
  const config::ScrapeConfig config =
      job("    params: {a: [x, y], b: []}\n    scheme: https\n");
  const Labels labels = discovered_labels(
      config, {{"__address__", "h:1"}, {"env", "t"}, {"__param_a", "own"}},
      {{"env", "g"}, {"team", "g"}, {"__metrics_path__", "/m"}});
  EXPECT_EQ(labels.to_string(),
            R"({__address__="h:1", )"
            R"(__always_scrape_classic_histograms__="false", )"
            R"(__convert_classic_histograms_to_nhcb__="false", )"
            R"(__metrics_path__="/m", __param_a="own", __scheme__="https", )"
            R"(__scrape_interval__="1m", )"
            R"(__scrape_native_histograms__="false", )"
            R"(__scrape_timeout__="10s", env="t", job="j", team="g"})");
}

TEST(Target, IsMadeOfWhatRelabellingLeaves) {
  const Labels address{{"__address__", "h:1"}};
  const struct {
    std::string job, expected;
  } kCases[] = {
      {"", R"(http://h:1/metrics {instance="h:1", job="j"} 60000/10000)"},
      {"    metrics_path: m\n",
       R"(http://h:1/m {instance="h:1", job="j"} 60000/10000)"},
      {"    metrics_path: '/a b?c%'\n",
       R"(http://h:1/a%20b%3Fc%25 {instance="h:1", job="j"} 60000/10000)"},
      {"    params: {z: [1], a: ['x y', '&=']}\n",
       "http://h:1/metrics?a=x+y&a=%26%3D&z=1 "
       R"({instance="h:1", job="j"} 60000/10000)"},
      {"    relabel_configs: [{target_label: __param_z, replacement: q}]\n",
       R"(http://h:1/metrics?z=q {instance="h:1", job="j"} 60000/10000)"},
      {"    relabel_configs: [{target_label: instance, replacement: i}]\n",
       R"(http://h:1/metrics {instance="i", job="j"} 60000/10000)"},
      {"    relabel_configs: [{target_label: __address__, replacement: 'x'}]\n",
       R"(http://x/metrics {instance="x", job="j"} 60000/10000)"},
      {"    relabel_configs: [{target_label: __scrape_interval__, "
       "replacement: 20s}]\n",
       R"(http://h:1/metrics {instance="h:1", job="j"} 20000/10000)"},
      {"    relabel_configs: [{target_label: __scrape_timeout__, "
       "replacement: 2m}]\n",
       "invalid: scrape timeout cannot be greater than scrape interval "
       "(\"2m\" > \"1m\")"},
      {"    relabel_configs: [{target_label: __scrape_interval__, "
       "replacement: 0s}]\n",
       "invalid: scrape interval cannot be 0"},
      {"    relabel_configs: [{target_label: __scrape_interval__, "
       "replacement: x}]\n",
       "invalid: error parsing scrape interval: not a valid duration string: "
       "\"x\""},
      {"    relabel_configs: [{target_label: __scrape_native_histograms__, "
       "replacement: maybe}]\n",
       "invalid: error parsing scrape native histograms: invalid syntax "
       "\"maybe\""},
      {"    relabel_configs: [{target_label: __address__, replacement: ''}]\n",
       "invalid: no address"},
      {"    relabel_configs: [{target_label: __address__, "
       "replacement: 'a/b'}]\n",
       "invalid: \"a/b\" is not a valid hostname"},
      {"    relabel_configs: [{target_label: __address__, "
       "replacement: 'evil@h'}]\n",
       "invalid: \"evil@h\" is not a valid hostname"},
      {"    relabel_configs: [{action: labelkeep, regex: job}]\n",
       "invalid: no address"},
      {"    relabel_configs: [{action: drop, source_labels: [job], "
       "regex: j}]\n",
       "dropped"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(made(job(c.job), address), c.expected) << c.job;
  }
}

TEST(Target, LosesItsMetaLabels) {
  const config::ScrapeConfig config = job(
      "    relabel_configs: [{source_labels: [__meta_x], target_label: x}]\n");
  EXPECT_EQ(made(config, {{"__address__", "h"}, {"__meta_x", "1"}}),
            R"(http://h/metrics {instance="h", job="j", x="1"} 60000/10000)");
}

TEST(Target, MayBringItsOwnSocketAndSwitches) {
  const config::ScrapeConfig config =
      job("    scrape_native_histograms: true\n");
  const Labels discovered =
      discovered_labels(config,
                        {{"__address__", "h"},
                         {"__unix_socket__", "/run/x"},
                         {"__always_scrape_classic_histograms__", "T"},
                         {"__scrape_native_histograms__", "0"}},
                        {});
  const auto target = make_target(config, discovered, discovered);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->unix_socket, "/run/x");
  EXPECT_TRUE(target->always_scrape_classic_histograms);
  EXPECT_FALSE(target->scrape_native_histograms);
  EXPECT_FALSE(target->convert_classic_histograms_to_nhcb);
}

TEST(BuildTargets, SortsAndRemovesTheSameTargets) {
  const config::ScrapeConfig config =
      job("    relabel_configs: [{action: drop, source_labels: [__address__], "
          "regex: 'd.*'}]\n");
  const config::TargetGroup one{
      .source = "one",
      .targets = {{{"__address__", "b"}}, {{"__address__", "a"}}},
      .labels = {}};
  const config::TargetGroup two{.source = "two",
                                .targets = {{{"__address__", "a"}},
                                            {{"__address__", "d"}},
                                            {{"__address__", "x/y"}},
                                            {}},
                                .labels = {}};
  const BuiltSet built = build_targets(config, {&one, &two});
  ASSERT_EQ(built.set.targets.size(), 2U);
  EXPECT_EQ(built.set.targets[0].url, "http://a/metrics");
  EXPECT_EQ(built.set.targets[1].url, "http://b/metrics");
  EXPECT_EQ(built.set.dropped, 1U);
  EXPECT_EQ(built.invalid, 2U);
  EXPECT_EQ(built.first_error,
            "instance 2 in group two: \"x/y\" is not a valid hostname");
}

TEST(FileSd, HoldsWhatAnotherPrometheusNeedsToScrapeTheSame) {
  config::TargetSet set{.job = "j", .targets = {}};
  set.targets.push_back({.url = "https://h:1/a%20b?x=1+2&y=%26&x=3",
                         .labels = {{"instance", "h:1"}, {"job", "j"}},
                         .interval_ms = 15'000,
                         .timeout_ms = 5'000,
                         .unix_socket = "/run/x"});
  EXPECT_EQ(to_file_sd({set}),
            R"([{"targets":["h:1"],"labels":{"__metrics_path__":"/a b",)"
            R"("__param_x":"1 2","__param_y":"&","__scheme__":"https",)"
            R"("__scrape_interval__":"15s","__scrape_timeout__":"5s",)"
            R"("__unix_socket__":"/run/x","instance":"h:1","job":"j"}}])"
            "\n");
}

}  // namespace
}  // namespace prom::discover
