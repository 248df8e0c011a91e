// One reader for each mechanism, in the file of its name.  Each reads the
// fields of one element of its list and reports what is wrong with them; what
// nobody asked for is found afterwards.
#pragma once

#include "libprom/config/readers_internal.h"

namespace prom::config {

struct AwsSdConfig;
struct AzureSdConfig;
struct ConsulSdConfig;
struct DigitalOceanSdConfig;
struct DnsSdConfig;
struct DockerSdConfig;
struct DockerswarmSdConfig;
struct Ec2SdConfig;
struct EcsSdConfig;
struct ElasticacheSdConfig;
struct EurekaSdConfig;
struct ExecSdConfig;
struct FileSdConfig;
struct GceSdConfig;
struct HetznerSdConfig;
struct HttpSdConfig;
struct IonosSdConfig;
struct KubernetesSdConfig;
struct KumaSdConfig;
struct LightsailSdConfig;
struct LinodeSdConfig;
struct MarathonSdConfig;
struct MskSdConfig;
struct NerveSdConfig;
struct NomadSdConfig;
struct OciSdConfig;
struct OpenstackSdConfig;
struct OutscaleSdConfig;
struct OvhcloudSdConfig;
struct PolledSdConfig;
struct PuppetdbSdConfig;
struct RdsSdConfig;
struct ScalewaySdConfig;
struct ServersetSdConfig;
struct StackitSdConfig;
struct TritonSdConfig;
struct UyuniSdConfig;
struct VultrSdConfig;

void read_sd(Fields& fields, AwsSdConfig& into);
void read_sd(Fields& fields, AzureSdConfig& into);
void read_sd(Fields& fields, ConsulSdConfig& into);
void read_sd(Fields& fields, DigitalOceanSdConfig& into);
void read_sd(Fields& fields, DnsSdConfig& into);
void read_sd(Fields& fields, DockerSdConfig& into);
void read_sd(Fields& fields, DockerswarmSdConfig& into);
void read_sd(Fields& fields, Ec2SdConfig& into);
void read_sd(Fields& fields, EcsSdConfig& into);
void read_sd(Fields& fields, ElasticacheSdConfig& into);
void read_sd(Fields& fields, EurekaSdConfig& into);
void read_sd(Fields& fields, ExecSdConfig& into);
void read_sd(Fields& fields, FileSdConfig& into);
void read_sd(Fields& fields, GceSdConfig& into);
void read_sd(Fields& fields, HetznerSdConfig& into);
void read_sd(Fields& fields, HttpSdConfig& into);
void read_sd(Fields& fields, IonosSdConfig& into);
void read_sd(Fields& fields, KubernetesSdConfig& into);
void read_sd(Fields& fields, KumaSdConfig& into);
void read_sd(Fields& fields, LightsailSdConfig& into);
void read_sd(Fields& fields, LinodeSdConfig& into);
void read_sd(Fields& fields, MarathonSdConfig& into);
void read_sd(Fields& fields, MskSdConfig& into);
void read_sd(Fields& fields, NerveSdConfig& into);
void read_sd(Fields& fields, NomadSdConfig& into);
void read_sd(Fields& fields, OciSdConfig& into);
void read_sd(Fields& fields, OpenstackSdConfig& into);
void read_sd(Fields& fields, OutscaleSdConfig& into);
void read_sd(Fields& fields, OvhcloudSdConfig& into);
void read_sd(Fields& fields, PuppetdbSdConfig& into);
void read_sd(Fields& fields, RdsSdConfig& into);
void read_sd(Fields& fields, ScalewaySdConfig& into);
void read_sd(Fields& fields, ServersetSdConfig& into);
void read_sd(Fields& fields, StackitSdConfig& into);
void read_sd(Fields& fields, TritonSdConfig& into);
void read_sd(Fields& fields, UyuniSdConfig& into);
void read_sd(Fields& fields, VultrSdConfig& into);

// Interval, port and HTTP options.
void read_polled(Fields& fields, PolledSdConfig& into);

}  // namespace prom::config
