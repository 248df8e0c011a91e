// openstack_sd_configs: hypervisors, instances or load balancers of a region,
// found through the catalog that Keystone (v3) gives.
#include "libprom/config/sd/openstack.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/model/labels.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_openstack_";

// As what Go programs read from the environment when the settings name no
// identity service.
config::OpenstackSdConfig with_environment(
    config::OpenstackSdConfig config, const config::Environment& environment) {
  if (!config.identity_endpoint.empty()) return config;
  const auto first = [&](const char* one, const char* other) {
    std::string value = environment(one);
    return value.empty() && other != nullptr ? environment(other) : value;
  };
  config.identity_endpoint = environment("OS_AUTH_URL");
  config.username = environment("OS_USERNAME");
  config.user_id = first("OS_USERID", "OS_USER_ID");
  config.password = config::Secret(environment("OS_PASSWORD"));
  config.project_id = first("OS_PROJECT_ID", "OS_TENANT_ID");
  config.project_name = first("OS_PROJECT_NAME", "OS_TENANT_NAME");
  config.domain_id = environment("OS_DOMAIN_ID");
  config.domain_name = environment("OS_DOMAIN_NAME");
  config.application_credential_id =
      environment("OS_APPLICATION_CREDENTIAL_ID");
  config.application_credential_name =
      environment("OS_APPLICATION_CREDENTIAL_NAME");
  config.application_credential_secret =
      config::Secret(environment("OS_APPLICATION_CREDENTIAL_SECRET"));
  return config;
}

void write_domain(JsonWriter& json, const config::OpenstackSdConfig& config) {
  if (config.domain_id.empty() && config.domain_name.empty()) return;
  json.key("domain").begin_object();
  if (!config.domain_id.empty()) {
    json.key("id").string(config.domain_id);
  } else {
    json.key("name").string(config.domain_name);
  }
  json.end_object();
}

void write_user(JsonWriter& json, const config::OpenstackSdConfig& config,
                bool with_password) {
  json.key("user").begin_object();
  if (!config.user_id.empty()) {
    json.key("id").string(config.user_id);
  } else {
    json.key("name").string(config.username);
    write_domain(json, config);
  }
  if (with_password) json.key("password").string(config.password.reveal());
  json.end_object();
}

void write_scope(JsonWriter& json, const config::OpenstackSdConfig& config) {
  if (config.project_id.empty() && config.project_name.empty()) return;
  json.key("scope").begin_object().key("project").begin_object();
  if (!config.project_id.empty()) {
    json.key("id").string(config.project_id);
  } else {
    json.key("name").string(config.project_name);
    write_domain(json, config);
  }
  json.end_object().end_object();
}

// https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
std::string auth_body(const config::OpenstackSdConfig& config) {
  std::string body;
  JsonWriter json(body);
  const bool by_application = config.password.empty();
  json.begin_object().key("auth").begin_object();
  json.key("identity").begin_object().key("methods").begin_array();
  json.string(by_application ? "application_credential" : "password");
  json.end_array();
  if (by_application) {
    json.key("application_credential").begin_object();
    if (!config.application_credential_id.empty()) {
      json.key("id").string(config.application_credential_id);
    } else {
      json.key("name").string(config.application_credential_name);
      write_user(json, config, false);
    }
    json.key("secret").string(config.application_credential_secret.reveal());
    json.end_object().end_object();
  } else {
    json.key("password").begin_object();
    write_user(json, config, true);
    json.end_object().end_object();
    write_scope(json, config);
  }
  json.end_object().end_object();
  return body;
}

// What is missing from the settings to log in; "" when nothing is.
std::string missing(const config::OpenstackSdConfig& config) {
  if (config.identity_endpoint.empty())
    return "missing environment variable [OS_AUTH_URL]";
  const bool has_user = !config.username.empty() || !config.user_id.empty();
  if (!config.password.empty())
    return has_user ? "" : "you must provide a username or userid";
  if (config.application_credential_secret.empty())
    return "you must provide a password";
  if (config.application_credential_id.empty() &&
      (config.application_credential_name.empty() || !has_user))
    return "you must provide an application credential's id, or its name and "
           "user";
  return "";
}

