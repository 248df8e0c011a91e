// SIGINT and SIGTERM as a question that a long command asks between two steps,
// so that it removes what it has half made before it ends.
#pragma once

#include <csignal>

#include "libprom/base/result.h"
#include "libprom/os/signals.h"

namespace prom::store {

// One thread, the only one of the process when it is made.
class Interrupt {
 public:
  Interrupt() : signals_(os::Signals::collect({SIGINT, SIGTERM})) {
    os::ignore_sigpipe();
  }

  // Readable when it would be asked; -1 when signals cannot be collected.
  [[nodiscard]] int fd() const { return signals_ ? signals_->fd() : -1; }

  bool asked() {
    if (!asked_ && signals_) asked_ = signals_->next().has_value();
    return asked_;
  }

 private:
  Result<os::Signals> signals_;
  bool asked_ = false;
};

}  // namespace prom::store
