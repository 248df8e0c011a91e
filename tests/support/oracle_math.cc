// Functions of one float, dates, timestamps.
#include <chrono>

#include "tests/support/oracle_internal.h"

namespace prom::test {

using namespace promql;  // NOLINT: this file is about nothing else

namespace {

// As Go's math.Max and math.Min: an infinity beats NaN.
double go_max(double a, double b) {
  if (a == kOracleInf || b == kOracleInf) return kOracleInf;
  if (std::isnan(a) || std::isnan(b)) return kOracleNan;
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double go_min(double a, double b) {
  return -go_max(-a, -b);
}

double rounded(double value, double to) {
  const double inverse = 1 / to;
  return std::floor(value * inverse + 0.5) / inverse;
}

std::optional<double> exact(FunctionId id, double v) {
  switch (id) {
    case FunctionId::kAbs:
      return std::fabs(v);
    case FunctionId::kCeil:
      return std::ceil(v);
    case FunctionId::kFloor:
      return std::floor(v);
    case FunctionId::kSqrt:
      return std::sqrt(v);
    case FunctionId::kSgn:
      return v < 0 ? -1 : (v > 0 ? 1 : v);
    case FunctionId::kRad:
      return v * 3.141592653589793 / 180;
    case FunctionId::kDeg:
      return v * 180 / 3.141592653589793;
    default:
      return std::nullopt;
  }
}

double transcendental(FunctionId id, double v) {
  switch (id) {
    case FunctionId::kExp:
      return std::exp(v);
    case FunctionId::kLn:
      return std::log(v);
    case FunctionId::kLog2:
      return std::log2(v);
    case FunctionId::kLog10:
      return std::log10(v);
    case FunctionId::kSin:
      return std::sin(v);
    case FunctionId::kCos:
      return std::cos(v);
    case FunctionId::kTan:
      return std::tan(v);
    case FunctionId::kAsin:
      return std::asin(v);
    case FunctionId::kAcos:
      return std::acos(v);
    case FunctionId::kAtan:
      return std::atan(v);
    case FunctionId::kSinh:
      return std::sinh(v);
    case FunctionId::kCosh:
      return std::cosh(v);
    case FunctionId::kTanh:
      return std::tanh(v);
    case FunctionId::kAsinh:
      return std::asinh(v);
    case FunctionId::kAcosh:
      return std::acosh(v);
    case FunctionId::kAtanh:
      return std::atanh(v);
    default:
      throw OracleFailure{"oracle does not know this function"};
  }
}

bool is_date(FunctionId id) {
  switch (id) {
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfYear:
    case FunctionId::kDaysInMonth:
    case FunctionId::kHour:
    case FunctionId::kMinute:
    case FunctionId::kMonth:
    case FunctionId::kYear:
      return true;
    default:
      return false;
  }
}

double date_part(FunctionId id, double unix_s) {
  constexpr double kSecondsMax = 1e11;  // in the year 5138
  if (!(std::fabs(unix_s) < kSecondsMax)) {
    throw OracleOpen{"the date of a time beyond the calendar"};
  }
  using std::chrono::days;
  const std::chrono::sys_seconds time{
      std::chrono::seconds(static_cast<std::int64_t>(unix_s))};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::int64_t second = (time - day).count();
  switch (id) {
    case FunctionId::kHour:
      return static_cast<double>(second / 3600);
    case FunctionId::kMinute:
      return static_cast<double>(second / 60 % 60);
    case FunctionId::kYear:
      return static_cast<int>(date.year());
    case FunctionId::kMonth:
      return static_cast<unsigned>(date.month());
    case FunctionId::kDayOfMonth:
      return static_cast<unsigned>(date.day());
    case FunctionId::kDayOfWeek:
      return std::chrono::weekday{day}.c_encoding();
    case FunctionId::kDayOfYear: {
      const std::chrono::sys_days new_year{date.year() / 1 / 1};
      return static_cast<double>((day - new_year).count() + 1);
    }
    default: {
      const std::chrono::year_month_day_last last{date.year() / date.month() /
                                                  std::chrono::last};
      return static_cast<unsigned>(last.day());
    }
  }
}

}  // namespace

OracleVector Oracle::math_call(const Call& node, const Times& span,
                               std::int64_t now) {
  const FunctionId id = node.function->id;
  const auto argument = [&](std::size_t i) {
    return scalar(*node.args[i], span, now);
  };
  if (node.args.empty()) {
    return {{Labels(),
             {date_part(id, std::floor(static_cast<double>(now) / 1000)), {}},
             false,
             0,
             0}};
  }
  const Expr& inner = *node.args[0];
  const std::size_t where = inner.range.begin;
  if (id == FunctionId::kTimestamp || id == FunctionId::kStartTimestamp) {
    const auto* selector = unwrap(inner).as<VectorSelector>();
    // Between samples there are no times of samples: "smoothed" says nothing.
    const bool direct = selector != nullptr;
    OracleVector out;
    for (OracleElement& element :
         direct ? select(*selector, false,
                         (selector->at.is_set() ? selector->at.ms : now) -
                             selector->offset.ms)
                : vector(inner, span, now)) {
      std::int64_t time = direct ? element.time_ms : now;
      if (id == FunctionId::kStartTimestamp) {
        if (!direct || !options_.use_start_timestamps) continue;
        time = element.start_ms;
      }
      out.push_back({renamed(element.labels),
                     {static_cast<double>(time) / 1000, {}},
                     true,
                     0,
                     0});
    }
    return out;
  }
  double low = -kOracleInf;
  double high = kOracleInf;
  double to = 1;
  if (id == FunctionId::kClamp) {
    low = argument(1);
    high = argument(2);
  } else if (id == FunctionId::kClampMin) {
    low = argument(1);
  } else if (id == FunctionId::kClampMax) {
    high = argument(1);
  } else if (id == FunctionId::kRound && node.args.size() > 1) {
    to = argument(1);
  }
  const OracleVector in = vector(inner, span, now);
  const bool clamps = id == FunctionId::kClamp || id == FunctionId::kClampMin ||
                      id == FunctionId::kClampMax;
  if (clamps && high < low) return {};
  OracleVector out;
  for (const OracleElement& element : in) {
    if (element.is_histogram()) continue;
    const double v = element.number();
    double result = 0;
    if (clamps) {
      result = go_max(low, go_min(high, v));
    } else if (id == FunctionId::kRound) {
      result = rounded(v, to);
    } else if (is_date(id)) {
      result = date_part(id, v);
    } else if (const auto simple = exact(id, v)) {
      result = *simple;
    } else {
      result = inexact(transcendental(id, v), where);
    }
    out.push_back({renamed(element.labels), {result, {}}, true, 0, 0});
  }
  return out;
}

}  // namespace prom::test
