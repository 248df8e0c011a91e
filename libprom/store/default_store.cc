#include "libprom/store/default_store.h"

#include <cstdlib>

namespace prom::store {

std::string default_store() {
  const char* const value = std::getenv("PROM_STORE");
  return value != nullptr && *value != '\0' ? value : "prom-data";
}

cli::Flag store_flag(std::string& into) {
  return {.name = "store",
          .short_name = "S",
          .value = "DIR",
          .help = "The store; default $PROM_STORE, else ./prom-data.",
          .set = cli::into_text(into)};
}

}  // namespace prom::store
