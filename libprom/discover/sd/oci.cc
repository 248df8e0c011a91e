// oci_sd_configs: the instances of a region of Oracle's cloud, in all
// compartments that can be seen or in those that are named.
#include "libprom/config/sd/oci.h"

#include <algorithm>
#include <deque>
#include <set>

#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/sd/oci_signer_internal.h"
#include "libprom/http/target.h"
#include "libprom/model/labels.h"
#include "libprom/os/log.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_oci_";
constexpr int kAttemptsMax = 3;
constexpr std::int64_t kRetryMs = 1000;
// The cloud allows 20 requests a second.
constexpr std::int64_t kPaceMs = 100;
constexpr std::int64_t kBurst = 50;
constexpr std::size_t kCompartmentsMax = 10'000;
// How long a key that the machine got is used.
constexpr std::int64_t kMachineKeyMs = 600'000;

// A list, or that it is not there for us, which the cloud does not tell apart.
struct Answer {
  bool is_there = true;
  std::vector<Json> items;
};

class Oci : public Poller {
 public:
  Oci(const config::OciSdConfig& config, Surroundings& around)
      : Poller(config.region + " " + config.tenancy, config.refresh_interval_ms,
               around),
        config_(config),
        identity_(config.identity_url.empty()
                      ? oci_url("identity", config.region)
                      : config.identity_url),
        compute_(config.compute_url.empty() ? oci_url("iaas", config.region)
                                            : config.compute_url) {}

  [[nodiscard]] std::string_view name() const override { return "oci"; }

 protected:
  Task<Result<Groups>> poll() override {
    Task<Status> preparation = prepare();
    Status status = co_await preparation;
    if (!status) co_return fail(std::move(status).error());
    Task<Result<std::vector<std::string>>> walk = compartments();
    const Result<std::vector<std::string>> ids = co_await walk;
    if (!ids) {
      key_until_ms_ = 0;
      co_return fail(Error(ids.error()).in("failed to list compartments"));
    }
    config::TargetGroup group;
    group.source = "OCI";
    for (const std::string& id : *ids) {
      Task<Result<Answer>> listing =
          list(compute_ + "/20160918/instances?" +
               to_query({{"compartmentId", id}, {"limit", "100"}}));
      const Result<Answer> instances = co_await listing;
      if (!instances || !instances->is_there) {
        key_until_ms_ = 0;
        co_return fail(Code::kUnavailable,
                       "listing OCI instances in compartment " + printable(id) +
                           ": " +
                           (instances ? "not found or not authorized"
                                      : instances.error().message));
      }
      for (const Json& instance : instances->items) {
        Task<Result<Labels>> look = labels_of(instance);
        Result<Labels> labels = co_await look;
        if (!labels) co_return fail(std::move(labels).error());
        if (!labels->empty()) group.targets.push_back(*std::move(labels));
      }
    }
    Groups groups;
    groups.push_back(std::move(group));
    co_return groups;
  }

 private:
  Task<Status> prepare() {
    const std::int64_t now_ms = async().clock().wall_ms();
    if (config_.auth == "api_key") {
      auto key = user_key(config_);
      if (!key) co_return fail(std::move(key).error());
      key_ = *std::move(key);
    } else if (key_until_ms_ <= now_ms) {
      Task<Result<OciKey>> asking = machine_key(async(), config_);
      Result<OciKey> key = co_await asking;
      if (!key) co_return fail(std::move(key).error().in("instance principal"));
      key_ = *std::move(key);
      key_until_ms_ = now_ms + kMachineKeyMs;
    }
    co_return Status();
  }

  // Waits until one more request is fair.
  Task<bool> take_turn() {
    const std::int64_t now_ms = async().clock().monotonic_ns() / kMillisecondNs;
    next_ms_ = std::max(next_ms_ + kPaceMs, now_ms - kBurst * kPaceMs);
    if (next_ms_ > now_ms) co_await async().sleep_ms(next_ms_ - now_ms);
    co_return true;
  }

  Task<Result<http::Response>> ask(std::string url) {
    for (int attempt = 1;; ++attempt) {
      Task<bool> turn = take_turn();
      co_await turn;
      auto request = api_request(config_.client, url, interval_ms());
      if (!request) co_return fail(std::move(request).error());
      auto options = std::make_shared<http::ClientOptions>(*request->options);
      options->user.clear();
      options->password.clear();
      options->authorization.clear();
      options->oauth2 = nullptr;
      request->options = std::move(options);
      if (auto status =
              sign_oci(*request, key_, true, async().clock().wall_ms());
          !status)
        co_return fail(std::move(status).error());
      Async::Fetch fetch = async().fetch(*std::move(request));
      Result<http::Response> response = co_await fetch;
      const bool may_pass =
          response ? response->status == 429 || response->status >= 500
                   : response.error().code == Code::kUnavailable;
      if (!may_pass || attempt == kAttemptsMax) co_return response;
      co_await async().sleep_ms(kRetryMs * attempt);
    }
  }

  static bool is_hidden(const http::Response& response) {
    return response.status == 404 || response.status == 403;
  }
  static Error refusal(const http::Response& response) {
    return {Code::kUnavailable,
            "server returned HTTP status " + printable(response.status_text)};
  }

