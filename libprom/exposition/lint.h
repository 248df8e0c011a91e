// What is legal in an exposition but makes metrics hard to use: the rules of
// promtool check metrics (https://prometheus.io/docs/practices/naming/).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"

namespace prom::exposition {

struct LintFinding {
  std::string family;
  std::string text;

  bool operator==(const LintFinding&) const = default;
};

struct LintReport {
  std::vector<LintFinding> findings;            // by family
  std::map<std::string, std::uint64_t> series;  // of each family
};

// kBadData, as Parser has it, for text that does not parse.
Result<LintReport> lint(std::string_view body, Format format);

}  // namespace prom::exposition
