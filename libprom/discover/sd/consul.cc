// consul_sd_configs: the instances of services, by blocking queries: one for
// the catalog, unless the configuration names all services itself, and one for
// the health of each service.  A query returns when something has changed or
// after two minutes, and is made at most once per interval.
// Source: https://developer.hashicorp.com/consul/api-docs/features/blocking
#include "libprom/config/sd/consul.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

constexpr std::int64_t kWaitMs = 120'000;
constexpr std::int64_t kTimeoutMs = kWaitMs + 15'000;
constexpr std::int64_t kRetryMs = 15'000;
constexpr std::size_t kServicesMax = 20'000;

struct Answer {
  Json json;
  std::uint64_t index = 0;  // 0: the server told none
};

// Go writes lists and maps without elements as null.
bool is_list(const Json& json) {
  return json.is_array() || json.is_null();
}

std::string status_of(const Json& checks) {
  bool has_maintenance = false;
  bool has_critical = false;
  bool has_warning = false;
  for (const Json& check : checks.items()) {
    const std::string id = check["CheckID"].text();
    const std::string status = check["Status"].text();
    if (id == "_node_maintenance" || id.starts_with("_service_maintenance:")) {
      has_maintenance = true;
    } else if (status == "critical") {
      has_critical = true;
    } else if (status == "warning") {
      has_warning = true;
    } else if (status != "passing") {
      return "";
    }
  }
  if (has_maintenance) return "maintenance";
  if (has_critical) return "critical";
  return has_warning ? "warning" : "passing";
}

void add_pairs(const Json& pairs, const std::string& prefix,
               LabelsBuilder& labels) {
  for (const auto& [name, value] : pairs.members())
    labels.set(prefix + sanitized_label_name(name), value.text());
}

class Consul : public Mechanism {
 public:
  Consul(const config::ConsulSdConfig& config, Surroundings& around)
      : config_(config),
        around_(around),
        datacenter_(config.datacenter),
        failures_(around.metrics.registry.counter(
            "prometheus_sd_consul_rpc_failures_total",
            "Requests to Consul that failed.")) {
    std::string server = config_.server;
    std::string scheme = config_.scheme;
    if (const std::size_t colon = server.find("://");
        colon != std::string::npos) {
      const std::string named = server.substr(0, colon);
      server.erase(0, colon + 3);
      if (named == "unix") {
        unix_socket_ = server;
        server = "consul";
        scheme = "http";
      } else if (named != "tcp") {
        scheme = named;
      }
    }
    base_ = scheme + "://" + server;
    while (base_.ends_with('/')) base_.pop_back();
    if (!config_.path_prefix.empty() && !config_.path_prefix.starts_with('/'))
      base_ += '/';
    base_ += config_.path_prefix;
    while (base_.ends_with('/')) base_.pop_back();
  }

  [[nodiscard]] std::string_view name() const override { return "consul"; }
  // Places are services.
  [[nodiscard]] bool covers(std::string_view place) const override {
    return config_.services.empty() ||
           std::ranges::find(config_.services, place) != config_.services.end();
  }

  Task<Status> run(Findings& findings) override {
    findings_ = &findings;
    while (datacenter_.empty()) {
      Task<Status> asking = ask_datacenter();
      const Status asked = co_await asking;
      if (asked) break;
      findings.failed(shown_base(), asked.error().message);
      Async::Wait wait = around_.async.sleep_ms(kRetryMs);
      co_await wait;
    }
    const bool has_to_list = config_.services.empty() ||
                             !config_.tags.empty() || !config_.filter.empty();
    if (has_to_list) {
      Task<Status> watching = watch_catalog();
      co_return co_await watching;
    }
    for (const std::string& service : config_.services) watch(service);
    Async::Wait for_ever = around_.async.sleep_ms(INT64_MAX);
    co_await for_ever;
    co_return {};
  }

 private:
  [[nodiscard]] std::string shown_base() const {
    return unix_socket_.empty() ? http::safe_url(base_)
                                : printable(unix_socket_);
  }

