// What only system calls tell about this host: file systems, the kernel's
// name, its clock.  Everything else is in /proc and /sys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

namespace prom::os {

// statvfs(3).  May hang for as long as a network file system does.
struct FileSystemStats {
  std::uint64_t size_bytes = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t available_bytes = 0;  // to unprivileged users
  std::uint64_t files = 0;
  std::uint64_t files_free = 0;
};
Result<FileSystemStats> file_system_stats(const std::string& path);
// The same, but not longer than `timeout_ms`: kTimeout then, and kBusy at once
// for a path whose last call has not returned yet.  Costs a thread.
Result<FileSystemStats> file_system_stats(const std::string& path,
                                          std::int64_t timeout_ms);

// uname(2).
struct KernelName {
  std::string system, node, release, version, machine, domain;
};
KernelName kernel_name();

// The local time zone at `unix_seconds`.
struct TimeZone {
  std::string name;  // "CET"
  std::int64_t offset_seconds = 0;
};
TimeZone time_zone(std::int64_t unix_seconds);

// adjtimex(2), read only, in seconds and hertz.
struct ClockState {
  bool synchronized = false;
  double offset_s = 0;
  double frequency_ratio = 1;
  double error_max_s = 0;
  double error_estimate_s = 0;
  std::int64_t status = 0;  // bits STA_*
  std::int64_t loop_time_constant = 0;
  double tick_s = 0;
  double pps_frequency_hz = 0;
  double pps_jitter_s = 0;
  double pps_shift_s = 0;
  double pps_stability_hz = 0;
  std::int64_t pps_jitter_count = 0;
  std::int64_t pps_calibration_count = 0;
  std::int64_t pps_error_count = 0;
  std::int64_t pps_stability_count = 0;
  std::int64_t tai_offset_s = 0;
};
Result<ClockState> clock_state();

std::int64_t page_bytes();
std::int64_t clock_ticks_per_second();

// Where a symbolic link leads, all links followed; kMissing when nowhere.
Result<std::string> real_path(const std::string& path);

}  // namespace prom::os
