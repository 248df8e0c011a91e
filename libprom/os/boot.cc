#include "libprom/os/boot.h"

#include "libprom/base/checksum.h"
#include "libprom/os/file.h"

namespace prom::os {

std::uint64_t boot_id() {
  // Without the file every process start counts as a boot, which costs a scan
  // of the newest records and is otherwise right.
  const auto text = read_file("/proc/sys/kernel/random/boot_id", 4096);
  if (!text) return static_cast<std::uint64_t>(-1);
  return hash64(*text) | 1U;
}

}  // namespace prom::os
