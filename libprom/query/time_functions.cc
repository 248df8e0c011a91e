// Functions about time: timestamp, start_timestamp, and parts of dates.
#include <cmath>

#include "libprom/base/duration.h"
#include "libprom/query/evaluator.h"

namespace prom::query {

using promql::FunctionId;

namespace {

constexpr double kMsPerSecond = 1000;

// A part of the date, UTC, of a time in Unix seconds.
double date_part(FunctionId id, double seconds) {
  // Beyond, a double has no whole seconds any more, and nobody a calendar.
  constexpr double kSecondsMax = 9e15;
  if (!(std::fabs(seconds) < kSecondsMax)) return std::nan("");
  const CivilTime time = civil_from_seconds(static_cast<std::int64_t>(seconds));
  switch (id) {
    case FunctionId::kYear:
      return static_cast<double>(time.year);
    case FunctionId::kMonth:
      return time.month;
    case FunctionId::kDayOfMonth:
      return time.day;
    case FunctionId::kDayOfWeek:
      return time.weekday;
    case FunctionId::kDayOfYear:
      return time.year_day;
    case FunctionId::kDaysInMonth:
      return days_in_month(time.year, time.month);
    case FunctionId::kHour:
      return time.hour;
    default:
      return time.minute;
  }
}

}  // namespace

bool is_date_function(FunctionId id) {
  switch (id) {
    case FunctionId::kYear:
    case FunctionId::kMonth:
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfYear:
    case FunctionId::kDaysInMonth:
    case FunctionId::kHour:
    case FunctionId::kMinute:
      return true;
    default:
      return false;
  }
}

Result<StreamPtr> call_date(Evaluator& evaluator, const promql::Call& node,
                            const Steps& steps) {
  const FunctionId id = node.function->id;
  if (node.args.empty()) {
    Rows rows;
    rows.cells.reset(1, steps.count);
    for (std::size_t step = 0; step < steps.count; ++step) {
      // Whole seconds, rounded towards zero.
      const std::int64_t seconds = steps.time_ms(step) / kSecondMs;
      rows.cells.set(step, date_part(id, static_cast<double>(seconds)));
    }
    rows.add(Labels(), false);
    return Table::make(evaluator.query, std::move(rows), steps.count);
  }
  auto input = evaluator.vector(*node.args.front(), steps);
  if (!input) return input;
  return map_stream(
      evaluator.query, std::move(*input), {},
      [id](Cells& cells, Worker& /*worker*/) -> Status {
        for (std::size_t at = 0; at < cells.size(); ++at) {
          if (cells.kind(at) == CellKind::kFloat) {
            cells.set(at, date_part(id, cells.value(at)));
          } else {
            cells.clear(at);
          }
        }
        return {};
      },
      evaluator.annotations);
}

Result<StreamPtr> call_timestamp(Evaluator& evaluator, const promql::Call& node,
                                 const Steps& steps) {
  const bool wants_start = node.function->id == FunctionId::kStartTimestamp;
  const promql::Expr& argument = promql::unwrap(*node.args.front());
  const auto* selector = argument.as<promql::VectorSelector>();
  // Only samples as they are stored have times of their own.
  auto input = selector != nullptr
                   ? select_instant(evaluator, *selector, argument.range, steps,
                                    wants_start ? SelectorValue::kStartTime
                                                : SelectorValue::kTime)
                   : evaluator.vector(*node.args.front(), steps);
  if (!input) return input;
  MapBody body;
  if (wants_start &&
      (selector == nullptr || !evaluator.query.options.use_start_timestamps)) {
    // Nothing is known, but the argument may have something to say.
    body = [](Cells& cells, Worker& /*worker*/) -> Status {
      for (std::size_t at = 0; at < cells.size(); ++at) cells.clear(at);
      return {};
    };
  } else if (selector == nullptr) {
    body = [steps](Cells& cells, Worker& /*worker*/) -> Status {
      for (std::size_t at = 0; at < cells.size(); ++at) {
        if (cells.kind(at) == CellKind::kNone) continue;
        const std::int64_t time = steps.time_ms(at % steps.count);
        cells.set(at, static_cast<double>(time) / kMsPerSecond);
      }
      return {};
    };
  }
  return map_stream(evaluator.query, std::move(*input), {}, std::move(body),
                    evaluator.annotations);
}

}  // namespace prom::query
