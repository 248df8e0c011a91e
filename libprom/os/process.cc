#include "libprom/os/process.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/os/file.h"

namespace prom::os {
namespace {

// Fields of proc_pid_stat(5), counted from the one behind the name.
constexpr std::size_t kUserTicks = 11;
constexpr std::size_t kSystemTicks = 12;
constexpr std::size_t kStartTicks = 19;
constexpr std::size_t kVirtualBytes = 20;
constexpr std::size_t kResidentPages = 21;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::uint64_t> fields_of(std::string_view text) {
  std::vector<std::uint64_t> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    fields.push_back(number(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

// When the host was booted, in seconds since 1970.
double boot_time() {
  const Result<std::string> stat = read_file("/proc/stat");
  constexpr std::string_view kLine = "\nbtime ";
  const std::size_t at = stat ? stat->find(kLine) : std::string::npos;
  if (at == std::string::npos) return 0;
  return static_cast<double>(
      number(std::string_view(*stat).substr(at + kLine.size())));
}

}  // namespace

Result<ProcessStats> process_stats() {
  const Result<std::string> text = read_file("/proc/self/stat");
  if (!text) return fail(text.error());
  // The name is in parentheses and may hold anything.
  const std::size_t name_end = text->rfind(") ");
  if (name_end == std::string::npos)
    return fail(Code::kInternal, "/proc/self/stat: malformed");
  const auto fields = fields_of(std::string_view(*text).substr(name_end + 2));
  if (fields.size() <= kResidentPages)
    return fail(Code::kInternal, "/proc/self/stat: too short");
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessStats stats;
  stats.cpu_seconds =
      static_cast<double>(fields[kUserTicks] + fields[kSystemTicks]) / ticks;
  stats.virtual_bytes = fields[kVirtualBytes];
  stats.resident_bytes = fields[kResidentPages] *
                         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  static const double kBooted = boot_time();
  stats.start_time_seconds =
      kBooted + static_cast<double>(fields[kStartTicks]) / ticks;
  const auto open = real_file_system().list("/proc/self/fd");
  // One of them is the directory being listed.
  if (open && !open->empty()) stats.open_files = open->size() - 1;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    stats.open_files_max = limit.rlim_cur;
  return stats;
}

void lower_priority() {
  constexpr int kNice = 10;
  // Of linux/ioprio.h, which not every system has.
  constexpr int kWhoProcess = 1;
  constexpr int kClassIdle = 3 << 13;
  // When it is refused, the work is done at the priority that there is.
  (void)::setpriority(PRIO_PROCESS, 0, kNice);
  (void)::syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle);
}

}  // namespace prom::os