std::string with_slash(std::string url) {
  if (!url.ends_with('/')) url += '/';
  return url;
}

std::string identity_url(const config::OpenstackSdConfig& config) {
  std::string url = with_slash(config.identity_endpoint);
  if (url.ends_with("/v2.0/")) url.erase(url.size() - 5);
  return url.ends_with("/v3/") ? url : url + "v3/";
}

// "v2.0/" behind what the catalog says, unless it is there.
std::string with_version(const std::string& url) {
  return url.ends_with("/v2.0/") ? url : url + "v2.0/";
}

class Openstack : public Poller {
 public:
  Openstack(const config::OpenstackSdConfig& config, Surroundings& around)
      : Poller(config.region + " " + config.role + " " +
                   http::safe_url(config.identity_endpoint),
               config.refresh_interval_ms, around),
        config_(with_environment(config, around.environment)) {}

  [[nodiscard]] std::string_view name() const override { return "openstack"; }

 protected:
  Task<Result<Groups>> poll() override {
    Task<Status> login = authenticate();
    Status status = co_await login;
    if (!status) {
      co_return fail(
          std::move(status).error().in("could not authenticate to OpenStack"));
    }
    Task<Result<std::vector<Labels>>> search =
        config_.role == "hypervisor" ? find_hypervisors()
        : config_.role == "instance" ? find_instances()
                                     : find_load_balancers();
    Result<std::vector<Labels>> targets = co_await search;
    if (!targets) co_return fail(std::move(targets).error());
    Groups groups;
    groups.push_back({.source = "OS_" + config_.region,
                      .targets = *std::move(targets),
                      .labels = {}});
    co_return groups;
  }

