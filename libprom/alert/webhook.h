// The webhook receiver: the notification as JSON, in upstream's form or the
// one that `payload` describes.
#pragma once

#include <memory>

#include "libprom/alert/notifier.h"
#include "libprom/config/alertmanager.h"

namespace prom::alert {

std::shared_ptr<const Notifier> make_webhook(config::WebhookReceiver config);

}  // namespace prom::alert
