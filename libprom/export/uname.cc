// uname
#include "libprom/export/collector.h"
#include "libprom/export/reading.h"
#include "libprom/os/host.h"

namespace prom::exports {

Status collect_uname(const Host& /*host*/, Families& families) {
  const os::KernelName name = os::kernel_name();
  families.gauge("node_uname_info",
                 "What uname(2) says; the value is always 1.", 1,
                 {{"domainname", name.domain},
                  {"machine", name.machine},
                  {"nodename", name.node},
                  {"release", name.release},
                  {"sysname", name.system},
                  {"version", name.version}});
  return {};
}

}  // namespace prom::exports
