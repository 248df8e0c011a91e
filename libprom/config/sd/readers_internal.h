// One reader for each mechanism, in the file of its name.  Each reads the
// fields of one element of its list and reports what is wrong with them; what
// nobody asked for is found afterwards.
#pragma once

#include "libprom/config/readers_internal.h"

namespace prom::config {

struct DockerSdConfig;
struct DockerswarmSdConfig;
struct EurekaSdConfig;
struct MarathonSdConfig;
struct NomadSdConfig;
struct PuppetdbSdConfig;
struct FileSdConfig;
struct HttpSdConfig;

void read_sd(Fields& fields, DockerSdConfig& into);
void read_sd(Fields& fields, DockerswarmSdConfig& into);
void read_sd(Fields& fields, EurekaSdConfig& into);
void read_sd(Fields& fields, MarathonSdConfig& into);
void read_sd(Fields& fields, NomadSdConfig& into);
void read_sd(Fields& fields, PuppetdbSdConfig& into);
void read_sd(Fields& fields, FileSdConfig& into);
void read_sd(Fields& fields, HttpSdConfig& into);

}  // namespace prom::config
