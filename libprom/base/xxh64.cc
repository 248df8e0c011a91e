#include "libprom/base/xxh64.h"

#include <xxhash.h>

namespace prom {

std::uint64_t xxh64(std::string_view text) {
  return XXH64(text.data(), text.size(), 0);
}

}  // namespace prom
