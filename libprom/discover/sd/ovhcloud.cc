// ovhcloud_sd_configs: the virtual or dedicated servers of an account.  Every
// request is signed; every server takes two.
// https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api
#include "libprom/config/sd/ovhcloud.h"

#include <algorithm>
#include <array>
#include <map>

#include <openssl/evp.h>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/ip.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/together.h"
#include "libprom/http/target.h"
#include "libprom/os/log.h"

namespace prom::discover {
namespace {

constexpr std::size_t kRequestsAtOnce = 8;

struct Endpoint {
  std::string_view name, url;
};
constexpr std::array kEndpoints = {
    Endpoint{"kimsufi-ca", "https://ca.api.kimsufi.com/1.0"},
    Endpoint{"kimsufi-eu", "https://eu.api.kimsufi.com/1.0"},
    Endpoint{"ovh-ca", "https://ca.api.ovh.com/1.0"},
    Endpoint{"ovh-eu", "https://eu.api.ovh.com/1.0"},
    Endpoint{"ovh-us", "https://api.us.ovhcloud.com/1.0"},
    Endpoint{"soyoustart-ca", "https://ca.api.soyoustart.com/1.0"},
    Endpoint{"soyoustart-eu", "https://eu.api.soyoustart.com/1.0"},
};

// What has a slash is a URL; "" for an unknown name.
std::string endpoint_url(const std::string& endpoint) {
  if (endpoint.find('/') != std::string::npos) return endpoint;
  const auto* known = std::ranges::find(kEndpoints, endpoint, &Endpoint::name);
  return known == kEndpoints.end() ? "" : std::string(known->url);
}

std::string sha1_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(),
             nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest.at(i) >> 4U];
    hex += kDigits[digest.at(i) & 15U];
  }
  return hex;
}

struct Ips {
  std::string v4, v6;
};

// The last address of each kind; of networks, those of one IPv4 address.
Result<Ips> read_ips(const Json& list) {
  Ips ips;
  for (const Json& item : list.items()) {
    const std::string text = item.text();
    const std::size_t slash = text.find('/');
    const auto ip = canonical_ip(text.substr(0, slash));
    if (!ip || (slash != std::string::npos && !canonical_network(text)))
      return fail(Code::kBadData, "an address that is none");
    if (slash != std::string::npos && text.substr(slash) != "/32") continue;
    if (*ip == "0.0.0.0" || *ip == "::") continue;
    (is_ipv4(*ip) ? ips.v4 : ips.v6) = *ip;
  }
  if (ips.v4.empty() && ips.v6.empty())
    return fail(Code::kBadData, "no addresses");
  return ips;
}

struct Member {
  std::string_view label, name;
};

void set_members(const Json& object, std::string_view prefix,
                 std::initializer_list<Member> texts,
                 std::initializer_list<Member> numbers, LabelsBuilder& labels) {
  for (const Member& member : texts) {
    labels.set(std::string(prefix) + std::string(member.label),
               object[member.name].text());
  }
  for (const Member& member : numbers) {
    labels.set(std::string(prefix) + std::string(member.label),
               std::to_string(object[member.name].integer()));
  }
}

constexpr std::string_view kVpsPrefix = "__meta_ovhcloud_vps_";
constexpr std::string_view kDedicatedPrefix =
    "__meta_ovhcloud_dedicated_server_";

void set_vps_labels(const Json& server, LabelsBuilder& labels) {
  const Json model = server["model"];
  set_members(server, kVpsPrefix,
              {{"zone", "zone"},
               {"display_name", "displayName"},
               {"cluster", "cluster"},
               {"state", "state"},
               {"name", "name"},
               {"netboot_mode", "netbootMode"},
               {"offer_type", "offerType"}},
              {{"memory_limit", "memoryLimit"}, {"vcore", "vcore"}}, labels);
  set_members(
      model, kVpsPrefix,
      {{"offer", "offer"}, {"version", "version"}, {"model_name", "name"}},
      {{"model_vcore", "vcore"},
       {"maximum_additional_ip", "maximumAdditionnalIp"},
       {"disk", "disk"},
       {"memory", "memory"}},
      labels);
  std::string datacenters;
  for (const Json& datacenter : model["datacenter"].items())
    datacenters += (datacenters.empty() ? "" : " ") + datacenter.text();
  labels.set("__meta_ovhcloud_vps_datacenter", "[" + datacenters + "]");
}

void set_dedicated_labels(const Json& server, LabelsBuilder& labels) {
  set_members(server, kDedicatedPrefix,
              {{"state", "state"},
               {"commercial_range", "commercialRange"},
               {"rack", "rack"},
               {"os", "os"},
               {"support_level", "supportLevel"},
               {"reverse", "reverse"},
               {"datacenter", "datacenter"},
               {"name", "name"}},
              {{"link_speed", "linkSpeed"}, {"server_id", "serverId"}}, labels);
  labels.set("__meta_ovhcloud_dedicated_server_no_intervention",
             server["noIntervention"].flag() ? "true" : "false");
}

struct Service {
  std::string_view name, path, prefix;
  void (*set_labels)(const Json& server, LabelsBuilder& labels);
};
constexpr Service kVps = {"vps", "/vps", kVpsPrefix, set_vps_labels};
constexpr Service kDedicated = {"dedicated_server", "/dedicated/server",
                                kDedicatedPrefix, set_dedicated_labels};

