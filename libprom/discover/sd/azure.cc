// azure_sd_configs: virtual machines and those of scale sets, each with the
// address of its primary network card.
#include "libprom/config/sd/azure.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/azure_token_internal.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/together.h"
#include "libprom/http/target.h"
#include "libprom/model/labels.h"
#include "libprom/os/log.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_azure_";
constexpr const char* kComputeVersion = "2023-03-01";
constexpr const char* kNetworkVersion = "2023-05-01";
constexpr const char* kSetNetworkVersion = "2018-10-01";
constexpr std::size_t kCardsKeptMax = 5000;
constexpr std::size_t kAtOnce = 20;

struct ResourceId {
  std::string group, name;
};

bool is_same(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char left, char right) {
    return (left >= 'A' && left <= 'Z' ? left - 'A' + 'a' : left) == right;
  });
}

// "/subscriptions/S/resourceGroups/G/providers/P/TYPE/NAME"
std::optional<ResourceId> parse_id(std::string_view id) {
  ResourceId parsed;
  if (!id.starts_with('/')) return std::nullopt;
  std::string_view before;
  while (!id.empty()) {
    id.remove_prefix(1);
    const std::string_view part = id.substr(0, id.find('/'));
    if (part.empty()) return std::nullopt;
    if (is_same(before, "resourcegroups")) parsed.group = part;
    parsed.name = part;
    before = part;
    id.remove_prefix(part.size());
  }
  if (parsed.name.empty()) return std::nullopt;
  return parsed;
}

struct Machine {
  Json itself;
  std::string scale_set;  // "": none
};

class Azure : public Poller {
 public:
  Azure(const config::AzureSdConfig& config, Surroundings& around)
      : Poller(printable(config.subscription_id + " " + config.resource_group),
               config.refresh_interval_ms, around),
        config_(config),
        environment_(around.environment) {
    count("prometheus_sd_azure_failures_total",
          "Number of Azure service discovery refresh failures.", 0);
    count("prometheus_sd_azure_cache_hit_total",
          "Number of cache hit during refresh.", 0);
  }

  [[nodiscard]] std::string_view name() const override { return "azure"; }

 protected:
  Task<Result<Groups>> poll() override {
    Task<Result<Groups>> search = look();
    Result<Groups> groups = co_await search;
    if (!groups) {
      count("prometheus_sd_azure_failures_total",
            "Number of Azure service discovery refresh failures.", 1);
      // It may have been refused.
      token_ = {};
    }
    co_return groups;
  }

 private:
  void count(const char* name, const char* help, std::uint64_t by) {
    auto& counter = metrics().registry.counter(name, help);
    for (std::uint64_t i = 0; i < by; ++i) counter.add();
  }

  Task<Result<Groups>> look() {
    auto cloud = azure_cloud(config_);
    if (!cloud) co_return fail(std::move(cloud).error());
    cloud_ = *cloud;
    if (!token_.is_good(async().clock().wall_ms())) {
      Task<Result<BearerToken>> asking =
          fetch_azure_token(async(), config_, environment_, cloud_);
      Result<BearerToken> token = co_await asking;
      if (!token)
        co_return fail(std::move(token).error().in("Azure credentials"));
      token_ = *std::move(token);
    }
    Task<Result<std::vector<Machine>>> listing = find_machines();
    const Result<std::vector<Machine>> machines = co_await listing;
    if (!machines) co_return fail(machines.error());
    std::vector<Task<Result<Labels>>> looks;
    looks.reserve(machines->size());
    for (const Machine& machine : *machines)
      looks.push_back(labels_of(machine));
    Task<std::vector<Result<Labels>>> looking =
        together(std::move(looks), kAtOnce);
    std::vector<Result<Labels>> found = co_await looking;
    config::TargetGroup group;
    for (Result<Labels>& labels : found) {
      if (!labels) {
        co_return fail(std::move(labels).error().in(
            "unable to complete Azure service discovery"));
      }
      if (!labels->empty()) group.targets.push_back(*std::move(labels));
    }
    Groups groups;
    groups.push_back(std::move(group));
    co_return groups;
  }

