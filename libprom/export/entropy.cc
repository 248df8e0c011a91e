// /proc/sys/kernel/random
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"

namespace prom::exports {

Status collect_entropy(const Host& host, Families& families) {
  const std::string directory = host.proc + "/sys/kernel/random/";
  const auto available = read_value(directory + "entropy_avail");
  const auto pool = read_value(directory + "poolsize");
  if (!available || !pool)
    return fail(Code::kMissing, "no " + directory + "entropy_avail");
  families.gauge("node_entropy_available_bits", "Bits of entropy at hand.",
                 *available);
  families.gauge("node_entropy_pool_size_bits", "Bits that the pool holds.",
                 *pool);
  return {};
}

}  // namespace prom::exports
