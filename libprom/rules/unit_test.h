// Runs unit tests of rules: loads what the test describes, evaluates the
// groups step by step, compares alerts and expressions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libprom/config/rule_tests.h"
#include "libprom/promql/parser.h"
#include "libprom/rules/rule.h"

namespace prom::rules {

struct TestFailure {
  TextPosition at;   // of what was expected
  std::string what;  // "alert Down at 5m", "expression up at 1m"
  // Either a reason, or what was expected and what came instead, one line each.
  std::string reason;
  std::vector<std::string> expected;
  std::vector<std::string> got;
};

struct TestSetup {
  std::vector<std::shared_ptr<const Group>> groups;
  std::int64_t evaluation_interval_ms = 60'000;
  bool fuzzy_compare = false;
  promql::ParseOptions parse;
};

// Empty when the test passes.
std::vector<TestFailure> run_test(const config::RuleTest& test,
                                  const TestSetup& setup);

}  // namespace prom::rules
