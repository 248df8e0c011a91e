// Log lines of long-running tools, on standard error: logfmt as Prometheus 3
// writes it, JSON, or with the journal's priority prefixes when standard error
// is the journal.  Values are untrusted: control characters come out escaped.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "libprom/base/result.h"

namespace prom::os {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kAuto, kLogfmt, kJson };

// Set once at start, before threads.
struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
};
void configure_log(const LogOptions& options);
Result<LogLevel> parse_log_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

using LogField = std::pair<std::string_view, std::string>;

// One line, one write(2): lines of threads and processes do not mix.
void log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});

inline void log_debug(std::string_view message,
                      std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kDebug, message, fields);
}
inline void log_info(std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, message, fields);
}
inline void log_warn(std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarn, message, fields);
}
inline void log_error(std::string_view message,
                      std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, message, fields);
}

}  // namespace prom::os
