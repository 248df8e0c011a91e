// One reader for each mechanism, in the file of its name.  Each reads the
// fields of one element of its list and reports what is wrong with them; what
// nobody asked for is found afterwards.
#pragma once

#include "libprom/config/readers_internal.h"

namespace prom::config {

struct DigitalOceanSdConfig;
struct DockerSdConfig;
struct DockerswarmSdConfig;
struct EurekaSdConfig;
struct FileSdConfig;
struct HetznerSdConfig;
struct HttpSdConfig;
struct IonosSdConfig;
struct LinodeSdConfig;
struct MarathonSdConfig;
struct NomadSdConfig;
struct OvhcloudSdConfig;
struct PolledSdConfig;
struct PuppetdbSdConfig;
struct ScalewaySdConfig;
struct StackitSdConfig;
struct TritonSdConfig;
struct UyuniSdConfig;
struct VultrSdConfig;

// Interval, port and HTTP options.
void read_polled(Fields& fields, PolledSdConfig& into);

void read_sd(Fields& fields, DigitalOceanSdConfig& into);
void read_sd(Fields& fields, DockerSdConfig& into);
void read_sd(Fields& fields, DockerswarmSdConfig& into);
void read_sd(Fields& fields, EurekaSdConfig& into);
void read_sd(Fields& fields, FileSdConfig& into);
void read_sd(Fields& fields, HetznerSdConfig& into);
void read_sd(Fields& fields, HttpSdConfig& into);
void read_sd(Fields& fields, IonosSdConfig& into);
void read_sd(Fields& fields, LinodeSdConfig& into);
void read_sd(Fields& fields, MarathonSdConfig& into);
void read_sd(Fields& fields, NomadSdConfig& into);
void read_sd(Fields& fields, OvhcloudSdConfig& into);
void read_sd(Fields& fields, PuppetdbSdConfig& into);
void read_sd(Fields& fields, ScalewaySdConfig& into);
void read_sd(Fields& fields, StackitSdConfig& into);
void read_sd(Fields& fields, TritonSdConfig& into);
void read_sd(Fields& fields, UyuniSdConfig& into);
void read_sd(Fields& fields, VultrSdConfig& into);

}  // namespace prom::config
