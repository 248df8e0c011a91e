// Unit tests of rules, in promtool's format, as plain structs.  Series, values
// and expressions are text here: prom-rules test parses them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"
#include "libprom/config/rules.h"

namespace prom::config {

struct RuleTestSeries {
  LocatedText series;  // name{labels}
  std::string values;  // promql/series_description.h
};

using TextPairs = std::vector<std::pair<std::string, std::string>>;

struct ExpectedAlert {
  TextPairs labels;  // without alertname
  TextPairs annotations;
};

struct AlertRuleTest {
  TextPosition at;
  std::int64_t eval_time_ms = 0;  // after the start of the test
  std::string alertname;
  std::vector<ExpectedAlert> alerts;
};

struct ExpectedSample {
  std::string labels;     // a series; "" is {}
  double value = 0;       // unless there is a histogram
  std::string histogram;  // {{…}}; empty: none
};

struct ExpressionTest {
  TextPosition at;
  LocatedText expr;
  std::int64_t eval_time_ms = 0;
  std::vector<ExpectedSample> samples;
};

struct RuleTest {
  TextPosition at;
  std::string name;              // may be empty
  std::int64_t interval_ms = 0;  // between input values
  std::int64_t start_ms = 0;     // Unix time of the first
  std::vector<RuleTestSeries> series;
  std::vector<AlertRuleTest> alerts;
  std::vector<ExpressionTest> expressions;
  TextPairs external_labels;
  std::string external_url;
};

struct RuleTestFile {
  std::string path;
  std::vector<std::string> rule_files;  // patterns, joined to the directory
  std::int64_t evaluation_interval_ms = 60'000;
  std::vector<std::string> group_eval_order;
  bool fuzzy_compare = false;
  std::vector<RuleTest> tests;
  Diagnostics warnings;
};

// Everything wrong in a file is found in one run, as in load.h.
std::expected<RuleTestFile, Diagnostics> load_rule_tests(
    const std::string& path);

}  // namespace prom::config
