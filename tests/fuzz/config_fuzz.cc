// Any bytes as each kind of configuration.  The first byte chooses the kind.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libprom/config/load.h"
#include "libprom/config/targets.h"
#include "libprom/config/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1),
                              size - 1);
  const auto no_environment = [](const std::string&) { return std::string(); };
  switch (data[0] % 6) {
    case 0:
      // A path that nothing matches, so that no other file is read.
      static_cast<void>(prom::config::parse_prometheus(
          text, "/nonexistent/x.yml", no_environment));
      break;
    case 1:
      static_cast<void>(prom::config::parse_rules(text, "x.yml"));
      break;
    case 2:
      static_cast<void>(prom::config::parse_alertmanager(text, "x.yml"));
      break;
    case 3:
      static_cast<void>(prom::config::parse_http_sd(text, "http://x/"));
      break;
    case 4:
      static_cast<void>(prom::config::parse_target_set(text));
      break;
    default:
      static_cast<void>(prom::config::parse_value(text));
  }
  return 0;
}
