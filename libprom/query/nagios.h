// Answers as plugins of Nagios, Icinga and their kin: one line, performance
// data behind a bar, and an exit code
// (https://nagios-plugins.org/doc/guidelines.html).
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/cli/exit.h"
#include "libprom/query/engine.h"

namespace prom::query {

// The values that are fine: "10" is 0 to 10, "5:" from 5 on, "~:10" up to 10,
// "5:10" between; an @ in front turns it round.
struct Threshold {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  bool inverted = false;
  std::string text;  // as it was written, for performance data

  static Result<Threshold> parse(std::string_view text);
  // NaN is never fine.
  [[nodiscard]] bool alerts(double value) const;
};

struct NagiosAnswer {
  int status = 3;    // 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
  std::string line;  // without a newline
};
// The worst of all series counts; an empty result is UNKNOWN.  Of a range, each
// series' last value.
NagiosAnswer nagios_answer(const QueryResult& result,
                           const std::optional<Threshold>& warning,
                           const std::optional<Threshold>& critical);
NagiosAnswer nagios_unknown(std::string_view reason);

// The exit code of a plugin, which is none of ours.
cli::Exit nagios_exit(const NagiosAnswer& answer);

}  // namespace prom::query
