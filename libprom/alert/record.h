// Alerts, silences and log entries as bytes of state records.  Fields are only
// ever added at the end: a reader takes what is there.
#pragma once

#include <string>
#include <string_view>

#include "libprom/alert/alert.h"
#include "libprom/alert/notification_log.h"
#include "libprom/alert/silence.h"
#include "libprom/base/result.h"

namespace prom::alert {

std::string encode(const Alert& alert);
std::string encode(const Silence& silence);
std::string encode(const LogEntry& entry);

// kCorrupt for bytes that encode() did not write.
Result<Alert> decode_alert(std::string_view bytes);
Result<Silence> decode_silence(std::string_view bytes);
Result<LogEntry> decode_log_entry(std::string_view bytes);

}  // namespace prom::alert
