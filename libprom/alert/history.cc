#include "libprom/alert/history.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/os/log.h"

namespace prom::alert {
namespace {

// Alerts named in a line; the rest is only counted.
constexpr std::size_t kAlertsMax = 20;

}  // namespace

std::string history_line(const Delivery& delivery, const Outcome& outcome,
                         std::int64_t now_ms, std::int64_t took_ms) {
  const Notification& told = *delivery.notification;
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("time").string(format_rfc3339(now_ms));
  json.key("receiver").string(told.receiver);
  json.key("integration").string(delivery.integration->key());
  json.key("groupKey").string(told.group_key);
  json.key("status").string(told.status());
  json.key("reason").string(to_string(told.reason));
  json.key("result").string(outcome.ok      ? "delivered"
                            : outcome.retry ? "failed, will retry"
                                            : "failed");
  if (!outcome.ok) json.key("error").string(outcome.error);
  json.key("tookMs").integer(took_ms);
  json.key("idempotencyKey").string(told.idempotency_key);
  json.key("alertCount").integer(static_cast<std::int64_t>(told.alerts.size()));
  json.key("alerts").begin_array();
  for (std::size_t i = 0; i < told.alerts.size() && i < kAlertsMax; ++i) {
    json.begin_object();
    for (const LabelView label : told.alerts[i].labels)
      json.key(label.name).string(label.value);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return text + "\n";
}

Result<History> History::open(const std::string& directory) {
  History history(os::join_path(directory, "history.jsonl"));
  if (Status opened = history.reopen(); !opened)
    return fail(std::move(opened).error());
  return history;
}

Status History::reopen() {
  fd_ = os::Fd(
      ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!fd_.valid()) return fail(os::system_error("open " + path_, errno));
  auto info = os::file_info(path_);
  size_ = info ? info->size : 0;
  return {};
}

void History::add(const Delivery& delivery, const Outcome& outcome,
                  std::int64_t now_ms, std::int64_t took_ms) {
  const std::string line = history_line(delivery, outcome, now_ms, took_ms);
  Status done;
  if (size_ + line.size() > kHistoryBytesMax && size_ > 0) {
    done = os::real_file_system().rename(path_, path_ + ".1");
    if (done) done = reopen();
  }
  if (done && write(fd_.get(), line.data(), line.size()) !=
                  static_cast<ssize_t>(line.size()))
    done = fail(os::system_error("write " + path_, errno));
  size_ += line.size();
  if (done || complained_) return;
  complained_ = true;
  os::log_warn("history is not kept", {{"err", done.error().message}});
}

}  // namespace prom::alert
