#include "libprom/exposition/target_parser.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "libprom/exposition/parser.h"

#include "tests/support/exposition_twin.h"
#include "tests/support/shared_data.h"

namespace prom::exposition {
namespace {

using test::difference_to_parser;

// Bodies that follow one another at one target; each must be read as a new
// Parser reads it.
void expect_no_difference(const std::vector<std::string>& bodies,
                          Format format) {
  TargetParser target(true);
  for (const std::string& body : bodies)
    EXPECT_EQ(difference_to_parser(target, body, format), "") << body;
}

TEST(TargetParser, ReadsChangedValues) {
  expect_no_difference(
      {"a 1\nb 2\nc 3\n", "a 1\nb 22222\nc 3\n", "a 1\nb 2\nc 4\n",
       "a 0.5\nb nan\nc 4", "a 0.5 100\nb nan\nc 4 7\n", "a 0.5\nb nan\nc 4\n"},
      Format::kText);
}

TEST(TargetParser, FollowsLinesThatAppearVanishAndMove) {
  expect_no_difference(
      {"a 1\nb 2\nc 3\nd 4\n", "a 1\nc 3\nd 4\n", "a 1\nx 9\nc 3\nd 5\n",
       "d 4\nc 3\na 1\n", "", "a 1\n", "a 1\na 1\n", "a 1\n# c\na 2\n", "\n\n",
       "a{b=\"1\"} 1\n", "a{b=\"2\"} 1\n", "a{b=\"2\",} 1\n"},
      Format::kText);
}

TEST(TargetParser, SeesTheTypeThatIsInForce) {
  const std::string rest = "x_bucket{le=\"1\"} 1\nx{quantile=\"1\"} 2\n";
  expect_no_difference(
      {"# TYPE x histogram\n" + rest, "# TYPE x gauge\n" + rest,
       "# TYPE x summary\n" + rest, rest, "# TYPE x histogram\n" + rest,
       "# TYPE y summary\n# TYPE x histogram\n" + rest,
       "# TYPE y summary\n" + rest},
      Format::kText);
}

TEST(TargetParser, TreatsValuesThatTouchTheirNameWithCare) {
  expect_no_difference(
      {"a+1\n", "a1 2\n", "a+2\n", "a 1\n", "a {b=\"c\"} 1\n", "a 5\n",
       "a{b=\"c\"}1\n", "a{b=\"c\"}2\n", "a{b=\"c\"} 2\n"},
      Format::kText);
}

TEST(TargetParser, ReadsLinesWithinQuotes) {
  expect_no_difference({"a{b=\"x\ny 1\"} 1\nc 2\n", "a{b=\"x\ny 2\"} 1\nc 2\n",
                        "a{b=\"x\ny 2\"} 3\nc 4\n", "y 2\nc 4\n"},
                       Format::kText);
}

TEST(TargetParser, WantsTheEndOfOpenMetricsWhereItBelongs) {
  expect_no_difference(
      {"a 1\n# EOF\n", "a 2\n# EOF", "a 2\n# EOF\n# EOF\n", "a 2\n# EOF\n",
       "a 2\n", "# EOF\na 2\n", "a 2\n# EOF\n", "a 2 # {x=\"1\"} 5\n# EOF\n",
       "a 2 # {x=\"2\"} 5 6\n# EOF\n",
       "a 2 3 # {x=\"2\"} 5 6\nb 1 # {x=\"2\"} 5\n# EOF\n"},
      Format::kOpenMetrics);
}

TEST(TargetParser, ReadsThePipeDialect) {
  const std::string begin = "# prom-samples v1\n";
  const std::string end = "# prom-samples end\n";
  expect_no_difference(
      {begin + "a 1 5\n" + end, begin + "a 2 6\n" + end,
       begin + "# STALE a 7\n" + end, begin + "# STALE a 8\n" + end,
       begin + "a 2 6\n", begin + end + "a 2 6\n", "a 2 6\n" + end,
       begin + end + begin + "a 3 -6\n" + end},
      Format::kPipe);
}

TEST(TargetParser, KeepsWhatItKnowsWhenABodyIsBad) {
  TargetParser target;
  ASSERT_TRUE(target.parse("a 1\nb 2\n", Format::kText));
  const std::uint32_t b = target.entries()[1].ref;
  const Status bad = target.parse("a 1\nb x\n", Format::kText);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "2:3: not a number");
  EXPECT_EQ(target.entries().size(), 1U);  // what stands before the error
  EXPECT_EQ(target.series_count(), 2U);
  ASSERT_TRUE(target.parse("b 3\n", Format::kText));
  EXPECT_EQ(target.entries()[0].ref, b);
}

TEST(TargetParser, GivesEachSeriesOneRefForGood) {
  TargetParser target;
  ASSERT_TRUE(target.parse("a 1\nb 2\n", Format::kText));
  ASSERT_TRUE(target.parse("c 1\nb 2\na 1\n", Format::kText));
  EXPECT_EQ(target.series_count(), 3U);
  EXPECT_EQ(target.entries()[0].ref, 2U);
  EXPECT_EQ(target.entries()[1].ref, 1U);
  EXPECT_EQ(target.entries()[2].ref, 0U);
  EXPECT_EQ(target.labels(2), (Labels{{kMetricName, "c"}}));
  target.forget();
  EXPECT_EQ(target.series_count(), 0U);
  ASSERT_TRUE(target.parse("z 1\n", Format::kText));
  EXPECT_EQ(target.entries()[0].ref, 0U);
}

TEST(TargetParser, TellsWhenMetadataChanges) {
  TargetParser target;
  ASSERT_TRUE(target.parse("# HELP a x\na 1\n", Format::kText));
  const std::uint64_t version = target.metadata_version();
  ASSERT_TRUE(target.parse("# HELP a x\na 2\n", Format::kText));
  ASSERT_TRUE(target.parse("# HELP a x\na 2\nb 3\n", Format::kText));
  EXPECT_EQ(target.metadata_version(), version);
  ASSERT_TRUE(target.parse("# HELP a y\na 2\nb 3\n", Format::kText));
  EXPECT_EQ(target.metadata_version(), version + 1);
  ASSERT_TRUE(target.parse("a 2\nb 3\n", Format::kText));
  EXPECT_EQ(target.metadata_version(), version + 2);
  EXPECT_TRUE(target.metadata().empty());
}

// Edits as they happen to expositions, and as they should not.
std::string edited(std::string body, std::mt19937& random) {
  const auto line_start = [&] {
    const std::size_t at = body.empty() ? 0 : random() % body.size();
    const std::size_t newline = body.rfind('\n', at);
    return newline == std::string::npos ? 0 : newline + 1;
  };
  const auto line_size = [&](std::size_t at) {
    const std::size_t end = body.find('\n', at);
    return (end == std::string::npos ? body.size() : end + 1) - at;
  };
  switch (random() % 8) {
    case 0: {  // a few lines vanish
      for (std::size_t n = random() % 40; n > 0; --n) {
        const std::size_t at = line_start();
        body.erase(at, line_size(at));
      }
      break;
    }
    case 1: {  // a line appears twice, elsewhere
      const std::size_t from = line_start();
      const std::string line = body.substr(from, line_size(from));
      body.insert(line_start(), line);
      break;
    }
    case 2:  // a new series
      body.insert(line_start(),
                  "new_series{n=\"" + std::to_string(random() % 5) + "\"} 5\n");
      break;
    case 3: {  // a block moves
      const std::size_t from = line_start();
      const std::string block = body.substr(from, 3000);
      const std::size_t end = block.rfind('\n');
      if (end == std::string::npos) break;
      body.erase(from, end + 1);
      body.insert(line_start(), block.substr(0, end + 1));
      break;
    }
    case 4:  // another type
      body.insert(line_start(), random() % 2 == 0 ? "# TYPE t histogram\n"
                                                  : "# TYPE t summary\n");
      break;
    case 5:  // a byte is wrong
      if (!body.empty())
        body[random() % body.size()] = static_cast<char>(random());
      break;
    case 6:  // cut
      body.resize(random() % (body.size() + 1));
      break;
    default:  // digits change
      for (char& c : body) {
        if (c >= '0' && c <= '8' && random() % 50 == 0) ++c;
      }
  }
  return body;
}

TEST(TargetParser, AgreesWithParserOnCapturesWithRandomEdits) {
  std::mt19937 random(7);
  bool captured = false;
  for (const char* name : {"node", "prom", "vm"}) {
    const auto scrapes = test::read_capture(name, 60);
    TargetParser target(true);
    for (const test::Scrape& scrape : scrapes) {
      captured = true;
      ASSERT_EQ(difference_to_parser(target, scrape.body, Format::kText), "");
      const std::string other = edited(scrape.body, random);
      ASSERT_EQ(difference_to_parser(target, other, Format::kText), "");
      if (random() % 2 == 0) {
        const std::string more = edited(other, random);
        ASSERT_EQ(difference_to_parser(target, more, Format::kText), "");
      }
    }
  }
  if (!captured) GTEST_SKIP() << "no ../shared/data/captures";
}

TEST(TargetParser, AgreesWithParserOnSmallRandomBodies) {
  const std::vector<std::string> lines = {
      "a 1\n",  "a 2\n",        "a{le=\"1\"} 1\n",      "a{le=\"1\"} 2 5\n",
      "b  3\n", "b 3 9\n",      "# TYPE a histogram\n", "# TYPE a gauge\n",
      "\n",     "# HELP a x\n", "# HELP a y\n",         "c{x=\"\n\"} 1\n",
      "a+1\n",  "# comment\n",  "a{q=\"1\",} 4\n",      "a x\n"};
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    TargetParser target(true);
    std::vector<std::string> now;
    for (int step = 0; step < 12; ++step) {
      for (std::size_t n = random() % 4; n > 0; --n) {
        const std::size_t at = random() % (now.size() + 1);
        if (at < now.size() && random() % 2 == 0) {
          now.erase(now.begin() + static_cast<std::ptrdiff_t>(at));
        } else if (random() % 20 != 0 || step > 8) {
          now.insert(now.begin() + static_cast<std::ptrdiff_t>(at),
                     lines[random() % (lines.size() - (step > 8 ? 0 : 1))]);
        }
      }
      std::string body;
      for (const std::string& line : now) body += line;
      ASSERT_EQ(difference_to_parser(target, body, Format::kText), "") << body;
    }
  }
}

}  // namespace
}  // namespace prom::exposition