class Ovhcloud : public Poller {
 public:
  Ovhcloud(const config::OvhcloudSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.endpoint) + " " + config.service,
               config.refresh_interval_ms, around),
        config_(config),
        service_(config.service == kVps.name ? kVps : kDedicated),
        url_(endpoint_url(config.endpoint)) {}

  [[nodiscard]] std::string_view name() const override { return "ovhcloud"; }

 protected:
  // A server that cannot be asked about keeps what is known of it.
  Task<Result<Groups>> poll() override {
    if (url_.empty()) {
      co_return fail(Code::kConfig,
                     "unknown endpoint " + quote(config_.endpoint));
    }
    Task<Result<Json>> ask_time = ask("/auth/time", false);
    const Result<Json> time = co_await ask_time;
    if (!time) co_return fail(Error(time.error()).in("/auth/time"));
    ahead_s_ = async().clock().wall_ms() / 1000 - time->integer();
    Task<Result<Json>> ask_list = ask(std::string(service_.path), true);
    const Result<Json> list = co_await ask_list;
    if (!list) co_return fail(list.error());
    const auto names = names_of(*list);
    if (!names) co_return fail(names.error());
    std::vector<Task<Result<Labels>>> tasks;
    tasks.reserve(names->size());
    for (const std::string& server : *names) tasks.push_back(look_at(server));
    Task<std::vector<Result<Labels>>> all =
        together(std::move(tasks), kRequestsAtOnce);
    const std::vector<Result<Labels>> looks = co_await all;
    co_return group_of(*names, looks);
  }

 private:
  static Result<std::vector<std::string>> names_of(const Json& list) {
    const std::vector<Json> items = list.items();
    if (!list.is_array() || items.size() > kItemsMax)
      return fail(Code::kBadData, "unexpected answer: no list of names");
    std::vector<std::string> names;
    for (const Json& item : items) {
      names.push_back(item.text());
      if (names.back().empty())
        return fail(Code::kBadData, "unexpected answer: no list of names");
    }
    return names;
  }

  // What a GET of that path answers.  The key goes with every request; the
  // clock of the server is asked for without a signature.
  Task<Result<Json>> ask(std::string path, bool is_signed) {
    auto request = api_request(config_.client, url_ + path, interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->headers.emplace_back("Accept", "application/json");
    request->headers.emplace_back("X-Ovh-Application", config_.application_key);
    if (is_signed) {
      const std::string time_s =
          std::to_string(async().clock().wall_ms() / 1000 - ahead_s_);
      const std::string& consumer = config_.consumer_key.reveal();
      const std::string& secret = config_.application_secret.reveal();
      request->headers.emplace_back("X-Ovh-Timestamp", time_s);
      request->headers.emplace_back("X-Ovh-Consumer", consumer);
      request->headers.emplace_back(
          "X-Ovh-Signature",
          "$1$" + sha1_hex(secret + "+" + consumer + "+GET+" + request->url +
                           "++" + time_s));
    }
    Task<Result<http::Response>> fetch =
        fetch_good(async(), *std::move(request));
    const Result<http::Response> response = co_await fetch;
    co_return good_json(response);
  }

  Task<Result<Labels>> look_at(std::string server) {
    const std::string path =
        std::string(service_.path) + "/" + http::percent_encode(server);
    Task<Result<Json>> ask_details = ask(path, true);
    const Result<Json> details = co_await ask_details;
    if (!details) co_return fail(details.error());
    Task<Result<Json>> ask_ips = ask(path + "/ips", true);
    const Result<Json> list = co_await ask_ips;
    if (!list) co_return fail(list.error());
    const Result<Ips> ips = read_ips(*list);
    if (!ips) co_return fail(ips.error());
    LabelsBuilder labels;
    const std::string prefix(service_.prefix);
    service_.set_labels(*details, labels);
    labels.set("__address__", ips->v4.empty() ? ips->v6 : ips->v4);
    labels.set("instance", (*details)["name"].text());
    labels.set(prefix + "ipv4", ips->v4);
    labels.set(prefix + "ipv6", ips->v6);
    co_return labels.build();
  }

  Groups group_of(const std::vector<std::string>& names,
                  const std::vector<Result<Labels>>& looks) {
    std::map<std::string, Labels> now;
    std::string why;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto before = known_.find(names[i]);
      if (looks[i]) {
        now.emplace(names[i], *looks[i]);
        continue;
      }
      if (why.empty()) why = names[i] + ": " + looks[i].error().message;
      if (before != known_.end()) now.emplace(names[i], before->second);
    }
    if (!why.empty() && why != trouble_) {
      os::log_warn("cannot see some servers; keeping what was known of them",
                   {{"mechanism", "ovhcloud"}, {"err", printable(why)}});
    }
    trouble_ = why;
    known_ = std::move(now);
    config::TargetGroup group;
    group.source = "ovhcloud_" + config_.service;
    for (const auto& [server, labels] : known_) group.targets.push_back(labels);
    return {std::move(group)};
  }

  const config::OvhcloudSdConfig config_;
  const Service& service_;
  const std::string url_;
  std::int64_t ahead_s_ = 0;  // our clock, of the server's
  std::map<std::string, Labels> known_;
  std::string trouble_;  // that was logged last
};

}  // namespace

Made make_ovhcloud(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Ovhcloud>(
      static_cast<const config::OvhcloudSdConfig&>(config), around);
}

}  // namespace prom::discover