  // All pages.
  Task<Result<Answer>> list(std::string url) {
    Answer all;
    std::string page;
    for (std::size_t number = 0; number < kPagesMax; ++number) {
      Task<Result<http::Response>> question =
          ask(page.empty() ? url : url + "&page=" + http::percent_encode(page));
      const Result<http::Response> response = co_await question;
      if (!response) co_return fail(response.error());
      if (is_hidden(*response)) {
        all.is_there = false;
        co_return all;
      }
      if (response->status / 100 != 2) co_return fail(refusal(*response));
      const auto json = Json::parse(response->body);
      if (!json) co_return fail(json.error());
      for (Json& item : json->items()) all.items.push_back(std::move(item));
      if (all.items.size() > kItemsMax)
        co_return fail(Code::kLimit, "the list has too many elements");
      page = response->header("opc-next-page");
      if (page.empty()) co_return all;
    }
    co_return fail(Code::kLimit, "the list has too many pages");
  }

  // The tenancy and what lies below it, as far as we may see it.
  Task<Result<std::vector<std::string>>> compartments() {
    if (!config_.compartments.empty()) co_return config_.compartments;
    std::vector<std::string> all;
    std::set<std::string> seen;
    std::deque<std::string> queue = {key_.tenancy};
    while (!queue.empty()) {
      const std::string id = queue.front();
      queue.pop_front();
      if (!seen.insert(id).second) continue;
      if (all.size() == kCompartmentsMax)
        co_return fail(Code::kLimit, "too many compartments");
      all.push_back(id);
      Task<Result<Answer>> listing =
          list(identity_ + "/20160918/compartments?" +
               to_query({{"compartmentId", id},
                         {"accessLevel", "ACCESSIBLE"},
                         {"compartmentIdInSubtree", "false"},
                         {"limit", "100"}}));
      const Result<Answer> below = co_await listing;
      if (!below) co_return fail(below.error());
      if (!below->is_there) {
        if (hidden_.insert(id).second)
          os::log_warn("may not see what is below a compartment",
                       {{"mechanism", "oci"}, {"compartment", id}});
        continue;
      }
      for (const Json& compartment : below->items) {
        if (compartment["lifecycleState"].text() == "ACTIVE")
          queue.push_back(compartment["id"].text());
      }
    }
    co_return all;
  }

  // The primary network card, null when there is none that we may see.
  Task<Result<Json>> primary_card(std::string compartment, std::string id) {
    Task<Result<Answer>> listing =
        list(compute_ + "/20160918/vnicAttachments?" +
             to_query({{"compartmentId", compartment},
                       {"instanceId", id},
                       {"limit", "100"}}));
    const Result<Answer> attachments = co_await listing;
    if (!attachments) co_return fail(attachments.error());
    for (const Json& attachment : attachments->items) {
      const std::string card_id = attachment["vnicId"].text();
      if (card_id.empty() || attachment["lifecycleState"].text() != "ATTACHED")
        continue;
      Task<Result<http::Response>> question =
          ask(compute_ + "/20160918/vnics/" + http::percent_encode(card_id));
      const Result<http::Response> response = co_await question;
      if (!response) co_return fail(response.error());
      if (is_hidden(*response)) co_return Json();
      if (response->status / 100 != 2) co_return fail(refusal(*response));
      auto card = Json::parse(response->body);
      if (!card) co_return fail(std::move(card).error());
      if ((*card)["isPrimary"].flag()) co_return *card;
    }
    co_return Json();
  }

  // Empty for an instance without an address.
  Task<Result<Labels>> labels_of(Json instance) {
    const std::string id = instance["id"].text();
    const std::string compartment = instance["compartmentId"].text();
    if (id.empty() || compartment.empty()) co_return Labels();
    Task<Result<Json>> search = primary_card(compartment, id);
    const Result<Json> card = co_await search;
    if (!card) {
      co_return fail(
          Error(card.error()).in("network of instance " + printable(id)));
    }
    std::vector<std::string> ipv6;
    for (const Json& address : (*card)["ipv6Addresses"].items())
      ipv6.push_back(address.text());
    std::ranges::sort(ipv6);
    std::string address = (*card)["privateIp"].text();
    if (address.empty()) address = (*card)["publicIp"].text();
    if (address.empty() && !ipv6.empty()) address = ipv6.front();
    if (address.empty()) co_return Labels();
    LabelsBuilder labels;
    const auto set = [&](std::string_view key, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(key), value);
    };
    labels.set("__address__", host_port(address, config_.port));
    set("instance_id", id);
    set("instance_name", instance["displayName"].text());
    set("instance_state", instance["lifecycleState"].text());
    set("instance_shape", instance["shape"].text());
    set("availability_domain", instance["availabilityDomain"].text());
    set("fault_domain", instance["faultDomain"].text());
    set("region", instance["region"].text());
    set("tenancy_id", key_.tenancy);
    set("compartment_id", compartment);
    set("image_id", instance["imageId"].text());
    set("vnic_id", (*card)["id"].text());
    set("private_ip", (*card)["privateIp"].text());
    set("public_ip", (*card)["publicIp"].text());
    set("hostname_label", (*card)["hostnameLabel"].text());
    set("ipv6_addresses", framed(ipv6, ","));
    for (const auto& [key, value] : instance["freeformTags"].members())
      set("tag_" + sanitized_label_name(key), value.text());
    for (const auto& [space, tags] : instance["definedTags"].members()) {
      for (const auto& [key, value] : tags.members())
        set("defined_tag_" + sanitized_label_name(space) + "_" +
                sanitized_label_name(key),
            value.printed());
    }
    co_return labels.build();
  }

  const config::OciSdConfig config_;
  const std::string identity_, compute_;
  OciKey key_;
  std::int64_t key_until_ms_ = 0;
  std::int64_t next_ms_ = 0;
  std::set<std::string> hidden_;  // compartments, named once
};

}  // namespace

Made make_oci(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Oci>(static_cast<const config::OciSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
