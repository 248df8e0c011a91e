#include <algorithm>
#include <array>
#include <optional>

#include "libprom/base/letters.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/config/readers_internal.h"

namespace prom::config {
namespace {

constexpr std::array<std::string_view, 7> kDays = {
    "sunday",   "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

template <std::size_t kSize>
std::optional<int> index_of(const std::array<std::string_view, kSize>& names,
                            std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<int>(at - names.begin());
}

std::optional<int> number(std::string_view text) {
  const auto found = parse_int(text);
  constexpr std::int64_t kMax = 1'000'000;
  if (!found || *found > kMax || *found < -kMax) return std::nullopt;
  return static_cast<int>(*found);
}

// HH:MM from 00:00 to 24:00 as minutes of the day.
std::optional<int> minute_of_day(std::string_view text) {
  if (text == "24:00") return 24 * 60;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = parse_uint(text.substr(0, 2));
  const auto minute = parse_uint(text.substr(3));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return static_cast<int>(*hour * 60 + *minute);
}

// Reads "a" or "a:b" with `member` for each side; the text is what is wrong.
template <typename Member>
std::string read_range(std::string_view text, Member member,
                       std::string_view what, IntervalRange& into) {
  const std::string lower = to_lower(text);
  const std::size_t colon = lower.find(':');
  const std::string begin = lower.substr(0, colon);
  const std::string end =
      colon == std::string::npos ? begin : lower.substr(colon + 1);
  if (end.find(':') != std::string::npos)
    return "couldn't parse range " + printable(text) + ", invalid format";
  for (const auto& [side, value] :
       {std::pair(&begin, &into.begin), std::pair(&end, &into.end)}) {
    const std::optional<int> found = member(*side);
    if (!found)
      return printable(*side) + " is not a valid " + std::string(what);
    *value = *found;
  }
  return "";
}

std::string read_weekdays(std::string_view text, IntervalRange& into) {
  const auto day = [](std::string_view name) { return index_of(kDays, name); };
  if (auto problem = read_range(text, day, "weekday", into); !problem.empty())
    return problem;
  return into.begin > into.end ? "start day cannot be before end day" : "";
}

std::string read_months(std::string_view text, IntervalRange& into) {
  const auto month = [](std::string_view name) -> std::optional<int> {
    if (const auto index = index_of(kMonths, name)) return *index + 1;
    return number(name);
  };
  if (auto problem = read_range(text, month, "month", into); !problem.empty())
    return problem;
  return into.begin > into.end ? "end month is before start month" : "";
}

std::string read_years(std::string_view text, IntervalRange& into) {
  if (auto problem = read_range(text, number, "year", into); !problem.empty())
    return problem;
  if (into.begin <= into.end) return "";
  return "end year " + std::to_string(into.end) + " is before start year " +
         std::to_string(into.begin);
}

std::string read_days_of_month(std::string_view text, IntervalRange& into) {
  if (auto problem = read_range(text, number, "day of the month", into);
      !problem.empty())
    return problem;
  for (const int day : {into.begin, into.end}) {
    if (day == 0 || day < -31 || day > 31)
      return std::to_string(day) +
             " is not a valid day of the month: out of range";
  }
  if (into.begin < 0 && into.end > 0)
    return "end day must be negative if start day is negative";
  // Counted from the end of the shortest month.
  constexpr int kDaysMin = 28;
  const auto earliest = [](int day) { return day < 0 ? kDaysMin + day : day; };
  if (earliest(into.begin) > earliest(into.end))
    return "end day " + std::to_string(into.end) +
           " is always before start day " + std::to_string(into.begin);
  return "";
}

void read_times(Fields& outer, std::vector<IntervalRange>& into) {
  outer.each("times", [&](const YamlNode& node) {
    Fields fields(outer.file(), node, "time range");
    std::string start;
    std::string end;
    fields.text("start_time", start);
    fields.text("end_time", end);
    fields.done();
    if (start.empty() || end.empty())
      return outer.file().error(node,
                                "both start and end times must be provided");
    const auto begin_minute = minute_of_day(start);
    const auto end_minute = minute_of_day(end);
    if (!begin_minute || !end_minute)
      return fields.error(begin_minute ? "end_time" : "start_time",
                          "couldn't parse timestamp " +
                              printable(begin_minute ? end : start) +
                              ", invalid format");
    if (*begin_minute >= *end_minute)
      return outer.file().error(
          node, "start time cannot be equal or greater than end time");
    into.push_back({*begin_minute, *end_minute});
  });
}

using RangeReader = std::string (*)(std::string_view, IntervalRange&);

void read_ranges(Fields& fields, std::string_view key, RangeReader read,
                 std::vector<IntervalRange>& into) {
  fields.each(key, [&](const YamlNode& node) {
    IntervalRange range;
    const std::string problem = node.is_scalar()
                                    ? read(node.text, range)
                                    : std::string(key) + " must hold texts";
    if (problem.empty()) {
      into.push_back(range);
    } else {
      fields.file().error(node, problem);
    }
  });
}

void read_spec(FileReader& file, const YamlNode& node, TimeIntervalSpec& into) {
  Fields fields(file, node, "time_interval");
  read_times(fields, into.times);
  read_ranges(fields, "weekdays", read_weekdays, into.weekdays);
  read_ranges(fields, "days_of_month", read_days_of_month, into.days_of_month);
  read_ranges(fields, "months", read_months, into.months);
  read_ranges(fields, "years", read_years, into.years);
  fields.text("location", into.location);
  fields.done();
}

}  // namespace

void read_time_interval(FileReader& file, const YamlNode& node,
                        TimeInterval& into) {
  into.at = node.at;
  Fields fields(file, node, "time_interval");
  fields.text("name", into.name);
  fields.each("time_intervals", [&](const YamlNode& spec) {
    read_spec(file, spec, into.specs.emplace_back());
  });
  fields.done();
  if (into.name.empty())
    file.error(node, into.is_deprecated ? "missing name in mute time interval"
                                        : "missing name in time interval");
}

}  // namespace prom::config
