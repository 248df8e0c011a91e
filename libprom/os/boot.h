// Which start of this machine it is: what was in memory and never reached the
// disk is there after a crash of a process, and gone after a crash of the
// machine.
#pragma once

#include <cstdint>

namespace prom::os {

// A number that changes with every boot; never 0.
std::uint64_t boot_id();

}  // namespace prom::os