  // Virtual machines, then those of each scale set.
  Task<Result<std::vector<Machine>>> find_machines() {
    std::vector<Machine> machines;
    std::string where =
        "/subscriptions/" + http::percent_encode(config_.subscription_id);
    if (!config_.resource_group.empty()) {
      where +=
          "/resourceGroups/" + http::percent_encode(config_.resource_group);
    }
    where += "/providers/Microsoft.Compute/";
    Task<Result<std::vector<Json>>> listing = list(where + "virtualMachines");
    Result<std::vector<Json>> found = co_await listing;
    if (!found) {
      co_return fail(
          std::move(found).error().in("could not get virtual machines"));
    }
    for (Json& machine : *found)
      machines.push_back({.itself = std::move(machine), .scale_set = {}});
    listing = list(where + "virtualMachineScaleSets");
    const Result<std::vector<Json>> sets = co_await listing;
    if (!sets) {
      co_return fail(
          Error(sets.error()).in("could not get virtual machine scale sets"));
    }
    for (const Json& set : *sets) {
      const auto id = parse_id(set["id"].text());
      if (!id) co_return fail(Code::kBadData, "invalid ID of a scale set");
      const std::string name = set["name"].text();
      listing = list("/subscriptions/" +
                     http::percent_encode(config_.subscription_id) +
                     "/resourceGroups/" + http::percent_encode(id->group) +
                     "/providers/Microsoft.Compute/virtualMachineScaleSets/" +
                     http::percent_encode(name) + "/virtualMachines");
      found = co_await listing;
      if (!found) {
        co_return fail(std::move(found).error().in(
            "could not get virtual machine scale set vms"));
      }
      for (Json& machine : *found)
        machines.push_back({.itself = std::move(machine), .scale_set = name});
      if (machines.size() > kItemsMax)
        co_return fail(Code::kLimit, "too many virtual machines");
    }
    co_return machines;
  }

  Result<http::Request> request_for(const std::string& path_and_query) const {
    auto request = api_request(
        config_.client, cloud_.management_url + path_and_query, interval_ms());
    if (!request) return request;
    auto options = std::make_shared<http::ClientOptions>(*request->options);
    options->user.clear();
    options->password.clear();
    options->oauth2 = nullptr;
    options->authorization = "Bearer " + token_.value.reveal();
    request->options = std::move(options);
    return request;
  }

  Task<Result<std::vector<Json>>> list(std::string path) {
    auto request =
        request_for(path + "?api-version=" + std::string(kComputeVersion));
    if (!request) co_return fail(std::move(request).error());
    Task<Result<std::vector<Json>>> listing =
        fetch_pages(async(), *std::move(request), "value",
                    [](const Page& page) -> std::optional<std::string> {
                      const std::string next = page.body["nextLink"].text();
                      const std::size_t question = next.find('?');
                      if (question == std::string::npos) return std::nullopt;
                      return next.substr(question + 1);
                    });
    Result<std::vector<Json>> all = co_await listing;
    co_return all;
  }

  // The network card, or null when there is none of that ID.
  Task<Result<Json>> find_card(std::string id, Machine machine) {
    const std::int64_t now_ms = async().clock().wall_ms();
    if (const auto kept = cards_.find(id);
        kept != cards_.end() && kept->second.until_ms > now_ms) {
      count("prometheus_sd_azure_cache_hit_total",
            "Number of cache hit during refresh.", 1);
      co_return kept->second.card;
    }
    const auto parsed = parse_id(id);
    if (!parsed) {
      co_return fail(Code::kBadData,
                     "could not parse network interface ID " + printable(id));
    }
    std::string path = "/subscriptions/" +
                       http::percent_encode(config_.subscription_id) +
                       "/resourceGroups/" + http::percent_encode(parsed->group);
    const char* version = kNetworkVersion;
    if (machine.scale_set.empty()) {
      path += "/providers/Microsoft.Network";
    } else {
      version = kSetNetworkVersion;
      path += "/providers/microsoft.Compute/virtualMachineScaleSets/" +
              http::percent_encode(machine.scale_set) + "/virtualMachines/" +
              http::percent_encode(machine.itself["instanceId"].text());
    }
    path += "/networkInterfaces/" + http::percent_encode(parsed->name) + "?" +
            to_query({{"$expand", "IPConfigurations/PublicIPAddress"},
                      {"api-version", version}});
    auto request = request_for(path);
    if (!request) co_return fail(std::move(request).error());
    Async::Fetch fetch = async().fetch(*std::move(request));
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(response.error());
    if (response->status == 404) co_return Json();
    if (response->status / 100 != 2) {
      co_return fail(Code::kUnavailable, "server returned HTTP status " +
                                             printable(response->status_text));
    }
    Result<Json> card = Json::parse(response->body);
    if (card) keep(id, *card, now_ms);
    co_return card;
  }

