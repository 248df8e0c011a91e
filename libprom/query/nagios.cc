#include "libprom/query/nagios.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/query/format_internal.h"

namespace prom::query {
namespace {

constexpr std::array<std::string_view, 4> kStates = {"OK", "WARNING",
                                                     "CRITICAL", "UNKNOWN"};
// Monitoring systems cut a plugin's answer at some 4 KiB anyway.
constexpr std::size_t kNamedMax = 5;
constexpr std::size_t kPerformanceMax = 50;

struct Point {
  std::string name;
  double value = 0;
};

std::vector<Point> points_of(const QueryResult& result) {
  if (result.type == promql::ValueType::kScalar)
    return {{"value", result.scalar.value}};
  std::vector<Point> points;
  for (const Series& series : result.series) {
    if (series.floats.empty()) continue;
    points.push_back(
        {printable(series.labels.to_string()), series.floats.back().value});
  }
  return points;
}

// A bar begins the performance data, so it must not stand in the text.
std::string plain_text(std::string_view text) {
  std::string plain = printable(text);
  std::ranges::replace(plain, '|', '/');
  return plain;
}

// In quotes; a quote is doubled, an equals sign cannot be written.
std::string performance_label(std::string_view name) {
  std::string label = "'";
  for (const char c : plain_text(name)) {
    if (c == '\'') label += '\'';
    label += c == '=' ? ':' : c;
  }
  return label + "'";
}

std::string performance_of(const Point& point,
                           const std::optional<Threshold>& warning,
                           const std::optional<Threshold>& critical) {
  std::string text = performance_label(point.name) + "=";
  text += std::isfinite(point.value) ? value_text(point.value) : "U";
  if (!warning && !critical) return text;
  text += ';';
  if (warning) text += warning->text;
  text += ';';
  if (critical) text += critical->text;
  return text;
}

}  // namespace

Result<Threshold> Threshold::parse(std::string_view text) {
  Threshold threshold;
  threshold.text = text;
  std::string_view rest = text;
  if (rest.starts_with('@')) {
    threshold.inverted = true;
    rest.remove_prefix(1);
  }
  const std::size_t colon = rest.find(':');
  const bool has_low = colon != std::string_view::npos;
  const std::string_view low = has_low ? rest.substr(0, colon) : "0";
  const std::string_view high = has_low ? rest.substr(colon + 1) : rest;
  const auto bad = [&] {
    return fail(Code::kUsage, quote(text) +
                                  " is no range of values; write 10, 5:, "
                                  "~:10, 5:10 or @5:10");
  };
  if (low == "~") {
    threshold.low = -std::numeric_limits<double>::infinity();
  } else {
    const auto number = parse_float(low.empty() ? "0" : low);
    if (!number || std::isnan(*number)) return bad();
    threshold.low = *number;
  }
  if (!high.empty()) {
    const auto number = parse_float(high);
    if (!number || std::isnan(*number)) return bad();
    threshold.high = *number;
  } else if (!has_low) {
    return bad();
  }
  if (threshold.low > threshold.high) return bad();
  return threshold;
}

bool Threshold::alerts(double value) const {
  if (std::isnan(value)) return true;
  const bool within = value >= low && value <= high;
  return within == inverted;
}

NagiosAnswer nagios_answer(const QueryResult& result,
                           const std::optional<Threshold>& warning,
                           const std::optional<Threshold>& critical) {
  const std::vector<Point> points = points_of(result);
  if (points.empty()) return nagios_unknown("the result is empty");
  NagiosAnswer answer{.status = 0, .line = {}};
  std::vector<int> states;
  states.reserve(points.size());
  for (const Point& point : points) {
    int state = warning && warning->alerts(point.value) ? 1 : 0;
    if (critical && critical->alerts(point.value)) state = 2;
    states.push_back(state);
    answer.status = std::max(answer.status, state);
  }
  // The worst series are named.
  std::string named;
  std::size_t worst = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (states[i] != answer.status) continue;
    if (++worst > kNamedMax) continue;
    named += (named.empty() ? "" : ", ") + plain_text(points[i].name) + " is " +
             value_text(points[i].value);
  }
  if (worst > kNamedMax)
    named += " and " + std::to_string(worst - kNamedMax) + " more";
  answer.line = std::string(kStates[static_cast<std::size_t>(answer.status)]) +
                " - " + named + " |";
  for (std::size_t i = 0; i < std::min(points.size(), kPerformanceMax); ++i)
    answer.line += " " + performance_of(points[i], warning, critical);
  return answer;
}

NagiosAnswer nagios_unknown(std::string_view reason) {
  return {.status = 3, .line = "UNKNOWN - " + plain_text(reason)};
}

cli::Exit nagios_exit(const NagiosAnswer& answer) {
  return static_cast<cli::Exit>(answer.status);
}

}  // namespace prom::query
