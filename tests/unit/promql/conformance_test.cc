// Every expression and every series of upstream's own language tests.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "libprom/promql/format.h"
#include "libprom/promql/parser.h"
#include "libprom/promql/printer.h"
#include "libprom/promql/series_description.h"

namespace prom::promql {
namespace {

std::filesystem::path shared_directory() {
  const char* given = std::getenv("PROM_SHARED");
  const std::filesystem::path shared = given != nullptr ? given : "../shared";
  return shared / "conformance" / "promql";
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) continue;
    lines.push_back(line.substr(begin));
  }
  return lines;
}

class Conformance : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(shared_directory()))
      GTEST_SKIP() << "no upstream tests in " << shared_directory();
    for (const auto& entry :
         std::filesystem::directory_iterator(shared_directory())) {
      if (entry.path().extension() == ".test") files_.push_back(entry.path());
    }
    ASSERT_FALSE(files_.empty());
  }

  std::vector<std::filesystem::path> files_;
};

TEST_F(Conformance, EveryExpressionIsAFixedPointOfPrinting) {
  const std::regex eval(
      R"(eval(?:_\w+)?\s+(?:instant\s+at\s+\S+|range\s+from\s+\S+\s+to\s+\S+)"
      R"(\s+step\s+\S+)\s+(.*))");
  std::size_t count = 0;
  for (const auto& file : files_) {
    for (const std::string& line : lines_of(file)) {
      std::smatch match;
      if (!std::regex_match(line, match, eval)) continue;
      const std::string text = match[1];
      const auto expr = parse(text, ParseOptions::all());
      ASSERT_TRUE(expr) << file << ": " << text << ": "
                        << error_text(expr.error());
      const std::string printed = to_string(**expr);
      const auto again = parse(printed, ParseOptions::all());
      ASSERT_TRUE(again) << file << ": " << printed;
      EXPECT_EQ(to_string(**again), printed);
      EXPECT_TRUE(same_tree(**expr, **again)) << text;
      const auto laid_out = parse(pretty(**expr), ParseOptions::all());
      ASSERT_TRUE(laid_out) << file << ": " << text;
      EXPECT_TRUE(same_tree(**expr, **laid_out)) << text;
      ++count;
    }
  }
  EXPECT_GT(count, 2000U);
}

TEST_F(Conformance, EverySeriesIsRead) {
  std::size_t count = 0;
  for (const auto& file : files_) {
    bool loading = false;
    for (const std::string& line : lines_of(file)) {
      if (line.starts_with("load")) {
        loading = true;
        continue;
      }
      if (line.starts_with("eval") || line.starts_with("clear"))
        loading = false;
      const bool starts = line.find("@st") != std::string::npos;
      if (!loading || line.starts_with("#") || starts) continue;
      const auto series = parse_series_description(line);
      ASSERT_TRUE(series) << file << ": " << line << ": "
                          << error_text(series.error());
      EXPECT_FALSE(series->items.empty()) << line;
      ++count;
    }
  }
  EXPECT_GT(count, 500U);
}

}  // namespace
}  // namespace prom::promql
