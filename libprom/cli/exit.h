// Exit codes: one per kind of remedy.  prom-tools(7) lists them for users.
#pragma once

#include "libprom/base/result.h"

namespace prom::cli {

enum class Exit {
  kOk = 0,
  kNo = 1,            // ran, and the answer is no
  kLint = 3,          // lint findings only
  kUsage = 64,        // wrong flags or arguments
  kBadData = 65,      // input that does not parse
  kMissing = 66,      // input that is not there
  kUnavailable = 69,  // the remote side does not answer
  kInternal = 70,
  kIo = 74,    // also a failed write to standard output
  kBusy = 75,  // try again
  kPermission = 77,
  kConfig = 78,  // restarting does not help
};

Exit exit_for(Code code);

}  // namespace prom::cli
