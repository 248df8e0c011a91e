#include "libprom/config/sd/vultr.h"

#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, VultrSdConfig& into) {
  read_polled(fields, into);
}

}  // namespace prom::config
