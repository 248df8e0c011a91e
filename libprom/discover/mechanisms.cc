// The one place that knows which mechanisms there are.
#include <algorithm>
#include <array>

#include "libprom/discover/mechanism.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

struct Maker {
  std::string_view name;  // as in the key NAME_sd_configs
  std::unique_ptr<Mechanism> (*make)(const config::SdConfig&, Surroundings&);
};

constexpr std::array kMakers = {
    Maker{"azure", make_azure},
    Maker{"consul", make_consul},
    Maker{"digitalocean", make_digitalocean},
    Maker{"dns", make_dns},
    Maker{"docker", make_docker},
    Maker{"dockerswarm", make_dockerswarm},
    Maker{"ec2", make_ec2},
    Maker{"ecs", make_ecs},
    Maker{"elasticache", make_elasticache},
    Maker{"eureka", make_eureka},
    Maker{"exec", make_exec},
    Maker{"file", make_file},
    Maker{"gce", make_gce},
    Maker{"hetzner", make_hetzner},
    Maker{"http", make_http},
    Maker{"ionos", make_ionos},
    Maker{"kubernetes", make_kubernetes},
    Maker{"kuma", make_kuma},
    Maker{"lightsail", make_lightsail},
    Maker{"linode", make_linode},
    Maker{"marathon", make_marathon},
    Maker{"msk", make_msk},
    Maker{"nerve", make_nerve},
    Maker{"nomad", make_nomad},
    Maker{"oci", make_oci},
    Maker{"openstack", make_openstack},
    Maker{"outscale", make_outscale},
    Maker{"ovhcloud", make_ovhcloud},
    Maker{"puppetdb", make_puppetdb},
    Maker{"rds", make_rds},
    Maker{"scaleway", make_scaleway},
    Maker{"serverset", make_serverset},
    Maker{"stackit", make_stackit},
    Maker{"static", make_static},
    Maker{"triton", make_triton},
    Maker{"uyuni", make_uyuni},
    Maker{"vultr", make_vultr},
};

}  // namespace

// Configurations are only made for mechanisms that are here: the tests compare
// this table with that of config.
std::unique_ptr<Mechanism> make_mechanism(const config::SdConfig& config,
                                          Surroundings& around) {
  const auto* maker =
      std::ranges::find(kMakers, config.mechanism(), &Maker::name);
  return maker == kMakers.end() ? nullptr : maker->make(config, around);
}

// However short the interval is that a configuration has.
constexpr std::int64_t kPauseMsMin = 100;

Task<Status> Poller::run(Findings& findings) {
  constexpr double kNsPerSecond = 1e9;
  exposition::Summary& durations =
      metrics().registry.summary("prometheus_sd_refresh_duration_seconds",
                                 "How long a look for targets took.",
                                 {0.5, 0.9, 0.99}, {{"mechanism", name()}});
  for (;;) {
    const std::int64_t begin_ns = async().clock().monotonic_ns();
    Task<Result<Groups>> look = poll();
    Result<Groups> groups = co_await look;
    durations.observe(
        static_cast<double>(async().clock().monotonic_ns() - begin_ns) /
        kNsPerSecond);
    if (groups) {
      Findings::Places places;
      places.emplace(place_, *std::move(groups));
      findings.found_all(std::move(places));
    } else {
      findings.failed(place_, groups.error().message);
    }
    co_await async().sleep_ms(std::max(interval_ms_, kPauseMsMin));
  }
}

}  // namespace prom::discover
