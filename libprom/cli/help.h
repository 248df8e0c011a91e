// Text that is made from a Command's table: --help, --help-all, and the dump
// that scripts/check-man and the completions read.
#pragma once

#include <string>

#include "libprom/cli/command.h"

namespace prom::cli {

// `path` is the command with the words that lead to it: "prom-store append".
std::string help_text(const Command& command, const std::string& path,
                      bool everything);

// "Usage: prom-store append [OPTION…] [FILE…]"
std::string usage_line(const Command& command, const std::string& path);

// One line for each command, flag, positional and example, tab separated:
// flag <path> <--name> <-n> <VALUE> <help>.
std::string dump_flags(const Command& command, const std::string& path);

}  // namespace prom::cli
