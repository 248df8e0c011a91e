#include "libprom/cli/exit.h"

namespace prom::cli {

Exit exit_for(Code code) {
  switch (code) {
    case Code::kNo:
      return Exit::kNo;
    case Code::kUsage:
      return Exit::kUsage;
    case Code::kBadData:
    case Code::kExecution:
    case Code::kLimit:
      return Exit::kBadData;
    case Code::kMissing:
      return Exit::kMissing;
    case Code::kUnavailable:
    case Code::kTimeout:
      return Exit::kUnavailable;
    case Code::kInternal:
      return Exit::kInternal;
    case Code::kIo:
    case Code::kCorrupt:
      return Exit::kIo;
    case Code::kBusy:
    case Code::kCancelled:
      return Exit::kBusy;
    case Code::kPermission:
      return Exit::kPermission;
    case Code::kConfig:
      return Exit::kConfig;
  }
  return Exit::kInternal;
}

}  // namespace prom::cli
