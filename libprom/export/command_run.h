// `prom-export command -- CMD…`: how a command went, and what it said.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/cli/command.h"

namespace prom::exports {

struct CommandOptions {
  std::vector<std::string> arguments;  // the command
  std::string name;  // label `command`; default: its file name
  std::int64_t timeout_ms = 300'000;
  std::string output;
};

// The command's output counts as samples if it is exposition text without
// timestamps.  Exit kOk however the command ended: that is what is measured.
cli::Exit run_command(const CommandOptions& options, cli::Io& io);

}  // namespace prom::exports
