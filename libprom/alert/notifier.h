// What is told to a receiver, and the interface behind which each kind of
// receiver is one file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libprom/alert/alert.h"
#include "libprom/alert/notification_log.h"
#include "libprom/config/alertmanager.h"
#include "libprom/http/client.h"
#include "libprom/template/template.h"

namespace prom::alert {

// One state of one group, for one integration.  Immutable.
struct Notification {
  std::string group_key;
  std::string receiver;
  Labels group_labels;
  config::TextPairs route_labels;  // templates
  std::vector<Alert> alerts;       // sorted; those that fire have no end
  Reason reason = Reason::kNone;
  std::int64_t now_ms = 0;
  // The same for every attempt to tell the same state, also after a restart.
  std::string idempotency_key;
  TextMap data;  // what the receiver kept from the notification before
  AlertHashes firing;
  AlertHashes resolved;  // also where they are not sent

  // "firing" while an alert does.
  [[nodiscard]] std::string_view status() const;
};

// What became of one attempt.
struct Outcome {
  bool ok = false;
  bool retry = false;      // trying again may help
  std::string error = {};  // printable, without secrets
  // Label of the failure metric: clientError, serverError, authError,
  // rateLimited, contextDeadlineExceeded, other.
  std::string_view reason = "other";
  std::int64_t retry_after_ms = 0;  // what the receiver asked for; 0: nothing
  TextMap data = {};                // to be kept for the next notification
};
Outcome delivered(TextMap data = {});
// Trying again does not help: the configuration or a template is wrong.
Outcome rejected(std::string error);

class BlockingPool;

// What receivers send with.  One thread; outlives every transfer.
struct Transport {
  http::Client& client;
  const templates::TemplateSet& templates;
  const std::string& external_url;  // without a trailing slash
  BlockingPool& blocking;           // for what has no asynchronous interface
};

class Notifier {
 public:
  using Done = std::function<void(Outcome)>;
  virtual ~Notifier() = default;
  // Begins one attempt and calls `done` once: now, or from within
  // Client::perform().
  virtual void send(const Notification& notification, Transport& transport,
                    Done done) const = 0;
};

// One entry of a receiver's lists.
struct Integration {
  std::string receiver;
  std::string kind;       // "webhook", "email"
  std::size_t index = 0;  // among the receiver's entries of its kind
  bool send_resolved = false;
  std::shared_ptr<const Notifier> notifier;

  // "<receiver>/<kind>/<index>"
  [[nodiscard]] std::string key() const;
};

}  // namespace prom::alert
