// adjtimex: how well the clock is synchronized
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {

Status collect_timex(const Host& /*host*/, Families& families) {
  const Result<os::ClockState> clock = os::clock_state();
  if (!clock) return fail(clock.error());
  const auto gauge = [&](std::string_view name, std::string_view help,
                         double value) {
    families.gauge("node_timex_" + std::string(name), help, value);
  };
  const auto counter = [&](std::string_view name, std::string_view help,
                           std::int64_t value) {
    families.counter("node_timex_" + std::string(name), help,
                     static_cast<double>(value));
  };
  gauge("sync_status", "Whether the clock is synchronized.",
        clock->synchronized ? 1 : 0);
  gauge("status", "Status bits of the clock.",
        static_cast<double>(clock->status));
  gauge("offset_seconds", "Seconds between this clock and its reference.",
        clock->offset_s);
  gauge("frequency_adjustment_ratio", "How much faster the clock is made.",
        clock->frequency_ratio);
  gauge("maxerror_seconds", "The largest error possible.", clock->error_max_s);
  gauge("estimated_error_seconds", "The error estimated.",
        clock->error_estimate_s);
  gauge("loop_time_constant", "Time constant of the phase-locked loop.",
        static_cast<double>(clock->loop_time_constant));
  gauge("tick_seconds", "Seconds between ticks.", clock->tick_s);
  gauge("tai_offset_seconds", "Seconds by which TAI is ahead of UTC.",
        static_cast<double>(clock->tai_offset_s));
  gauge("pps_frequency_hertz", "Pulse per second: frequency.",
        clock->pps_frequency_hz);
  gauge("pps_jitter_seconds", "Pulse per second: jitter.", clock->pps_jitter_s);
  gauge("pps_shift_seconds", "Pulse per second: length of an interval.",
        clock->pps_shift_s);
  gauge("pps_stability_hertz", "Pulse per second: stability.",
        clock->pps_stability_hz);
  counter("pps_jitter_total", "Pulse per second: jitter beyond its limit.",
          clock->pps_jitter_count);
  counter("pps_calibration_total", "Pulse per second: intervals.",
          clock->pps_calibration_count);
  counter("pps_error_total", "Pulse per second: errors.",
          clock->pps_error_count);
  counter("pps_stability_exceeded_total",
          "Pulse per second: stability beyond its limit.",
          clock->pps_stability_count);
  return {};
}

}  // namespace prom::exports
