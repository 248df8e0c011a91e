// The JSON of API v2, both ways.  api_json.cc is the only file of the module
// that sees the library which reads it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/alert/alert.h"
#include "libprom/alert/silence.h"
#include "libprom/base/json_writer.h"

namespace prom::alert {

// A refusal as the API words it: a status, and either a code and a message or
// a bare string.
struct ApiError {
  int status = 400;
  int code = 0;  // 0: the message alone is the body
  std::string message;
};

template <typename T>
using ApiResult = std::expected<T, ApiError>;

// The body of POST /alerts.  What follows from missing times is filled in by
// the caller.
ApiResult<std::vector<Alert>> read_alerts(std::string_view body);
// The body of POST /silences.
ApiResult<Silence> read_silence(std::string_view body);

// One alert as prom-alert send reads it, a line each; the same fields.
Result<Alert> read_alert_line(std::string_view line);

// What GET /alerts and GET /silences answer, for the tools that ask.
struct ListedAlert {
  Alert alert;
  std::string state;  // "active", "suppressed"
};
Result<std::vector<ListedAlert>> read_listed_alerts(std::string_view body);
Result<std::vector<Silence>> read_silences(std::string_view body);

// What is said of an alert besides itself.
struct AlertStatus {
  std::vector<std::string> receivers;
  std::vector<std::string> silenced_by;
  std::vector<std::string> inhibited_by;
  std::vector<std::string> muted_by;
};
void write_alert(JsonWriter& json, const Alert& alert,
                 const AlertStatus& status);
void write_silence(JsonWriter& json, const Silence& silence,
                   std::int64_t now_ms);
// An alert as it is posted.
void write_posted_alert(JsonWriter& json, const Alert& alert);
// A silence as it is posted.
std::string posted_silence(const Silence& silence);

// RFC 3339 with exactly three digits of a second.
std::string format_api_time(std::int64_t time_ms);

// {"a":"b"} in the order of names.
void write_labels(JsonWriter& json, const Labels& labels);

}  // namespace prom::alert
