// The labels that mechanisms tell are those of upstream, all of them: what the
// tests of the mechanisms print is held against meta_labels.txt, a list made of
// upstream's documentation and, where it differs, code.
//
//   consul consul_address            seen in some test
//   aws,ec2 ec2_tag_<tagkey>         of either; <…> stands for anything
//   ? azure azure_machine_name       not covered by a test yet
//
// A label that is not in the list fails, one that no test has seen fails, and
// so does a question mark that is no longer true.
#include <algorithm>
#include <iostream>
#include <sstream>

#include <gtest/gtest.h>

#include "libprom/config/discovery.h"
#include "libprom/os/file.h"

#include "tests/support/labels_seen.h"

namespace prom::discover {
namespace {

struct Known {
  std::string label;
  bool is_uncovered = false;
};

std::vector<Known> read_list() {
  std::vector<Known> list;
  std::istringstream lines(
      os::read_file("tests/unit/discover/meta_labels.txt").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    Known& known = list.emplace_back();
    std::istringstream words(line);
    std::string mechanisms;
    words >> mechanisms;
    known.is_uncovered = mechanisms == "?";
    if (known.is_uncovered) words >> mechanisms;
    words >> known.label;
  }
  return list;
}

// Whether `name` is `pattern`, in which <…> stands for one character or more.
bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t open = pattern.find('<');
  if (open == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, open))) return false;
  name.remove_prefix(open);
  pattern.remove_prefix(pattern.find('>') + 1);
  for (std::size_t i = 1; i <= name.size(); ++i) {
    if (matches(pattern, name.substr(i))) return true;
  }
  return false;
}

// Runs when all tests have: they feed it.
class MetaLabels : public testing::Environment {
 public:
  void TearDown() override {
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    if (all.test_to_run_count() != all.total_test_count() ||
        all.skipped_test_count() != 0 || all.failed_test_count() != 0) {
      std::cout << "meta labels not compared: not every test has run\n";
      return;
    }
    const std::vector<Known> list = read_list();
    const std::set<std::string>& seen = labels_seen();
    for (const std::string& name : seen) {
      EXPECT_TRUE(std::ranges::any_of(
          list, [&](const Known& known) { return matches(known.label, name); }))
          << "__meta_" << name << " is no label of upstream";
    }
    std::size_t compared = 0;
    for (const Known& known : list) {
      ++compared;
      const bool is_seen = std::ranges::any_of(
          seen,
          [&](const std::string& name) { return matches(known.label, name); });
      EXPECT_NE(is_seen, known.is_uncovered)
          << "__meta_" << known.label
          << (is_seen ? " is covered: take its question mark away"
                      : " was in no test");
    }
    std::cout << compared << " of " << list.size() << " meta labels compared\n";
  }
};

[[maybe_unused]] const testing::Environment* const kMetaLabels =
    testing::AddGlobalTestEnvironment(new MetaLabels);

TEST(MetaLabels, PatternsMatchWholeNames) {
  EXPECT_TRUE(matches("a_b", "a_b"));
  EXPECT_FALSE(matches("a_b", "a_bc"));
  EXPECT_TRUE(matches("a_<x>", "a_b"));
  EXPECT_FALSE(matches("a_<x>", "a_"));
  EXPECT_TRUE(matches("a_<x>_c", "a_b_c"));
  EXPECT_FALSE(matches("a_<x>_c", "a__c"));
  EXPECT_EQ(read_list().empty(), false);
}

}  // namespace
}  // namespace prom::discover
