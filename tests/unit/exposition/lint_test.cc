#include "libprom/exposition/lint.h"

#include <gtest/gtest.h>

namespace prom::exposition {
namespace {

std::string lint_text(std::string_view body, Format format = Format::kText) {
  const auto report = lint(body, format);
  if (!report) return "error: " + report.error().message;
  std::string text;
  for (const LintFinding& finding : report->findings)
    text += finding.family + ": " + finding.text + "\n";
  return text;
}

// A family with help, a type and one sample.
std::string family(const std::string& name, const std::string& type,
                   const std::string& labels = "") {
  return "# HELP " + name + " It.\n# TYPE " + name + " " + type + "\n" + name +
         labels + " 1\n";
}

TEST(Lint, FindsNothingInGoodMetrics) {
  EXPECT_EQ(lint_text(family("http_requests_total", "counter") +
                      family("queue_size", "gauge") +
                      "# HELP latency_seconds How long.\n"
                      "# TYPE latency_seconds histogram\n"
                      "latency_seconds_bucket{le=\"1\"} 1\n"
                      "latency_seconds_bucket{le=\"+Inf\"} 1\n"
                      "latency_seconds_sum 1\nlatency_seconds_count 1\n"
                      "# HELP size_bytes How large.\n"
                      "# TYPE size_bytes summary\n"
                      "size_bytes{quantile=\"0.5\"} 1\n"
                      "size_bytes_sum 1\nsize_bytes_count 1\n"),
            "");
  EXPECT_EQ(lint_text("# HELP requests It.\n# TYPE requests counter\n"
                      "requests_total 1\nrequests_created 1\n# EOF\n",
                      Format::kOpenMetrics),
            "");
}

TEST(Lint, FindsWhatIsHardToUse) {
  struct Case {
    std::string body, finding;
  };
  for (const auto& [body, finding] : std::vector<Case>{
           {"# TYPE a gauge\na 1\n", "a: there is no HELP\n"},
           {family("a", "counter"), "a: a counter's name ends in _total\n"},
           {family("a_total", "gauge"),
            "a_total: only a counter's name ends in _total\n"},
           {family("a_milliseconds", "gauge"),
            "a_milliseconds: the base unit is seconds, not milliseconds\n"},
           {family("a_yards", "gauge"),
            "a_yards: the base unit is meters, not yards\n"},
           {family("a_kilometers_run", "gauge"),
            "a_kilometers_run: the base unit is meters, not kilometers\n"},
           {family("a_gauge_x", "gauge"),
            "a_gauge_x: the name says the type, gauge\n"},
           {family("a:b", "gauge"), "a:b: colons are for recording rules\n"},
           {family("aB", "gauge"),
            "aB: the name is in camelCase, not in snake_case\n"},
           {family("a", "gauge", "{bC=\"1\"}"),
            "a: the label bC is in camelCase, not in snake_case\n"},
           {family("a_ms", "gauge"),
            "a_ms: the name has a unit that is abbreviated\n"},
           {family("a_bucket", "gauge"),
            "a_bucket: only histograms have names in _bucket\n"},
           {family("a_sum", "gauge"),
            "a_sum: only histograms and summaries have names in _sum\n"},
           {family("a", "gauge", "{le=\"1\"}"),
            "a: only histograms have the label le\n"},
           {family("a", "gauge", "{quantile=\"1\"}"),
            "a: only summaries have the label quantile\n"},
           {family("a", "gauge") + "a 2\n",
            "a: the same series stands there twice\n"}}) {
    EXPECT_EQ(lint_text(body), finding) << body;
  }
}

TEST(Lint, KnowsNothingOfWhatHasNoType) {
  EXPECT_EQ(lint_text("# HELP a_total It.\na_total{le=\"1\"} 1\n"), "");
  EXPECT_EQ(lint_text(family("a_total", "untyped")), "");
}

TEST(Lint, CountsTheSeriesOfAFamily) {
  const auto report = lint(
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n"
      "h_sum 1\nh_count 1\nb 1\n",
      Format::kText);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->series,
            (std::map<std::string, std::uint64_t>{{"b", 1}, {"h", 4}}));
}

TEST(Lint, SaysWhereTextDoesNotParse) {
  EXPECT_TRUE(lint_text("a 1\nb\n").starts_with("error: 2:"));
}

}  // namespace
}  // namespace prom::exposition