  // The parameters are sent in the order of their names, as Go does.
  Task<Result<Answer>> get(
      std::string path, std::vector<std::pair<std::string, std::string>> query,
      std::string call) {
    if (!config_.datacenter.empty())
      query.emplace_back("dc", config_.datacenter);
    if (!config_.namespace_name.empty())
      query.emplace_back("ns", config_.namespace_name);
    if (!config_.partition.empty())
      query.emplace_back("partition", config_.partition);
    std::ranges::stable_sort(query, {},
                             &std::pair<std::string, std::string>::first);
    std::string url = base_ + path;
    if (!query.empty()) url += "?" + to_query(query);
    auto request = api_request(config_.client, url, kTimeoutMs);
    if (!request) co_return fail(std::move(request).error());
    request->timeout_ms = kTimeoutMs;
    if (!config_.token.empty())
      request->headers.emplace_back("X-Consul-Token", config_.token.reveal());
    request->headers.emplace_back("Accept", "application/json");
    if (!unix_socket_.empty()) {
      auto options = std::make_shared<http::ClientOptions>(*request->options);
      options->unix_socket = unix_socket_;
      request->options = std::move(options);
    }
    const std::int64_t begin_ns = now_ns();
    Task<Result<http::Response>> fetch =
        fetch_good(around_.async, *std::move(request));
    const Result<http::Response> response = co_await fetch;
    observe(call, now_ns() - begin_ns);
    if (!response) co_return fail(response.error());
    auto json = Json::parse(response->body);
    if (!json) co_return fail(json.error());
    co_return Answer{
        .json = *std::move(json),
        .index = parse_uint(response->header("x-consul-index")).value_or(0)};
  }

