// scaleway_sd_configs: the instances or the dedicated servers of a zone.
// https://www.scaleway.com/en/developers/api/
#include "libprom/config/sd/scaleway.h"

#include <map>
#include <set>

#include "libprom/base/number.h"
#include "libprom/discover/api.h"
#include "libprom/discover/ip.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

// Addresses of interfaces are asked for in URLs of moderate length.
constexpr std::size_t kInterfacesPerRequest = 50;

using Items = std::vector<Json>;

std::string ip_text(const Json& text) {
  return canonical_ip(text.text()).value_or("<nil>");
}

// "fr-par" of "fr-par-1"; "" for what is no zone.
std::string region_of(std::string_view zone) {
  const std::size_t country = zone.find('-');
  const std::size_t number = zone.rfind('-');
  if (number == std::string_view::npos || country == number) return "";
  return std::string(zone.substr(0, number));
}

std::string framed_texts(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list.items()) texts.push_back(item.text());
  return framed(texts, ",");
}

// Without one of these, an instance has the address of an interface.
bool has_own_address(const Json& instance) {
  return !instance["private_ip"].is_null() ||
         !instance["public_ip"].is_null() || !instance["ipv6"].is_null();
}

// The addresses of private interfaces by their identifiers.
using Interfaces = std::map<std::string, std::string>;

// The interfaces to ask about, by region.
Result<std::map<std::string, std::set<std::string>>> interfaces_of(
    const Items& instances) {
  std::map<std::string, std::set<std::string>> by_region;
  for (const Json& instance : instances) {
    if (has_own_address(instance)) continue;
    const std::string region = region_of(instance["zone"].text());
    if (region.empty())
      return fail(Code::kBadData, "unexpected answer: an unknown zone");
    for (const Json& interface : instance["private_nics"].items()) {
      if (std::string id = interface["id"].text(); !id.empty())
        by_region[region].insert(std::move(id));
    }
  }
  return by_region;
}

void set_public_ips(const Json& instance, LabelsBuilder& labels) {
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (const Json& ip : instance["public_ips"].items()) {
    if (ip["family"].text() == "inet") v4.push_back(ip_text(ip["address"]));
    if (ip["family"].text() == "inet6") v6.push_back(ip_text(ip["address"]));
  }
  labels.set("__meta_scaleway_instance_public_ipv4_addresses", framed(v4, ","));
  labels.set("__meta_scaleway_instance_public_ipv6_addresses", framed(v6, ","));
}

// The address to scrape, the last found of the kinds that there are; sets the
// labels of those.
std::string set_addresses(const Json& instance, const Interfaces& interfaces,
                          LabelsBuilder& labels) {
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_scaleway_instance_" + std::string(name), value);
  };
  std::string address;
  set_public_ips(instance, labels);
  if (const Json v6 = instance["ipv6"]; !v6.is_null()) {
    address = ip_text(v6["address"]);
    set("public_ipv6", address);
  }
  if (const Json ip = instance["public_ip"]; !ip.is_null()) {
    address = ip_text(ip["address"]);
    if (ip["family"].text() != "inet6") set("public_ipv4", address);
  }
  if (const Json ip = instance["private_ip"]; !ip.is_null()) {
    address = ip.text();
    set("private_ipv4", address);
  }
  if (!address.empty()) return address;
  for (const Json& interface : instance["private_nics"].items()) {
    const auto found = interfaces.find(interface["id"].text());
    if (found == interfaces.end() || found->second.empty()) continue;
    set("private_ipv4", found->second);
    return found->second;
  }
  return "";
}

