// Reading a mapped file can fail: somebody truncated it, or the disk cannot
// read a page.  The kernel says so with SIGBUS.  A FaultGuard turns that into
// a state that can be asked for: the page that faulted reads as zeros from
// then on, and whoever reads the region notices by its checksums and asks the
// guard why.  A SIGBUS anywhere else ends the process as ever.
#pragma once

#include <cstdint>
#include <optional>

#include "libprom/base/bytes.h"

namespace prom::os {

// Movable.  Any thread may read the region and ask.  The region must stay
// mapped as long as the guard lives.
class FaultGuard {
 public:
  FaultGuard() = default;
  // Watches `region`, which is a mapping of a file from its beginning.  At most
  // kFaultGuardsMax at a time; regions beyond that are not guarded.
  explicit FaultGuard(Bytes region);
  FaultGuard(FaultGuard&& other) noexcept;
  FaultGuard& operator=(FaultGuard&& other) noexcept;
  ~FaultGuard();

  // Offset into the region of the last page that could not be read.
  [[nodiscard]] std::optional<std::uint64_t> fault() const;

 private:
  int slot_ = -1;
};

constexpr int kFaultGuardsMax = 16384;

}  // namespace prom::os
