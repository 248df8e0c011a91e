// The e-mail receiver.
#pragma once

#include <memory>

#include "libprom/alert/notifier.h"
#include "libprom/config/alertmanager.h"

namespace prom::alert {

std::shared_ptr<const Notifier> make_email(config::EmailReceiver config);

}  // namespace prom::alert
