// One reader for each mechanism, in the file of its name.  Each reads the
// fields of one element of its list and reports what is wrong with them; what
// nobody asked for is found afterwards.
#pragma once

#include "libprom/config/readers_internal.h"

namespace prom::config {

struct FileSdConfig;
struct HttpSdConfig;

void read_sd(Fields& fields, FileSdConfig& into);
void read_sd(Fields& fields, HttpSdConfig& into);

}  // namespace prom::config
