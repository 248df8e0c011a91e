// promql(7) names every function and every check.
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "libprom/promql/functions.h"
#include "libprom/promql/lint.h"

namespace prom::promql {
namespace {

std::string manual() {
  std::ifstream in("man/promql.7");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Manual, DescribesEveryFunction) {
  const std::string page = manual();
  ASSERT_FALSE(page.empty()) << "run from the root of the repository";
  for (const Function& f : functions()) {
    const std::string row = ".It Li " + std::string(f.name) + "(";
    const std::size_t at = page.find(row);
    ASSERT_NE(at, std::string::npos) << f.name;
    const std::string line = page.substr(at, page.find('\n', at) - at);
    EXPECT_EQ(line.find(") * Ta ") != std::string::npos, f.experimental)
        << line;
  }
}

TEST(Manual, DescribesEveryCheck) {
  const std::string page = manual();
  for (const LintCheck& check : lint_checks()) {
    const std::string row = ".It Li " + std::string(check.id) + "\n";
    EXPECT_NE(page.find(row), std::string::npos) << check.id;
  }
}

}  // namespace
}  // namespace prom::promql
