#include "libprom/template/humanize.h"

#include <cmath>
#include <span>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/template/format.h"
#include "libprom/template/time.h"

namespace prom::templates {
namespace {

// Divides by `unit` as long as the value is large and there is a prefix.
std::string scaled_down(double value, double unit,
                        std::span<const std::string_view> prefixes) {
  std::string_view prefix;
  for (const std::string_view candidate : prefixes) {
    if (std::fabs(value) < unit) break;
    prefix = candidate;
    value /= unit;
  }
  return format_4g(value).append(prefix);
}

// Multiplies a value below one until it is at least one.
std::string scaled_up(double value) {
  static constexpr std::string_view kPrefixes[] = {"m", "u", "n", "p",
                                                   "f", "a", "z", "y"};
  std::string_view prefix;
  for (const std::string_view candidate : kPrefixes) {
    if (std::fabs(value) >= 1) break;
    prefix = candidate;
    value *= 1000;
  }
  return format_4g(value).append(prefix);
}

}  // namespace

Result<double> to_number(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kInt:
      return static_cast<double>(value.as_int());
    case Value::Kind::kFloat:
      return value.as_float();
    case Value::Kind::kDuration:
      return static_cast<double>(value.as_duration().nanoseconds) / 1e9;
    case Value::Kind::kString: {
      if (const auto parsed = parse_float(value.as_string())) return *parsed;
      return fail(Code::kBadData, "strconv.ParseFloat: parsing " +
                                      quote(value.as_string()) +
                                      ": invalid syntax");
    }
    default:
      return fail(Code::kBadData,
                  "can't convert " + value.type_name() + " to float");
  }
}

std::string humanize(double value) {
  static constexpr std::string_view kPrefixes[] = {"k", "M", "G", "T",
                                                   "P", "E", "Z", "Y"};
  if (value == 0 || !std::isfinite(value)) return format_4g(value);
  if (std::fabs(value) >= 1) return scaled_down(value, 1000, kPrefixes);
  return scaled_up(value);
}

std::string humanize_1024(double value) {
  static constexpr std::string_view kPrefixes[] = {"ki", "Mi", "Gi", "Ti",
                                                   "Pi", "Ei", "Zi", "Yi"};
  if (std::fabs(value) <= 1 || !std::isfinite(value)) return format_4g(value);
  return scaled_down(value, 1024, kPrefixes);
}

std::string humanize_percentage(double value) {
  return format_4g(value * 100) + "%";
}

std::string humanize_duration(double value) {
  if (!std::isfinite(value)) return format_4g(value);
  if (value == 0) return format_4g(value) + "s";
  if (std::fabs(value) < 1) return scaled_up(value) + "s";
  const std::string sign = value < 0 ? "-" : "";
  value = std::fabs(value);
  if (value >= 0x1p63) return sign + format_4g(value) + "s";
  const auto total = static_cast<std::int64_t>(value);
  const std::string seconds = std::to_string(total % 60) + "s";
  const std::string minutes = std::to_string(total / 60 % 60) + "m ";
  const std::string hours = std::to_string(total / 3600 % 24) + "h ";
  if (total >= 86400)
    return sign + std::to_string(total / 86400) + "d " + hours + minutes +
           seconds;
  if (total >= 3600) return sign + hours + minutes + seconds;
  if (total >= 60) return sign + minutes + seconds;
  return sign + format_4g(value) + "s";
}

Result<Time> time_of_seconds(double seconds) {
  if (!std::isfinite(seconds))
    return fail(Code::kBadData, "value is NaN or Inf");
  const double ns = seconds * 1e9;
  if (ns >= 0x1p63 || ns < -0x1p63) {
    std::string text;
    append_float_go_g(text, seconds);
    return fail(Code::kBadData,
                text +
                    " cannot be represented as a nanoseconds timestamp "
                    "since it overflows int64");
  }
  // Upstream's time has milliseconds.
  return Time::from_ms(static_cast<std::int64_t>(ns) / 1'000'000);
}

Result<std::string> humanize_timestamp(double seconds) {
  if (!std::isfinite(seconds)) return format_4g(seconds);
  const auto time = time_of_seconds(seconds);
  if (!time) return fail(time.error());
  return to_string(*time);
}

}  // namespace prom::templates
