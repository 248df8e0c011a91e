// linode_sd_configs: the instances of an account.  Between looks at
// everything, which take many requests, it only asks for events.
// https://techdocs.akamai.com/linode-api/
#include "libprom/config/sd/linode.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "libprom/base/duration.h"
#include "libprom/discover/api.h"
#include "libprom/discover/ip.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

// Events tell of what was done through the API only, so everything is looked
// at after so many looks without any.
constexpr int kQuietLooksMax = 10;
constexpr std::string_view kPageSize = "500";
constexpr std::string_view kEventsPageSize = "25";
constexpr std::int64_t kMegabyteBytes = 1 << 20;

using ByText = std::multimap<std::string, Json, std::less<>>;

ByText index_by(const std::vector<Json>& list, std::string_view member) {
  ByText index;
  for (const Json& item : list) index.emplace(item[member].text(), item);
  return index;
}

struct Ip {
  std::string address, name;

  Ip() = default;
  explicit Ip(const Json& detailed)
      : address(detailed["address"].text()), name(detailed["rdns"].text()) {
    if (name == "null") name.clear();
  }
};

struct Ips {
  Ip public_v4, private_v4, public_v6;
  std::vector<std::string> extra, v6_ranges;
};

Ips ips_of(const Json& instance, const ByText& addresses,
           const ByText& ranges) {
  Ips ips;
  for (const Json& text : instance["ipv4"].items()) {
    const auto [begin, end] =
        addresses.equal_range(canonical_ip(text.text()).value_or("<nil>"));
    for (auto found = begin; found != end; ++found) {
      const Json& detailed = found->second;
      Ip& first = detailed["public"].flag() ? ips.public_v4 : ips.private_v4;
      if (first.address.empty()) {
        first = Ip(detailed);
      } else {
        ips.extra.push_back(detailed["address"].text());
      }
    }
  }
  std::string slaac = instance["ipv6"].text();
  if (slaac.empty()) return ips;
  slaac.resize(std::min(slaac.find('/'), slaac.size()));
  const auto [begin, end] = addresses.equal_range(slaac);
  for (auto found = begin; found != end; ++found)
    ips.public_v6 = Ip(found->second);
  const auto [first, last] = ranges.equal_range(slaac);
  for (auto found = first; found != last; ++found) {
    ips.v6_ranges.push_back(found->second["range"].text() + "/" +
                            std::to_string(found->second["prefix"].integer()));
  }
  return ips;
}

Labels labels_of(const Json& instance, const Ips& ips,
                 const config::LinodeSdConfig& config) {
  LabelsBuilder labels;
  const auto set = [&](std::string_view name, const std::string& value) {
    labels.set("__meta_linode_" + std::string(name), value);
  };
  const auto set_ip = [&](const std::string& name, const Ip& ip) {
    set(name, ip.address);
    set(name + "_rdns", ip.name);
  };
  labels.set("__address__", host_port(ips.public_v4.address, config.port));
  set("instance_id", std::to_string(instance["id"].integer()));
  set("instance_label", instance["label"].text());
  for (const std::string_view name :
       {"image", "region", "type", "status", "group", "hypervisor"})
    set(name, instance[name].text());
  set_ip("private_ipv4", ips.private_v4);
  set_ip("public_ipv4", ips.public_v4);
  set_ip("public_ipv6", ips.public_v6);
  set("backups",
      instance["backups"]["enabled"].flag() ? "enabled" : "disabled");
  const Json specs = instance["specs"];
  set("gpus", std::to_string(specs["gpus"].integer()));
  set("specs_vcpus", std::to_string(specs["vcpus"].integer()));
  for (const std::string name : {"disk", "memory", "transfer"}) {
    const auto bytes = static_cast<std::uint64_t>(specs[name].integer()) *
                       static_cast<std::uint64_t>(kMegabyteBytes);
    set("specs_" + name + "_bytes",
        std::to_string(static_cast<std::int64_t>(bytes)));
  }
  std::vector<std::string> tags;
  for (const Json& tag : instance["tags"].items()) tags.push_back(tag.text());
  set("tags", framed(tags, config.tag_separator));
  set("extra_ips", framed(ips.extra, config.tag_separator));
  set("ipv6_ranges", framed(ips.v6_ranges, config.tag_separator));
  return labels.build();
}

class Linode : public Poller {
 public:
  Linode(const config::LinodeSdConfig& config, Surroundings& around)
      : Poller(place_of(config), config.refresh_interval_ms, around),
        config_(config),
        looked_at_ms_(around.async.clock().wall_ms()) {}

  [[nodiscard]] std::string_view name() const override { return "linode"; }

