#include "libprom/os/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/os/clock.h"

namespace prom::os {
namespace {

LogOptions options;  // NOLINT: set once before threads start

constexpr std::array<std::string_view, 4> kNames = {"DEBUG", "INFO", "WARN",
                                                    "ERROR"};
// syslog priorities, as sd-daemon(3) reads them at the front of a line.
constexpr std::array<std::string_view, 4> kJournal = {"<7>", "<6>", "<4>",
                                                      "<3>"};

// The journal announces its stream as "device:inode" in JOURNAL_STREAM.
bool stderr_is_journal() {
  const char* stream = ::getenv("JOURNAL_STREAM");
  struct stat info{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) ==
         stream;
}

void append_value(std::string& line, std::string_view value) {
  const std::string safe = printable(value);
  if (!safe.empty() && safe.find_first_of(" \"=\\") == std::string::npos) {
    line += safe;
  } else {
    append_quoted(line, safe);
  }
}

std::string logfmt_line(LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  static const bool kToJournal = stderr_is_journal();
  std::string line;
  const auto index = static_cast<std::size_t>(level);
  if (kToJournal) {
    line += kJournal[index];
  } else {
    line += "time=" + format_rfc3339(real_clock().wall_ms()) + " ";
  }
  line += "level=";
  line += kNames[index];
  line += " msg=";
  append_value(line, message);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    append_value(line, value);
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  json.key("time").string(format_rfc3339(real_clock().wall_ms()));
  json.key("level").string(kNames[static_cast<std::size_t>(level)]);
  json.key("msg").string(message);
  for (const auto& [name, value] : fields) json.key(name).string(value);
  json.end_object();
  return line;
}

}  // namespace

void configure_log(const LogOptions& new_options) {
  options = new_options;
}

Result<LogLevel> parse_log_level(std::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warn") return LogLevel::kWarn;
  if (text == "error") return LogLevel::kError;
  return fail(Code::kUsage, "unknown log level \"" + std::string(text) +
                                "\"; one of debug, info, warn, error");
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "auto") return LogFormat::kAuto;
  if (text == "logfmt") return LogFormat::kLogfmt;
  if (text == "json") return LogFormat::kJson;
  return fail(Code::kUsage, "unknown log format \"" + std::string(text) +
                                "\"; one of auto, logfmt, json");
}

void log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields) {
  if (level < options.level) return;
  std::string line = options.format == LogFormat::kJson
                         ? json_line(level, message, fields)
                         : logfmt_line(level, message, fields);
  line += '\n';
  // Nothing sensible is left to do when logging itself fails.
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace prom::os
