#include "libprom/exposition/convert.h"

#include <gtest/gtest.h>

namespace prom::exposition {
namespace {

std::string converted(std::string_view body, Format from, Format to) {
  const auto text = convert(body, from, to, 7000);
  return text ? *text : "error: " + text.error().message;
}

constexpr std::string_view kTextForm =
    "# HELP a_total It.\n# TYPE a_total counter\na_total{b=\"c\"} 1 1500\n"
    "# TYPE g gauge\ng 2\n";
constexpr std::string_view kOpenForm =
    "# HELP a It.\n# TYPE a counter\na_total{b=\"c\"} 1.0 1.5\n"
    "# TYPE g gauge\ng 2.0\n# EOF\n";

TEST(Convert, MovesTheSuffixOfCounters) {
  EXPECT_EQ(converted(kTextForm, Format::kText, Format::kOpenMetrics),
            converted(kOpenForm, Format::kOpenMetrics, Format::kOpenMetrics));
  EXPECT_EQ(converted(kOpenForm, Format::kOpenMetrics, Format::kText),
            converted(kTextForm, Format::kText, Format::kText));
}

TEST(Convert, ComesBackToWhatItWas) {
  const std::string open =
      converted(kTextForm, Format::kText, Format::kOpenMetrics);
  EXPECT_NE(open.find("# TYPE a counter\n"), std::string::npos) << open;
  EXPECT_TRUE(open.ends_with("# EOF\n"));
  EXPECT_EQ(converted(open, Format::kOpenMetrics, Format::kText), kTextForm);
}

TEST(Convert, GivesUpTheTypeOfACounterThatOpenMetricsDoesNotKnow) {
  const std::string open = converted("# TYPE hits counter\nhits 1\n",
                                     Format::kText, Format::kOpenMetrics);
  EXPECT_TRUE(open.starts_with("# TYPE hits unknown\n")) << open;
}

TEST(Convert, KeepsExemplarsWhereTheFormatHasThem) {
  const std::string_view body =
      "# TYPE a counter\na_total 1 # {id=\"x\"} 0.5\n# EOF\n";
  EXPECT_NE(converted(body, Format::kOpenMetrics, Format::kOpenMetrics)
                .find("# {id=\"x\"} 0.5"),
            std::string::npos);
  EXPECT_EQ(converted(body, Format::kOpenMetrics, Format::kText),
            "# TYPE a_total counter\na_total 1\n");
}

TEST(Convert, GivesSamplesOfAPipeATime) {
  const std::string pipe =
      converted("a 1\nb 2 5\n", Format::kText, Format::kPipe);
  EXPECT_EQ(pipe, "# prom-samples v1\na 1 7000\nb 2 5\n# prom-samples end\n");
  EXPECT_EQ(converted("# prom-samples v1\n# STALE a 5\nb 1 6\n"
                      "# prom-samples end\n",
                      Format::kPipe, Format::kText),
            "b 1 6\n");
}

TEST(Convert, RefusesWhatDoesNotParse) {
  EXPECT_TRUE(converted("a 1\n", Format::kOpenMetrics, Format::kText)
                  .starts_with("error: "));
}

}  // namespace
}  // namespace prom::exposition
