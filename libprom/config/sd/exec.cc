#include "libprom/config/sd/exec.h"

#include "libprom/base/utf8.h"
#include "libprom/config/sd/readers_internal.h"

namespace prom::config {

void read_sd(Fields& fields, ExecSdConfig& into) {
  fields.texts("command", into.command);
  fields.text_pairs("env", into.environment);
  fields.duration("refresh_interval", into.refresh_interval_ms);
  fields.duration("timeout", into.timeout_ms);
  if (into.command.empty() || into.command.front().empty())
    return fields.error("command", "command must name a program");
  // A bare name is looked for along PATH.
  if (into.command.front().find('/') != std::string::npos)
    into.command.front() = fields.file().joined(into.command.front());
  for (const auto& [name, value] : into.environment) {
    if (name.empty() || name.find('=') != std::string::npos)
      fields.error("env", quote(name) + " is no name of a variable");
  }
  if (into.timeout_ms <= 0) fields.error("timeout", "timeout must be positive");
}

}  // namespace prom::config
