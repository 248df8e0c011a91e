// Rule files as plain structs, with the positions that messages about
// expressions and templates need.  Expressions are text here: prom-rules
// parses them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libprom/base/diagnostic.h"

namespace prom::config {

// A text and where in its file it was written.
struct LocatedText {
  std::string text;
  // Of the first character of the text, behind a quote or, for a block, in
  // the line below the bar.
  TextPosition at;
  // How far lines of a block are indented; columns of later lines start here.
  std::uint32_t indent = 0;
  // False for text whose characters are not one to one with the file's (a
  // folded block, escapes): then only `at` is known.
  bool is_verbatim = false;

  // Where byte `offset` of the text stands in the file.
  [[nodiscard]] TextPosition position_of(std::size_t offset) const;
};

using LocatedPairs = std::vector<std::pair<std::string, LocatedText>>;

struct Rule {
  TextPosition at;  // of the rule
  std::string record;
  std::string alert;
  TextPosition name_at;
  LocatedText expr;
  std::int64_t for_ms = 0;
  std::int64_t keep_firing_for_ms = 0;
  LocatedPairs labels;       // in the order of the file; group labels are in
                             // RuleGroup, a rule's own win over them
  LocatedPairs annotations;  // in the order of the file
};

struct RuleGroup {
  std::string name;
  TextPosition at;
  std::optional<std::int64_t> interval_ms;      // else evaluation_interval
  std::optional<std::int64_t> query_offset_ms;  // else rule_query_offset
  std::int64_t limit = 0;                       // 0: none
  LocatedPairs labels;
  std::vector<Rule> rules;
};

struct RuleFile {
  std::string path;
  std::string text;  // the file itself, for carets
  std::vector<RuleGroup> groups;
  Diagnostics warnings;
};

}  // namespace prom::config
