// dns_sd_configs: the records of names, looked up at every interval.  A name
// that cannot be looked up keeps the targets that it had.
#include "libprom/config/sd/dns.h"

#include <algorithm>

#include "libprom/discover/api.h"
#include "libprom/discover/sd/dns_resolver_internal.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

DnsType type_of(const std::string& name) {
  if (name == "A") return DnsType::kA;
  if (name == "AAAA") return DnsType::kAaaa;
  if (name == "MX") return DnsType::kMx;
  return name == "NS" ? DnsType::kNs : DnsType::kSrv;
}

class Dns : public Mechanism {
 public:
  Dns(const config::DnsSdConfig& config, Surroundings& around)
      : config_(config),
        around_(around),
        lookups_(around.metrics.registry.counter(
            "prometheus_sd_dns_lookups_total", "Lookups of DNS discovery.")),
        failures_(around.metrics.registry.counter(
            "prometheus_sd_dns_lookup_failures_total",
            "Lookups of DNS discovery that failed.")) {}

  [[nodiscard]] std::string_view name() const override { return "dns"; }
  [[nodiscard]] bool covers(std::string_view place) const override {
    return std::ranges::find(config_.names, place) != config_.names.end();
  }

  Task<Status> run(Findings& findings) override {
    for (;;) {
      Task<std::vector<DnsAnswer>> look =
          look_up(around_.async, config_.resolv_conf, config_.names,
                  type_of(config_.type));
      const std::vector<DnsAnswer> answers = co_await look;
      take(answers, findings);
      Async::Wait wait = around_.async.sleep_ms(config_.refresh_interval_ms);
      co_await wait;
    }
  }

 private:
  void take(const std::vector<DnsAnswer>& answers, Findings& findings) {
    const std::string* failed = nullptr;
    std::string why;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const std::string& name = config_.names[i];
      lookups_.add();
      if (answers[i]) {
        Groups groups;
        groups.push_back(group(name, *answers[i]));
        findings.found(name, std::move(groups));
        continue;
      }
      failures_.add();
      failed = &name;
      why = answers[i].error().message;
    }
    if (failed != nullptr) {
      findings.failed(*failed, why);
    } else {
      findings.settled();
    }
  }

  [[nodiscard]] config::TargetGroup group(
      const std::string& name, const std::vector<DnsRecord>& records) const {
    config::TargetGroup group;
    group.source = name;
    for (const DnsRecord& record : records) {
      std::string host = record.text;
      while (host.ends_with('.')) host.pop_back();
      LabelsBuilder labels;
      labels.set("__meta_dns_name", name);
      std::int64_t port = config_.port;
      if (record.type == DnsType::kSrv) {
        port = record.port;
        labels.set("__meta_dns_srv_record_target", record.text)
            .set("__meta_dns_srv_record_port", std::to_string(port));
      } else if (record.type == DnsType::kMx) {
        labels.set("__meta_dns_mx_record_target", record.text);
      } else if (record.type == DnsType::kNs) {
        labels.set("__meta_dns_ns_record_target", record.text);
      }
      labels.set("__address__", host_port(host, port));
      group.targets.push_back(labels.build());
    }
    return group;
  }

  const config::DnsSdConfig config_;
  Surroundings& around_;
  exposition::Counter& lookups_;
  exposition::Counter& failures_;
};

}  // namespace

Made make_dns(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Dns>(static_cast<const config::DnsSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