 protected:
  Task<Result<Groups>> poll() override {
    const std::int64_t now_ms = async().clock().wall_ms();
    bool is_quiet = false;
    if (last_ && asks_for_events_) {
      Task<Result<bool>> ask = ask_for_events();
      const Result<bool> has_events = co_await ask;
      if (!has_events) co_return fail(has_events.error());
      is_quiet = !*has_events;
    }
    if (!is_quiet) {
      Task<Result<Groups>> look = look_at_all();
      Result<Groups> groups = co_await look;
      if (!groups) {
        metrics().linode_failed();
        co_return groups;
      }
      quiet_looks_ = 0;
      last_ = *std::move(groups);
    }
    looked_at_ms_ = now_ms;
    co_return *last_;
  }

 private:
  static std::string place_of(const config::LinodeSdConfig& config) {
    const std::string url = http::safe_url(config.api_url);
    return config.region.empty() ? url : url + " " + config.region;
  }

  // Whether everything should be looked at.  A token that may not read events
  // is not asked with again.
  Task<Result<bool>> ask_for_events() {
    auto request =
        api_request(config_.client,
                    config_.api_url + "/v4/account/events?page=1&page_size=" +
                        std::string(kEventsPageSize),
                    interval_ms());
    if (!request) co_return fail(std::move(request).error());
    std::string since = format_rfc3339(looked_at_ms_ / 1000 * 1000);
    since.pop_back();  // without the Z
    request->headers.emplace_back(
        "X-Filter", R"({"created": {"+gte": ")" + since + R"("}})");
    Async::Fetch fetch = async().fetch(*std::move(request));
    const Result<http::Response> response = co_await fetch;
    constexpr int kUnauthorized = 401;
    if (response && response->status == kUnauthorized) {
      asks_for_events_ = false;
      co_return true;
    }
    const Result<Json> answer = good_json(response);
    if (!answer) co_return fail(Error(answer.error()).in("events"));
    const auto events = objects_of((*answer)["data"]);
    if (!events) co_return fail(Error(events.error()).in("events"));
    const bool is_due = ++quiet_looks_ >= kQuietLooksMax;
    co_return is_due || !events->empty();
  }

  Task<Result<std::vector<Json>>> list(std::string path) {
    const auto query = [](std::size_t page) {
      return to_query({{"page", std::to_string(page)},
                       {"page_size", std::string(kPageSize)}});
    };
    const NextPage next = [query](const Page& page) {
      const auto pages = page.body["pages"].integer();
      return std::cmp_less(page.number, pages)
                 ? std::optional(query(page.number + 1))
                 : std::nullopt;
    };
    auto request = api_request(
        config_.client, config_.api_url + path + "?" + query(1), interval_ms());
    if (!request) co_return fail(std::move(request).error());
    if (!config_.region.empty()) {
      request->headers.emplace_back(
          "X-Filter", R"({"region": ")" + config_.region + R"("})");
    }
    Task<Result<std::vector<Json>>> fetch =
        fetch_pages(async(), *std::move(request), "data", next);
    Result<std::vector<Json>> all = co_await fetch;
    if (!all) co_return fail(std::move(all).error().in(path));
    co_return all;
  }

  Task<Result<Groups>> look_at_all() {
    Task<Result<std::vector<Json>>> list_instances =
        list("/v4/linode/instances");
    const Result<std::vector<Json>> instances = co_await list_instances;
    if (!instances) co_return fail(instances.error());
    Task<Result<std::vector<Json>>> list_ips = list("/v4/networking/ips");
    const Result<std::vector<Json>> all_ips = co_await list_ips;
    if (!all_ips) co_return fail(all_ips.error());
    Task<Result<std::vector<Json>>> list_ranges =
        list("/v4/networking/ipv6/ranges");
    const Result<std::vector<Json>> all_ranges = co_await list_ranges;
    if (!all_ranges) co_return fail(all_ranges.error());
    const ByText addresses = index_by(*all_ips, "address");
    const ByText ranges = index_by(*all_ranges, "route_target");
    config::TargetGroup group;
    group.source = "Linode";
    for (const Json& instance : *instances) {
      if (instance["ipv4"].items().empty()) continue;
      const Ips ips = ips_of(instance, addresses, ranges);
      group.targets.push_back(labels_of(instance, ips, config_));
    }
    co_return Groups{std::move(group)};
  }

  const config::LinodeSdConfig config_;
  bool asks_for_events_ = true;
  int quiet_looks_ = 0;
  std::int64_t looked_at_ms_;
  std::optional<Groups> last_;
};

}  // namespace

Made make_linode(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Linode>(
      static_cast<const config::LinodeSdConfig&>(config), around);
}

}  // namespace prom::discover