  Task<Status> ask_datacenter() {
    Task<Result<Answer>> asking = get("/v1/agent/self", {}, "self");
    const Result<Answer> answer = co_await asking;
    if (!answer) {
      failures_.add();
      co_return fail(answer.error());
    }
    datacenter_ = answer->json["Config"]["Datacenter"].text();
    if (datacenter_.empty())
      co_return fail(Code::kBadData, "the agent names no datacenter");
    co_return {};
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> parameters(
      std::uint64_t index, const std::string& filter) const {
    std::vector<std::pair<std::string, std::string>> query;
    if (!filter.empty()) query.emplace_back("filter", filter);
    if (index != 0) query.emplace_back("index", std::to_string(index));
    for (const auto& [name, value] : config_.node_meta)
      query.emplace_back("node-meta", name + ":" + value);
    if (config_.allow_stale) query.emplace_back("stale", "");
    query.emplace_back("wait", std::to_string(kWaitMs) + "ms");
    return query;
  }

  Task<Status> watch_catalog() {
    std::uint64_t index = 0;
    for (;;) {
      const std::int64_t begin_ns = now_ns();
      Task<Result<Answer>> asking =
          get("/v1/catalog/services", parameters(index, config_.filter),
              "services");
      const Result<Answer> answer = co_await asking;
      std::int64_t pause_ms = 0;
      if (!answer || !(answer->json.is_object() || answer->json.is_null())) {
        failures_.add();
        troubles_.insert("");
        findings_->failed(shown_base(), answer ? "the answer is no catalog"
                                               : answer.error().message);
        pause_ms = kRetryMs;
      } else {
        troubles_.erase("");
        if (answer->index != index || index == 0) take_catalog(answer->json);
        index = answer->index;
      }
      Async::Wait wait = around_.async.sleep_ms(
          std::max(pause_ms, left_of_interval_ms(begin_ns)));
      co_await wait;
    }
  }

  void take_catalog(const Json& catalog) {
    std::set<std::string> names;
    for (const auto& [name, tags] : catalog.members()) {
      names.insert(name);
      if (is_wanted(name, tags) && !watches_.contains(name)) watch(name);
    }
    std::vector<std::string> gone;
    for (const auto& [name, task] : watches_) {
      if (!names.contains(name)) gone.push_back(name);
    }
    // And those that were there before a reload.
    for (const auto& [place, groups] : findings_->places()) {
      if (!watches_.contains(place)) gone.push_back(place);
    }
    for (const std::string& name : gone) {
      watches_.erase(name);
      pending_.erase(name);
      troubles_.erase(name);
      findings_->gone(name);
    }
    settle_if_done();
  }

  [[nodiscard]] bool is_wanted(const std::string& name,
                               const Json& tags) const {
    if (!config_.services.empty() &&
        std::ranges::find(config_.services, name) == config_.services.end())
      return false;
    const std::vector<Json> has = tags.items();
    return std::ranges::all_of(config_.tags, [&](const std::string& wanted) {
      return std::ranges::any_of(
          has, [&](const Json& tag) { return tag.text() == wanted; });
    });
  }

  void watch(const std::string& service) {
    if (watches_.size() >= kServicesMax) {
      findings_->failed(
          shown_base(),
          "more than " + std::to_string(kServicesMax) + " services");
      return;
    }
    pending_.insert(service);
    Task<Status>& task = watches_[service];
    task = watch_service(service);
    task.start();
  }

  Task<Status> watch_service(std::string service) {
    const std::string path =
        "/v1/health/service/" + http::percent_encode(service);
    std::uint64_t index = 0;
    for (;;) {
      const std::int64_t begin_ns = now_ns();
      auto query = parameters(index, config_.health_filter);
      for (const std::string& tag : config_.tags)
        query.emplace_back("tag", tag);
      Task<Result<Answer>> asking = get(path, std::move(query), "service");
      const Result<Answer> answer = co_await asking;
      std::int64_t pause_ms = 0;
      pending_.erase(service);
      if (!answer || !is_list(answer->json)) {
        failures_.add();
        troubles_.insert(service);
        findings_->failed(
            service, answer ? "the answer is no list" : answer.error().message);
        pause_ms = kRetryMs;
      } else {
        troubles_.erase(service);
        if (answer->index != index || index == 0)
          findings_->found(service, {group(service, answer->json)});
        index = answer->index;
        settle_if_done();
      }
      Async::Wait wait = around_.async.sleep_ms(
          std::max(pause_ms, left_of_interval_ms(begin_ns)));
      co_await wait;
    }
  }

  void settle_if_done() {
    if (pending_.empty() && troubles_.empty()) findings_->settled();
  }

  [[nodiscard]] config::TargetGroup group(const std::string& service,
                                          const Json& instances) const {
    config::TargetGroup group;
    group.source = service;
    group.labels = {{"__meta_consul_service", service},
                    {"__meta_consul_dc", datacenter_}};
    for (const Json& instance : instances.items())
      group.targets.push_back(target(instance));
    return group;
  }

  [[nodiscard]] Labels target(const Json& instance) const {
    const Json node = instance["Node"];
    const Json service = instance["Service"];
    const std::string node_address = node["Address"].text();
    const std::string service_address = service["Address"].text();
    const std::string port = std::to_string(service["Port"].integer());
    std::vector<std::string> tags;
    for (const Json& tag : service["Tags"].items()) tags.push_back(tag.text());
    LabelsBuilder labels;
    // The service may be registered from another node.
    labels
        .set("__address__",
             host_port(service_address.empty() ? node_address : service_address,
                       port))
        .set("__meta_consul_address", node_address)
        .set("__meta_consul_node", node["Node"].text())
        .set("__meta_consul_namespace", service["Namespace"].text())
        .set("__meta_consul_partition", service["Partition"].text())
        .set("__meta_consul_tags",
             framed(tags, config_.tag_separator,
                    config_.tag_separator + config_.tag_separator))
        .set("__meta_consul_service_address", service_address)
        .set("__meta_consul_service_port", port)
        .set("__meta_consul_service_id", service["ID"].text())
        .set("__meta_consul_health", status_of(instance["Checks"]));
    add_pairs(node["Meta"], "__meta_consul_metadata_", labels);
    add_pairs(service["Meta"], "__meta_consul_service_metadata_", labels);
    add_pairs(node["TaggedAddresses"], "__meta_consul_tagged_address_", labels);
    return labels.build();
  }

  void observe(const std::string& call, std::int64_t duration_ns) {
    constexpr double kNsPerSecond = 1e9;
    if (call == "self") return;
    around_.metrics.registry
        .summary("prometheus_sd_consul_rpc_duration_seconds",
                 "How long requests to Consul took.", {0.5, 0.9, 0.99},
                 {{"call", call},
                  {"endpoint", call == "services" ? "catalog" : "health"}})
        .observe(static_cast<double>(duration_ns) / kNsPerSecond);
  }

  [[nodiscard]] std::int64_t now_ns() const {
    return around_.async.clock().monotonic_ns();
  }
  [[nodiscard]] std::int64_t left_of_interval_ms(std::int64_t begin_ns) const {
    return std::max<std::int64_t>(
        config_.refresh_interval_ms - (now_ns() - begin_ns) / kMillisecondNs,
        0);
  }

  const config::ConsulSdConfig config_;
  Surroundings& around_;
  std::string base_, unix_socket_, datacenter_;
  exposition::Counter& failures_;
  Findings* findings_ = nullptr;
  std::set<std::string> pending_;   // services that have not answered yet
  std::set<std::string> troubles_;  // whose last request failed; "": catalog
  std::map<std::string, Task<Status>> watches_;  // use those above
};

}  // namespace

Made make_consul(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Consul>(
      static_cast<const config::ConsulSdConfig&>(config), around);
}

}  // namespace prom::discover