std::optional<Labels> instance_labels(const Json& instance,
                                      const Interfaces& interfaces,
                                      std::int64_t port) {
  static constexpr struct {
    std::string_view label, member;
  } kTexts[] = {
      {"boot_type", "boot_type"},
      {"hostname", "hostname"},
      {"id", "id"},
      {"name", "name"},
      {"organization_id", "organization"},
      {"project_id", "project"},
      {"status", "state"},
      {"type", "commercial_type"},
      {"zone", "zone"},
  };
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_scaleway_instance_" + std::string(name), value);
  };
  const std::string address = set_addresses(instance, interfaces, labels);
  if (address.empty()) return std::nullopt;
  labels.set("__address__", host_port(address, port));
  for (const auto& text : kTexts) set(text.label, instance[text.member].text());
  for (const std::string name : {"arch", "id", "name"})
    set("image_" + name, instance["image"][name].text());
  for (const std::string name : {"cluster_id", "hypervisor_id", "node_id"})
    set("location_" + name, instance["location"][name].text());
  for (const std::string name : {"id", "name"})
    set("security_group_" + name, instance["security_group"][name].text());
  set("region", region_of(instance["zone"].text()));
  set("tags", framed_texts(instance["tags"]));
  return labels.build();
}

const Json* find_by_id(const Items& items, const std::string& id) {
  for (const Json& item : items) {
    if (item["id"].text() == id) return &item;
  }
  return nullptr;
}

// An IPv4 address is preferred; of several, the first.
Status set_baremetal_addresses(const Json& server, std::int64_t port,
                               LabelsBuilder& labels) {
  std::string v4;
  std::string v6;
  for (const Json& ip : server["ips"].items()) {
    const std::string version = ip["version"].text();
    if (version != "IPv4" && version != "IPv6")
      return fail(Code::kBadData, "unexpected answer: an unknown IP version");
    std::string& address = version == "IPv4" ? v4 : v6;
    if (address.empty()) address = ip_text(ip["address"]);
  }
  labels.set("__meta_scaleway_baremetal_public_ipv4", v4);
  labels.set("__meta_scaleway_baremetal_public_ipv6", v6);
  const std::string& address = v4.empty() ? v6 : v4;
  if (!address.empty()) labels.set("__address__", host_port(address, port));
  return {};
}

Result<Labels> baremetal_labels(const Json& server, const Items& offers,
                                const Items& systems, std::int64_t port) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_scaleway_baremetal_" + std::string(name), value);
  };
  for (const std::string_view name :
       {"id", "name", "zone", "status", "project_id"})
    set(name, server[name].text());
  if (const Json* offer = find_by_id(offers, server["offer_id"].text()))
    set("type", (*offer)["name"].text());
  if (const Json install = server["install"]; !install.is_null()) {
    if (const Json* system = find_by_id(systems, install["os_id"].text())) {
      set("os_name", (*system)["name"].text());
      set("os_version", (*system)["version"].text());
    }
  }
  set("tags", framed_texts(server["tags"]));
  if (auto ok = set_baremetal_addresses(server, port, labels); !ok)
    return fail(std::move(ok).error());
  return labels.build();
}

// How many elements there are in all pages, as the answer says; 0 when it does
// not.
std::uint64_t total_of(const Page& page) {
  const std::string header = page.response.header("x-total-count");
  if (const auto total = parse_uint(header)) return *total;
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(page.body["total_count"].integer(), 0));
}

