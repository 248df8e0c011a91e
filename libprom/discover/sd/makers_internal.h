// One maker for each mechanism.  REQUIRES: the configuration is of its kind.
#pragma once

#include <memory>

#include "libprom/discover/mechanism.h"

namespace prom::discover {

using Made = std::unique_ptr<Mechanism>;

Made make_azure(const config::SdConfig& config, Surroundings& around);
Made make_consul(const config::SdConfig& config, Surroundings& around);
Made make_digitalocean(const config::SdConfig& config, Surroundings& around);
Made make_dns(const config::SdConfig& config, Surroundings& around);
Made make_docker(const config::SdConfig& config, Surroundings& around);
Made make_dockerswarm(const config::SdConfig& config, Surroundings& around);
Made make_ec2(const config::SdConfig& config, Surroundings& around);
Made make_ecs(const config::SdConfig& config, Surroundings& around);
Made make_elasticache(const config::SdConfig& config, Surroundings& around);
Made make_eureka(const config::SdConfig& config, Surroundings& around);
Made make_exec(const config::SdConfig& config, Surroundings& around);
Made make_file(const config::SdConfig& config, Surroundings& around);
Made make_gce(const config::SdConfig& config, Surroundings& around);
Made make_hetzner(const config::SdConfig& config, Surroundings& around);
Made make_http(const config::SdConfig& config, Surroundings& around);
Made make_ionos(const config::SdConfig& config, Surroundings& around);
Made make_kubernetes(const config::SdConfig& config, Surroundings& around);
Made make_kuma(const config::SdConfig& config, Surroundings& around);
Made make_lightsail(const config::SdConfig& config, Surroundings& around);
Made make_linode(const config::SdConfig& config, Surroundings& around);
Made make_marathon(const config::SdConfig& config, Surroundings& around);
Made make_msk(const config::SdConfig& config, Surroundings& around);
Made make_nerve(const config::SdConfig& config, Surroundings& around);
Made make_nomad(const config::SdConfig& config, Surroundings& around);
Made make_oci(const config::SdConfig& config, Surroundings& around);
Made make_openstack(const config::SdConfig& config, Surroundings& around);
Made make_outscale(const config::SdConfig& config, Surroundings& around);
Made make_ovhcloud(const config::SdConfig& config, Surroundings& around);
Made make_puppetdb(const config::SdConfig& config, Surroundings& around);
Made make_rds(const config::SdConfig& config, Surroundings& around);
Made make_scaleway(const config::SdConfig& config, Surroundings& around);
Made make_serverset(const config::SdConfig& config, Surroundings& around);
Made make_stackit(const config::SdConfig& config, Surroundings& around);
Made make_static(const config::SdConfig& config, Surroundings& around);
Made make_triton(const config::SdConfig& config, Surroundings& around);
Made make_uyuni(const config::SdConfig& config, Surroundings& around);
Made make_vultr(const config::SdConfig& config, Surroundings& around);

}  // namespace prom::discover