  // For ten intervals and up to three more, so that not all expire at once.
  void keep(const std::string& id, const Json& card, std::int64_t now_ms) {
    std::erase_if(cards_, [&](const auto& kept) {
      return kept.second.until_ms <= now_ms;
    });
    if (cards_.size() >= kCardsKeptMax) cards_.erase(cards_.begin());
    std::uniform_int_distribution<std::int64_t> more_ms(0, 3 * interval_ms());
    cards_[id] = {.card = card,
                  .until_ms = now_ms + 10 * interval_ms() + more_ms(random_)};
  }

  // Empty for a machine without a usable address.
  Task<Result<Labels>> labels_of(Machine machine) {
    const Json properties = machine.itself["properties"];
    const std::string id = machine.itself["id"].text();
    const std::string name = machine.itself["name"].text();
    const auto parsed = parse_id(id);
    if (!parsed)
      co_return fail(Code::kBadData, "invalid ID '" + printable(id) + "'");
    LabelsBuilder labels;
    const auto set = [&](std::string_view key, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(key), value);
    };
    set("subscription_id", config_.subscription_id);
    set("tenant_id", config_.tenant_id);
    set("machine_id", id);
    set("machine_name", name);
    set("machine_computer_name",
        properties["osProfile"]["computerName"].text());
    set("machine_os_type",
        properties["storageProfile"]["osDisk"]["osType"].text());
    set("machine_location", machine.itself["location"].text());
    set("machine_resource_group", parsed->group);
    set("machine_size", properties["hardwareProfile"]["vmSize"].text());
    set("machine_scale_set", machine.scale_set);
    for (const auto& [key, value] : machine.itself["tags"].members())
      set("machine_tag_" + sanitized_label_name(key), value.text());
    const std::vector<Json> cards =
        properties["networkProfile"]["networkInterfaces"].items();
    for (const Json& reference : cards) {
      Task<Result<Json>> search = find_card(reference["id"].text(), machine);
      const Result<Json> card = co_await search;
      if (!card) co_return fail(card.error());
      if (card->is_null()) {
        os::log_warn("network interface does not exist",
                     {{"id", reference["id"].text()}});
        co_return Labels();
      }
      const Json about = (*card)["properties"];
      if (about.is_null()) continue;
      // A machine that is not running has no primary card.
      if (about["primary"].is_null()) co_return Labels();
      if (!about["primary"].flag()) continue;
      const std::vector<Json> addresses = about["ipConfigurations"].items();
      if (addresses.empty()) continue;
      const Json first = addresses.front()["properties"];
      set("machine_public_ip",
          first["publicIPAddress"]["properties"]["ipAddress"].text());
      const std::string private_ip = first["privateIPAddress"].text();
      if (private_ip.empty()) {
        co_return fail(Code::kBadData,
                       "unable to find a private IP for VM " + printable(name));
      }
      set("machine_private_ip", private_ip);
      labels.set("__address__", host_port(private_ip, config_.port));
      co_return labels.build();
    }
    co_return Labels();
  }

  struct Kept {
    Json card;
    std::int64_t until_ms = 0;
  };

  const config::AzureSdConfig config_;
  const config::Environment environment_;
  AzureCloud cloud_;
  BearerToken token_;
  std::map<std::string, Kept> cards_;  // by ID
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

Made make_azure(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Azure>(
      static_cast<const config::AzureSdConfig&>(config), around);
}

}  // namespace prom::discover
