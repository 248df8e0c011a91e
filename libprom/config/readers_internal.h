// The readers of the structures that several files and sections share.  Each
// reports what is wrong to the file it reads and leaves usable values behind.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libprom/config/alertmanager.h"
#include "libprom/config/discovery.h"
#include "libprom/config/fields_internal.h"
#include "libprom/config/http_client.h"
#include "libprom/config/load.h"
#include "libprom/config/prometheus.h"
#include "libprom/model/relabel.h"

namespace prom::config {

// The HTTP options that stand among a section's own fields.  Defaults are what
// `into` holds.
void read_http_client(Fields& fields, HttpClientConfig& into);
void read_tls(Fields& fields, std::string_view key, TlsConfig& into);
void read_sigv4(Fields& fields, std::optional<SigV4>& into);

// `if_null` is the message for an empty element of the list.
void read_relabel_configs(Fields& fields, std::string_view key,
                          std::string_view if_null, NameValidation validation,
                          RelabelConfigs& into);

// Every *_sd_configs key and static_configs.  Addresses of static targets are
// checked when nothing relabels them.
void read_discovery(Fields& fields, bool is_relabelled, DiscoveryConfigs& into);
// One target group without source: {targets: […], labels: {…}}.
void read_target_group(FileReader& file, const YamlNode& node,
                       TargetGroup& into);

void read_global(FileReader& file, const YamlNode& node,
                 const Environment& environment, GlobalConfig& into);
void read_scrape_config(FileReader& file, const YamlNode& node,
                        const GlobalConfig& global, ScrapeConfig& into);
void read_alerting(FileReader& file, const YamlNode& node,
                   NameValidation validation, AlertingConfig& into);
void read_storage(FileReader& file, const YamlNode& node, StorageConfig& into);
void read_tracing(FileReader& file, const YamlNode& node, TracingConfig& into);
void read_remote_write(FileReader& file, const YamlNode& node,
                       NameValidation validation, RemoteWriteConfig& into);
void read_remote_read(FileReader& file, const YamlNode& node,
                      RemoteReadConfig& into);
void read_otlp(FileReader& file, const YamlNode& node,
               NameValidation validation, OtlpConfig& into);

void read_prometheus(FileReader& file, const YamlNode& node,
                     const Environment& environment, PrometheusConfig& into);
// One of scrape_config_files; its jobs are appended.
void read_scrape_config_file(FileReader& file, const YamlNode& node,
                             PrometheusConfig& into);
void read_rule_file(FileReader& file, const YamlNode& node,
                    NameValidation validation, RuleFile& into);
void read_alertmanager(FileReader& file, const YamlNode& node,
                       AlertmanagerConfig& into);
void read_receiver(FileReader& file, const YamlNode& node,
                   const AlertmanagerGlobal& global, Receiver& into);
void read_time_interval(FileReader& file, const YamlNode& node,
                        TimeInterval& into);
void read_host_port(Fields& fields, std::string_view key, HostPort& into);
Value value_of(const YamlNode& node);

// "utf8", "legacy"; empty keeps what `into` holds.
void read_name_validation(Fields& fields, NameValidation& into);
// Reports a name that is not valid; empty texts when the field is not set.
void read_name_escaping(Fields& fields, std::string_view scope,
                        std::optional<NameEscaping>& into);
// Names, unknown ones, and the same name twice; `suffix` ends the message.
void read_scrape_protocols(Fields& fields, std::string_view suffix,
                           std::vector<ScrapeProtocol>& into);
void read_limits(Fields& fields, ScrapeLimits& into);

// $NAME and ${NAME} replaced, as Go's os.Expand does.
std::string expand_variables(
    std::string_view text,
    const std::function<std::string(const std::string&)>& value_of);

// "Content-Type" for "content-type".
std::string canonical_header(std::string_view name);

}  // namespace prom::config
