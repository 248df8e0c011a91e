// Asks for a new generation of the head, from any process: done here when
// nobody writes the store, by the writer when somebody does.
#pragma once

#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/clock.h"
#include "libprom/os/file.h"

namespace prom::store {

// What a client of append.sock sends for it, instead of a greeting and an
// input; the answer is that of an input.
constexpr std::string_view kRotateRequest = "prom-rotate 1\n";

// Everything committed before is in closed generations then.  kBusy when the
// writer neither ends nor serves append.sock within ten seconds.
Status request_generation(os::FileSystem& files, os::Clock& clock,
                          const std::string& store, bool unsafe_filesystem);

}  // namespace prom::store
