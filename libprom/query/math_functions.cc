// Functions that map each float to a float: abs … tanh, round, clamp.
#include <cmath>
#include <limits>
#include <numbers>

#include "libprom/query/evaluator.h"
#include "libprom/query/math.h"

namespace prom::query {

using promql::FunctionId;

// As Go's math.Max: an infinity beats NaN, and +0 beats -0.
double max_of(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (a == kInf || b == kInf) return kInf;
  if (std::isnan(a) || std::isnan(b)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double min_of(double a, double b) {
  return -max_of(-a, -b);
}

namespace {

using FloatFunction = double (*)(double);

double sign(double value) {
  if (value < 0) return -1;
  if (value > 0) return 1;
  return value;
}
double to_radians(double degrees) {
  constexpr double kHalfTurn = 180;
  return degrees * std::numbers::pi / kHalfTurn;
}
double to_degrees(double radians) {
  constexpr double kHalfTurn = 180;
  return radians * kHalfTurn / std::numbers::pi;
}

FloatFunction find_float_function(FunctionId id) {
  switch (id) {
    case FunctionId::kAbs:
      return [](double v) { return std::fabs(v); };
    case FunctionId::kCeil:
      return [](double v) { return std::ceil(v); };
    case FunctionId::kFloor:
      return [](double v) { return std::floor(v); };
    case FunctionId::kExp:
      return [](double v) { return std::exp(v); };
    case FunctionId::kSqrt:
      return [](double v) { return std::sqrt(v); };
    case FunctionId::kLn:
      return [](double v) { return std::log(v); };
    case FunctionId::kLog2:
      return [](double v) { return std::log2(v); };
    case FunctionId::kLog10:
      return [](double v) { return std::log10(v); };
    case FunctionId::kSin:
      return [](double v) { return std::sin(v); };
    case FunctionId::kCos:
      return [](double v) { return std::cos(v); };
    case FunctionId::kTan:
      return [](double v) { return std::tan(v); };
    case FunctionId::kAsin:
      return [](double v) { return std::asin(v); };
    case FunctionId::kAcos:
      return [](double v) { return std::acos(v); };
    case FunctionId::kAtan:
      return [](double v) { return std::atan(v); };
    case FunctionId::kSinh:
      return [](double v) { return std::sinh(v); };
    case FunctionId::kCosh:
      return [](double v) { return std::cosh(v); };
    case FunctionId::kTanh:
      return [](double v) { return std::tanh(v); };
    case FunctionId::kAsinh:
      return [](double v) { return std::asinh(v); };
    case FunctionId::kAcosh:
      return [](double v) { return std::acosh(v); };
    case FunctionId::kAtanh:
      return [](double v) { return std::atanh(v); };
    case FunctionId::kRad:
      return to_radians;
    case FunctionId::kDeg:
      return to_degrees;
    case FunctionId::kSgn:
      return sign;
    default:
      return nullptr;
  }
}

// Applies f(value, step) to floats; histograms go.
template <typename F>
MapBody floats_only(F f) {
  return [f = std::move(f)](Cells& cells, Worker& /*worker*/) -> Status {
    for (std::size_t at = 0; at < cells.size(); ++at) {
      const bool is_float = cells.kind(at) == CellKind::kFloat;
      const std::optional<double> value =
          is_float ? f(cells.value(at), at % cells.steps()) : std::nullopt;
      if (value) {
        cells.set(at, *value);
      } else {
        cells.clear(at);
      }
    }
    return {};
  };
}

MapBody rounding(ScalarValues to_nearest) {
  return floats_only(
      [to = std::move(to_nearest)](double value,
                                   std::size_t step) -> std::optional<double> {
        // The inverse loses fewer digits than the division.
        constexpr double kHalf = 0.5;
        const double inverse = to.empty() ? 1 : 1 / to[step];
        return std::floor(value * inverse + kHalf) / inverse;
      });
}

// Empty bounds are infinite.
MapBody clamping(ScalarValues lower, ScalarValues upper) {
  return floats_only(
      [lower = std::move(lower), upper = std::move(upper)](
          double value, std::size_t step) -> std::optional<double> {
        constexpr double kInf = std::numeric_limits<double>::infinity();
        const double min = lower.empty() ? -kInf : lower[step];
        const double max = upper.empty() ? kInf : upper[step];
        if (max < min) return std::nullopt;
        return max_of(min, min_of(max, value));
      });
}

}  // namespace

bool is_math_function(FunctionId id) {
  return find_float_function(id) != nullptr || id == FunctionId::kRound ||
         id == FunctionId::kClamp || id == FunctionId::kClampMin ||
         id == FunctionId::kClampMax;
}

Result<StreamPtr> call_math(Evaluator& evaluator, const promql::Call& node,
                            const Steps& steps) {
  std::vector<ScalarValues> arguments;
  for (std::size_t i = 1; i < node.args.size(); ++i) {
    auto values = evaluator.scalar(*node.args[i], steps);
    if (!values) return fail(std::move(values).error());
    arguments.push_back(std::move(*values));
  }
  auto input = evaluator.vector(*node.args.front(), steps);
  if (!input) return input;
  MapBody body;
  switch (node.function->id) {
    case FunctionId::kRound:
      body = rounding(arguments.empty() ? ScalarValues()
                                        : std::move(arguments.front()));
      break;
    case FunctionId::kClamp:
      body = clamping(std::move(arguments[0]), std::move(arguments[1]));
      break;
    case FunctionId::kClampMin:
      body = clamping(std::move(arguments[0]), {});
      break;
    case FunctionId::kClampMax:
      body = clamping({}, std::move(arguments[0]));
      break;
    default:
      body = floats_only(
          [function = find_float_function(node.function->id)](
              double value, std::size_t /*step*/) -> std::optional<double> {
            return function(value);
          });
      break;
  }
  return map_stream(evaluator.query, std::move(*input), {}, std::move(body),
                    evaluator.annotations);
}

}  // namespace prom::query
