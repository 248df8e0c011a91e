#include "libprom/os/host.h"

#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "libprom/os/file.h"

namespace prom::os {
namespace {

// Paths whose statvfs has not returned.
struct Stuck {
  std::mutex mutex;
  std::set<std::string> paths;
};
Stuck& stuck() {
  static Stuck& instance = *new Stuck;  // threads may outlive main
  return instance;
}

struct PendingStats {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<FileSystemStats>> result;
};

}  // namespace

Result<FileSystemStats> file_system_stats(const std::string& path) {
  struct statvfs raw{};
  int status = 0;
  do {
    status = ::statvfs(path.c_str(), &raw);
  } while (status != 0 && errno == EINTR);
  if (status != 0) return fail(system_error("statvfs " + path, errno));
  return FileSystemStats{raw.f_blocks * raw.f_frsize,
                         raw.f_bfree * raw.f_frsize,
                         raw.f_bavail * raw.f_frsize, raw.f_files, raw.f_ffree};
}

Result<FileSystemStats> file_system_stats(const std::string& path,
                                          std::int64_t timeout_ms) {
  {
    const std::lock_guard lock(stuck().mutex);
    if (!stuck().paths.insert(path).second)
      return fail(Code::kBusy, "statvfs " + path + " has not returned yet");
  }
  // The thread owns a share: it may return long after us.
  const auto pending = std::make_shared<PendingStats>();
  std::thread([pending, path] {
    Result<FileSystemStats> result = file_system_stats(path);
    {
      const std::lock_guard lock(stuck().mutex);
      stuck().paths.erase(path);
    }
    const std::lock_guard lock(pending->mutex);
    pending->result = std::move(result);
    pending->done.notify_one();
  }).detach();
  std::unique_lock lock(pending->mutex);
  if (!pending->done.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                              [&] { return pending->result.has_value(); }))
    return fail(Code::kTimeout, "statvfs " + path + " does not return");
  return *pending->result;
}

KernelName kernel_name() {
  struct utsname raw{};
  if (::uname(&raw) != 0) return {};
  return {raw.sysname, raw.nodename, raw.release,
          raw.version, raw.machine,  raw.domainname};
}

TimeZone time_zone(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  struct tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return {};
  return {local.tm_zone == nullptr ? "" : local.tm_zone, local.tm_gmtoff};
}

Result<ClockState> clock_state() {
  struct timex raw{};
  const int state = ::adjtimex(&raw);
  if (state < 0) return fail(system_error("adjtimex", errno));
  constexpr double kMicro = 1e-6;
  // Parts per million with a 16-bit fraction.
  constexpr double kFrequencyUnit = 1e6 * 65536.0;
  const double fine = (raw.status & STA_NANO) != 0 ? 1e-9 : kMicro;
  const auto number = [](long value) { return static_cast<double>(value); };
  ClockState clock;
  clock.synchronized = state != TIME_ERROR;
  clock.offset_s = number(raw.offset) * fine;
  clock.frequency_ratio = 1 + number(raw.freq) / kFrequencyUnit;
  clock.error_max_s = number(raw.maxerror) * kMicro;
  clock.error_estimate_s = number(raw.esterror) * kMicro;
  clock.status = raw.status;
  clock.loop_time_constant = raw.constant;
  clock.tick_s = number(raw.tick) * kMicro;
  clock.pps_frequency_hz = number(raw.ppsfreq) / kFrequencyUnit;
  clock.pps_jitter_s = number(raw.jitter) * fine;
  clock.pps_shift_s = raw.shift;
  clock.pps_stability_hz = number(raw.stabil) / kFrequencyUnit;
  clock.pps_jitter_count = raw.jitcnt;
  clock.pps_calibration_count = raw.calcnt;
  clock.pps_error_count = raw.errcnt;
  clock.pps_stability_count = raw.stbcnt;
  clock.tai_offset_s = raw.tai;
  return clock;
}

std::int64_t page_bytes() {
  return ::sysconf(_SC_PAGESIZE);
}
std::int64_t clock_ticks_per_second() {
  return ::sysconf(_SC_CLK_TCK);
}

Result<std::string> real_path(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  if (::realpath(path.c_str(), buffer.data()) == nullptr)
    return fail(system_error("realpath " + path, errno));
  return std::string(buffer.data());
}

}  // namespace prom::os
