// System calls that a signal may interrupt before they have done anything.
#pragma once

#include <cerrno>

namespace prom::os {

// Calls until the result is another than -1 with EINTR.
template <typename Call>
auto retried(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace prom::os
