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
    Maker{"digitalocean", make_digitalocean},
    Maker{"docker", make_docker},
    Maker{"dockerswarm", make_dockerswarm},
    Maker{"eureka", make_eureka},
    Maker{"file", make_file},
    Maker{"hetzner", make_hetzner},
    Maker{"http", make_http},
    Maker{"ionos", make_ionos},
    Maker{"linode", make_linode},
    Maker{"marathon", make_marathon},
    Maker{"nomad", make_nomad},
    Maker{"ovhcloud", make_ovhcloud},
    Maker{"puppetdb", make_puppetdb},
    Maker{"scaleway", make_scaleway},
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
  for (;;) {
    Task<Result<Groups>> look = poll();
    Result<Groups> groups = co_await look;
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