 private:
  // A new token at each look, as upstream.
  Task<Status> authenticate() {
    if (const std::string what = missing(config_); !what.empty())
      co_return fail(Code::kConfig, what);
    auto request = api_request(
        config_.client, identity_url(config_) + "auth/tokens", interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->method = "POST";
    request->headers.emplace_back("Content-Type", "application/json");
    request->headers.emplace_back("Accept", "application/json");
    request->body = auth_body(config_);
    Task<Result<http::Response>> asking =
        fetch_good(async(), *std::move(request));
    const Result<http::Response> response = co_await asking;
    if (!response) co_return fail(response.error());
    auto json = Json::parse(response->body);
    if (!json) co_return fail(std::move(json).error());
    token_ = config::Secret(response->header("x-subject-token"));
    if (token_.empty())
      co_return fail(Code::kBadData, "the answer has no token");
    catalog_ = (*json)["token"]["catalog"];
    co_return Status();
  }

  // The address of a service in our region, ending in a slash.
  [[nodiscard]] Result<std::string> endpoint(std::string_view type) const {
    for (const Json& service : catalog_.items()) {
      if (service["type"].text() != type) continue;
      for (const Json& endpoint : service["endpoints"].items()) {
        const bool is_here = endpoint["region"].text() == config_.region ||
                             endpoint["region_id"].text() == config_.region;
        if (is_here && endpoint["interface"].text() == config_.availability)
          return with_slash(endpoint["url"].text());
      }
    }
    return fail(Code::kUnavailable,
                "no suitable endpoint could be found in the service catalog "
                "for " +
                    std::string(type));
  }

  // All pages.  `url` may have a query.
  Task<Result<std::vector<Json>>> list(std::string url, std::string member) {
    auto request = api_request(config_.client, std::move(url), interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->headers.emplace_back("X-Auth-Token", token_.reveal());
    Task<Result<std::vector<Json>>> listing = fetch_pages(
        async(), *std::move(request), member,
        [member](const Page& page) -> std::optional<std::string> {
          for (const Json& link : page.body[member + "_links"].items()) {
            if (link["rel"].text() != "next") continue;
            const std::string next = link["href"].text();
            const std::size_t question = next.find('?');
            if (question != std::string::npos) return next.substr(question + 1);
          }
          return std::nullopt;
        });
    Result<std::vector<Json>> all = co_await listing;
    if (!all) co_return fail(std::move(all).error().in("list " + member));
    co_return all;
  }

  Task<Result<std::vector<Labels>>> find_hypervisors() {
    const auto compute = endpoint("compute");
    if (!compute) co_return fail(compute.error());
    Task<Result<std::vector<Json>>> listing =
        list(*compute + "os-hypervisors/detail", "hypervisors");
    const Result<std::vector<Json>> hypervisors = co_await listing;
    if (!hypervisors) co_return fail(hypervisors.error());
    std::vector<Labels> targets;
    for (const Json& hypervisor : *hypervisors) {
      LabelsBuilder labels;
      const auto set = [&](std::string_view key, std::string_view value) {
        labels.set(std::string(kPrefix) + "hypervisor_" + std::string(key),
                   value);
      };
      const std::string ip = hypervisor["host_ip"].text();
      labels.set("__address__", host_port(ip, config_.port));
      set("id", hypervisor["id"].printed());
      set("hostname", hypervisor["hypervisor_hostname"].text());
      set("host_ip", ip);
      set("status", hypervisor["status"].text());
      set("state", hypervisor["state"].text());
      set("type", hypervisor["hypervisor_type"].text());
      targets.push_back(labels.build());
    }
    co_return targets;
  }

  Task<Result<std::vector<Labels>>> find_instances() {
    const auto compute = endpoint("compute");
    if (!compute) co_return fail(compute.error());
    const auto network = endpoint("network");
    if (!network) co_return fail(network.error());
    Task<Result<std::vector<Json>>> listing =
        list(with_version(*network) + "ports", "ports");
    const Result<std::vector<Json>> ports = co_await listing;
    if (!ports) co_return fail(ports.error());
    std::map<std::string, std::string> device_of;
    for (const Json& port : *ports)
      device_of[port["id"].text()] = port["device_id"].text();
    listing = list(with_version(*network) + "floatingips", "floatingips");
    const Result<std::vector<Json>> floating = co_await listing;
    if (!floating) co_return fail(floating.error());
    Floating public_ips;
    for (const Json& ip : *floating) {
      const std::string fixed = ip["fixed_ip_address"].text();
      const auto device = device_of.find(ip["port_id"].text());
      if (fixed.empty() || device == device_of.end()) continue;
      const std::string address = ip["floating_ip_address"].text();
      public_ips.by_device[{device->second, fixed}] = address;
      public_ips.all.insert(address);
    }
    listing = list(*compute + "servers/detail" +
                       (config_.all_tenants ? "?all_tenants=true" : ""),
                   "servers");
    const Result<std::vector<Json>> servers = co_await listing;
    if (!servers) co_return fail(servers.error());
    std::vector<Labels> targets;
    for (const Json& server : *servers) add_server(server, public_ips, targets);
    co_return targets;
  }

  struct Floating {
    std::map<std::pair<std::string, std::string>, std::string> by_device;
    std::set<std::string> all;
  };

  void add_server(const Json& server, const Floating& public_ips,
                  std::vector<Labels>& targets) const {
    const Json flavor = server["flavor"];
    const bool has_name = !flavor["original_name"].text().empty();
    if (!has_name && flavor["id"].text().empty()) return;
    const std::string id = server["id"].text();
    LabelsBuilder labels;
    const auto set = [&](std::string_view key, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(key), value);
    };
    set("instance_id", id);
    set("instance_status", server["status"].text());
    set("instance_name", server["name"].text());
    set("project_id", server["tenant_id"].text());
    set("user_id", server["user_id"].text());
    set("instance_flavor", flavor[has_name ? "original_name" : "id"].text());
    set("instance_image", server["image"]["id"].text());
    for (const auto& [key, value] : server["metadata"].members())
      set("tag_" + sanitized_label_name(key), value.text());
    const Labels common = labels.build();
    for (const auto& [pool, addresses] : server["addresses"].members()) {
      for (const Json& item : addresses.items()) {
        const std::string address = item["addr"].text();
        if (address.empty() || public_ips.all.contains(address)) continue;
        labels.reset(common);
        set("address_pool", pool);
        set("private_ip", address);
        const auto found = public_ips.by_device.find({id, address});
        if (found != public_ips.by_device.end())
          set("public_ip", found->second);
        labels.set("__address__", host_port(address, config_.port));
        targets.push_back(labels.build());
      }
    }
  }

  Task<Result<std::vector<Labels>>> find_load_balancers() {
    auto balancing = endpoint("load-balancer");
    if (!balancing) co_return fail(std::move(balancing).error());
    const auto network = endpoint("network");
    if (!network) co_return fail(network.error());
    const std::string base = with_version(*balancing) + "lbaas/";
    Task<Result<std::vector<Json>>> listing =
        list(base + "loadbalancers", "loadbalancers");
    const Result<std::vector<Json>> balancers = co_await listing;
    if (!balancers) co_return fail(balancers.error());
    listing = list(base + "listeners", "listeners");
    const Result<std::vector<Json>> listeners = co_await listing;
    if (!listeners) co_return fail(listeners.error());
    // The first listener of each balancer that speaks our protocol.
    std::map<std::string, std::int64_t> port_of;
    for (const Json& listener : *listeners) {
      if (listener["protocol"].text() != "PROMETHEUS") continue;
      for (const Json& balancer : listener["loadbalancers"].items())
        port_of.emplace(balancer["id"].text(),
                        listener["protocol_port"].integer());
    }
    listing = list(with_version(*network) + "floatingips", "floatingips");
    const Result<std::vector<Json>> floating = co_await listing;
    if (!floating) co_return fail(floating.error());
    std::map<std::string, std::string> floating_of;
    for (const Json& ip : *floating)
      floating_of[ip["port_id"].text()] = ip["floating_ip_address"].text();
    floating_of.erase("");
    std::vector<Labels> targets;
    for (const Json& balancer : *balancers) {
      const auto port = port_of.find(balancer["id"].text());
      if (port == port_of.end()) continue;
      const auto ip = floating_of.find(balancer["vip_port_id"].text());
      targets.push_back(
          labels_of(balancer, port->second,
                    ip == floating_of.end() ? std::string() : ip->second));
    }
    co_return targets;
  }

  static Labels labels_of(const Json& balancer, std::int64_t port,
                          const std::string& floating_ip) {
    LabelsBuilder labels;
    const auto set = [&](std::string_view key, std::string_view value) {
      labels.set(std::string(kPrefix) + "loadbalancer_" + std::string(key),
                 value);
    };
    const std::string vip = balancer["vip_address"].text();
    labels.set("__address__", host_port(vip, port));
    set("id", balancer["id"].text());
    set("name", balancer["name"].text());
    set("operating_status", balancer["operating_status"].text());
    set("provisioning_status", balancer["provisioning_status"].text());
    set("availability_zone", balancer["availability_zone"].text());
    set("vip", vip);
    set("provider", balancer["provider"].text());
    set("floating_ip", floating_ip);
    std::string tags;
    for (const Json& tag : balancer["tags"].items())
      tags += (tags.empty() ? "" : ",") + tag.text();
    set("tags", tags);
    labels.set(std::string(kPrefix) + "project_id",
               balancer["project_id"].text());
    return labels.build();
  }

  const config::OpenstackSdConfig config_;
  config::Secret token_;
  Json catalog_;
};

}  // namespace

Made make_openstack(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Openstack>(
      static_cast<const config::OpenstackSdConfig&>(config), around);
}

}  // namespace prom::discover