class Scaleway : public Poller {
 public:
  Scaleway(const config::ScalewaySdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.api_url) + " " + config.zone + " " +
                   config.role,
               config.refresh_interval_ms, around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "scaleway"; }

 protected:
  Task<Result<Groups>> poll() override {
    return config_.role == "baremetal" ? poll_baremetal() : poll_instances();
  }

 private:
  // All elements of the list at `path`, which the member `name` of its pages
  // holds.
  Task<Result<Items>> list(std::string path, std::string query,
                           std::string name) {
    const auto of_page = [query](std::size_t number) {
      return query + (query.empty() ? "" : "&") +
             "page=" + std::to_string(number);
    };
    const NextPage next =
        [of_page](const Page& page) -> std::optional<std::string> {
      if (page.items == 0 || page.items_so_far >= total_of(page))
        return std::nullopt;
      return of_page(page.number + 1);
    };
    auto key =
        config::resolve_secret(config_.secret_key, config_.secret_key_file);
    if (!key) co_return fail(std::move(key).error());
    auto request =
        api_request(config_.client, config_.api_url + path + "?" + of_page(1),
                    interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->headers.emplace_back("X-Auth-Token", key->reveal());
    Task<Result<Items>> fetch =
        fetch_pages(async(), *std::move(request), name, next);
    Result<Items> items = co_await fetch;
    if (!items) co_return fail(std::move(items).error().in(path));
    co_return items;
  }

  // Tags are one parameter of the instances' API and several of the other's.
  [[nodiscard]] std::string filters(bool has_joined_tags) const {
    std::vector<std::pair<std::string, std::string>> parameters;
    if (!config_.name_filter.empty())
      parameters.emplace_back("name", config_.name_filter);
    std::string joined;
    for (const std::string& tag : config_.tags_filter) {
      if (!has_joined_tags) parameters.emplace_back("tags", tag);
      joined += (joined.empty() ? "" : ",") + tag;
    }
    if (has_joined_tags && !joined.empty())
      parameters.emplace_back("tags", joined);
    return to_query(parameters);
  }

  // Where the API of `product` has the zone's things.
  [[nodiscard]] std::string zone_path(const std::string& product) const {
    return "/" + product + "/v1/zones/" + http::percent_encode(config_.zone);
  }

  Task<Result<Interfaces>> ask_for_interfaces(Items instances) {
    const auto by_region = interfaces_of(instances);
    if (!by_region) co_return fail(by_region.error());
    Interfaces addresses;
    for (const auto& [region, ids] : *by_region) {
      const std::vector<std::string> all(ids.begin(), ids.end());
      for (std::size_t i = 0; i < all.size(); i += kInterfacesPerRequest) {
        std::string query = "resource_types=instance_private_nic";
        for (std::size_t j = i;
             j < std::min(i + kInterfacesPerRequest, all.size()); ++j)
          query += "&resource_ids=" + http::percent_encode(all[j]);
        Task<Result<Items>> list_ips =
            list("/ipam/v1/regions/" + http::percent_encode(region) + "/ips",
                 query, "ips");
        const Result<Items> ips = co_await list_ips;
        if (!ips) co_return fail(ips.error());
        for (const Json& ip : *ips) {
          const std::string text = ip["address"].text();
          const auto address = canonical_ip(text.substr(0, text.find('/')));
          if (address && !ip["is_ipv6"].flag())
            addresses[ip["resource"]["id"].text()] = *address;
        }
      }
    }
    co_return addresses;
  }

  Task<Result<Groups>> poll_instances() {
    Task<Result<Items>> list_instances =
        list(zone_path("instance") + "/servers", filters(true), "servers");
    const Result<Items> instances = co_await list_instances;
    if (!instances) co_return fail(instances.error());
    Task<Result<Interfaces>> ask = ask_for_interfaces(*instances);
    const Result<Interfaces> interfaces = co_await ask;
    if (!interfaces) co_return fail(interfaces.error());
    config::TargetGroup group;
    group.source = "scaleway";
    for (const Json& instance : *instances) {
      if (auto labels = instance_labels(instance, *interfaces, config_.port))
        group.targets.push_back(*std::move(labels));
    }
    co_return Groups{std::move(group)};
  }

  Task<Result<Groups>> poll_baremetal() {
    const std::string path = zone_path("baremetal");
    Task<Result<Items>> list_servers =
        list(path + "/servers", filters(false), "servers");
    const Result<Items> servers = co_await list_servers;
    if (!servers) co_return fail(servers.error());
    Task<Result<Items>> list_offers = list(path + "/offers", "", "offers");
    const Result<Items> offers = co_await list_offers;
    if (!offers) co_return fail(offers.error());
    Task<Result<Items>> list_systems = list(path + "/os", "", "os");
    const Result<Items> systems = co_await list_systems;
    if (!systems) co_return fail(systems.error());
    config::TargetGroup group;
    group.source = "scaleway";
    for (const Json& server : *servers) {
      auto labels = baremetal_labels(server, *offers, *systems, config_.port);
      if (!labels) co_return fail(std::move(labels).error());
      group.targets.push_back(*std::move(labels));
    }
    co_return Groups{std::move(group)};
  }

  const config::ScalewaySdConfig config_;
};

}  // namespace

Made make_scaleway(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Scaleway>(
      static_cast<const config::ScalewaySdConfig&>(config), around);
}

}  // namespace prom::discover
