// digitalocean_sd_configs: droplets or database clusters of an account.
// https://docs.digitalocean.com/reference/api/
#include "libprom/config/sd/digitalocean.h"

#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

constexpr std::string_view kDatabasesPerPage = "100";

// The first address of that type.
std::string ip_of(const Json& networks, std::string_view type) {
  for (const Json& network : networks.items()) {
    if (network["type"].text() == type) return network["ip_address"].text();
  }
  return "";
}

std::optional<Labels> droplet_labels(const Json& droplet, std::int64_t port) {
  const Json v4 = droplet["networks"]["v4"];
  if (v4.items().empty()) return std::nullopt;
  const std::string public_ipv4 = ip_of(v4, "public");
  const auto list = [&](std::string_view name) {
    std::vector<std::string> texts;
    for (const Json& item : droplet[name].items()) texts.push_back(item.text());
    return framed(texts, ",");
  };
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_digitalocean_" + std::string(name), value);
  };
  labels.set("__address__", host_port(public_ipv4, port));
  set("droplet_id", std::to_string(droplet["id"].integer()));
  set("droplet_name", droplet["name"].text());
  set("image", droplet["image"]["slug"].text());
  set("image_name", droplet["image"]["name"].text());
  set("private_ipv4", ip_of(v4, "private"));
  set("public_ipv4", public_ipv4);
  set("public_ipv6", ip_of(droplet["networks"]["v6"], "public"));
  set("region", droplet["region"]["slug"].text());
  set("size", droplet["size_slug"].text());
  set("status", droplet["status"].text());
  set("vpc", droplet["vpc_uuid"].text());
  set("features", list("features"));
  set("tags", list("tags"));
  return labels.build();
}

std::optional<Labels> database_labels(const Json& database, std::int64_t port) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_digitalocean_db_" + std::string(name), value);
  };
  const std::string private_host =
      database["private_connection"]["host"].text();
  const std::string public_host = database["connection"]["host"].text();
  const std::string& host = private_host.empty() ? public_host : private_host;
  if (!host.empty()) labels.set("__address__", host_port(host, port));
  for (const std::string_view name :
       {"id", "name", "engine", "version", "status", "region", "size"})
    set(name, database[name].text());
  set("num_nodes", std::to_string(database["num_nodes"].integer()));
  set("private_host", private_host);
  set("host", public_host);
  for (const Json& tag : database["tags"].items())
    set("tag_" + tag.text(), "true");
  return labels.build();
}

struct Role {
  std::string_view list;  // also the path's last part
  std::string_view source;
  std::optional<Labels> (*labels)(const Json&, std::int64_t port);
};
constexpr Role kDroplets = {"droplets", "DigitalOcean", droplet_labels};
constexpr Role kDatabases = {"databases", "DigitalOcean Databases",
                             database_labels};

std::optional<std::string> next_droplets(const Page& page) {
  if (page.body["links"]["pages"]["last"].text().empty()) return std::nullopt;
  return to_query({{"page", std::to_string(page.number + 1)}});
}

std::string databases_query(std::size_t number) {
  return to_query({{"page", std::to_string(number)},
                   {"per_page", std::string(kDatabasesPerPage)}});
}

// This API does not say which page is the last: it is the empty one.
std::optional<std::string> next_databases(const Page& page) {
  if (page.items == 0) return std::nullopt;
  return databases_query(page.number + 1);
}

class DigitalOcean : public Poller {
 public:
  DigitalOcean(const config::DigitalOceanSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(url_of(config)), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override {
    return "digitalocean";
  }

 protected:
  Task<Result<Groups>> poll() override {
    const bool is_databases = &role_of(config_) == &kDatabases;
    std::string url = url_of(config_);
    if (is_databases) url += "?" + databases_query(1);
    auto request = api_request(config_.client, url, interval_ms());
    if (!request) co_return fail(std::move(request).error());
    const Role& role = role_of(config_);
    Task<Result<std::vector<Json>>> fetch =
        fetch_pages(async(), *std::move(request), std::string(role.list),
                    is_databases ? next_databases : next_droplets);
    const Result<std::vector<Json>> all = co_await fetch;
    if (!all) co_return fail(all.error());
    config::TargetGroup group;
    group.source = role.source;
    for (const Json& one : *all) {
      if (auto labels = role.labels(one, config_.port))
        group.targets.push_back(*std::move(labels));
    }
    co_return Groups{std::move(group)};
  }

 private:
  static const Role& role_of(const config::DigitalOceanSdConfig& config) {
    return config.role == kDatabases.list ? kDatabases : kDroplets;
  }
  static std::string url_of(const config::DigitalOceanSdConfig& config) {
    return config.api_url + "/v2/" + std::string(role_of(config).list);
  }

  const config::DigitalOceanSdConfig config_;
};

}  // namespace

Made make_digitalocean(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<DigitalOcean>(
      static_cast<const config::DigitalOceanSdConfig&>(config), around);
}

}  // namespace prom::discover
