// kuma_sd_configs: what a Kuma control plane wants monitored, by its Monitoring
// Assignment Discovery Service (MADS) v1: xDS over HTTP with JSON.  The server
// holds a request until there is something new or fetch_timeout has passed.
// Source: https://kuma.io/docs/latest/policies/traffic-metrics/ and
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
#include "libprom/config/sd/kuma.h"

#include <algorithm>

#include "libprom/base/duration.h"
#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/os/host.h"

namespace prom::discover {
namespace {

constexpr std::string_view kType =
    "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";
constexpr std::int64_t kGraceMs = 15'000;

// Both spellings are JSON of the same protocol buffer.
std::string text_of(const Json& json, std::string_view name,
                    std::string_view camel_name) {
  const Json member = json[name];
  return member.is_null() ? json[camel_name].text() : member.text();
}

void add_user_labels(const Json& labels, LabelsBuilder& into) {
  for (const auto& [name, value] : labels.members())
    into.set("__meta_kuma_label_" + sanitized_label_name(name), value.text());
}

void add_targets(const Json& assignment, std::vector<Labels>& targets) {
  for (const Json& target : assignment["targets"].items()) {
    const std::string name = target["name"].text();
    LabelsBuilder labels;
    // Those of the assignment win.
    add_user_labels(target["labels"], labels);
    add_user_labels(assignment["labels"], labels);
    labels.set("__meta_kuma_mesh", assignment["mesh"].text())
        .set("__meta_kuma_service", assignment["service"].text())
        .set("__meta_kuma_dataplane", name)
        .set("__address__", target["address"].text())
        .set("__scheme__", target["scheme"].text())
        .set("__metrics_path__", text_of(target, "metrics_path", "metricsPath"))
        .set("instance", name);
    targets.push_back(labels.build());
  }
}

class Kuma : public Mechanism {
 public:
  Kuma(const config::KumaSdConfig& config, Surroundings& around)
      : config_(config),
        around_(around),
        place_(http::safe_url(config.server)),
        client_id_(config.client_id.empty() ? os::kernel_name().node
                                            : config.client_id),
        failures_(around.metrics.registry.counter(
            "prometheus_sd_kuma_fetch_failures_total",
            "Requests to Kuma that failed.")),
        skipped_(around.metrics.registry.counter(
            "prometheus_sd_kuma_fetch_skipped_updates_total",
            "Requests to Kuma that told nothing new.")) {}

  [[nodiscard]] std::string_view name() const override { return "kuma"; }
  [[nodiscard]] bool covers(std::string_view place) const override {
    return place == place_;
  }

  Task<Status> run(Findings& findings) override {
    for (;;) {
      const std::int64_t begin_ns = now_ns();
      Task<Result<Json>> fetching = fetch();
      const Result<Json> answer = co_await fetching;
      Status taken = {};
      if (!answer) {
        taken = fail(answer.error());
      } else if (answer->is_null()) {
        skipped_.add();
        findings.settled();
      } else {
        taken = take(*answer, findings);
      }
      if (!taken) {
        failures_.add();
        findings.failed(place_, taken.error().message);
      }
      const std::int64_t took_ms = (now_ns() - begin_ns) / kMillisecondNs;
      Async::Wait wait = around_.async.sleep_ms(
          std::max<std::int64_t>(config_.refresh_interval_ms - took_ms, 0));
      co_await wait;
    }
  }

 private:
  // The answer; null when nothing has changed.
  Task<Result<Json>> fetch() {
    constexpr int kNotModified = 304;
    constexpr double kNsPerSecond = 1e9;
    std::string url = config_.server;
    while (url.ends_with('/')) url.pop_back();
    url += "/v3/discovery:monitoringassignments?fetch-timeout=" +
           format_duration(config_.fetch_timeout_ms);
    auto request = api_request(config_.client, url, 0);
    if (!request) co_return fail(std::move(request).error());
    request->method = "POST";
    request->timeout_ms = config_.fetch_timeout_ms + kGraceMs;
    request->headers.emplace_back("Content-Type", "application/json");
    request->headers.emplace_back("Accept", "application/json");
    write_body(request->body);
    Async::Fetch fetch = around_.async.fetch(*std::move(request));
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(response.error());
    around_.metrics.registry
        .summary("prometheus_sd_kuma_fetch_duration_seconds",
                 "How long requests to Kuma took.", {0.5, 0.9, 0.99})
        .observe(static_cast<double>(response->duration_ns) / kNsPerSecond);
    if (response->status == kNotModified) co_return Json();
    if (response->status != 200)
      co_return fail(Code::kUnavailable, "server returned HTTP status " +
                                             printable(response->status_text));
    co_return Json::parse(response->body);
  }

  void write_body(std::string& body) const {
    JsonWriter json(body);
    json.begin_object();
    if (!version_.empty()) json.key("version_info").string(version_);
    json.key("node").begin_object().key("id").string(client_id_).end_object();
    json.key("type_url").string(kType);
    if (!nonce_.empty()) json.key("response_nonce").string(nonce_);
    json.end_object();
  }

  Status take(const Json& answer, Findings& findings) {
    if (text_of(answer, "type_url", "typeUrl") != kType)
      return fail(
          Code::kBadData,
          "an answer of type " + quote(text_of(answer, "type_url", "typeUrl")));
    Groups groups;
    config::TargetGroup& group = groups.emplace_back();
    group.source = "kuma";
    for (const Json& resource : answer["resources"].items()) {
      const std::string type = resource["@type"].text();
      if (type != kType)
        return fail(Code::kBadData, "a resource of type " + quote(type));
      add_targets(resource, group.targets);
    }
    version_ = text_of(answer, "version_info", "versionInfo");
    nonce_ = answer["nonce"].text();
    Findings::Places places;
    places.emplace(place_, std::move(groups));
    findings.found_all(std::move(places));
    return {};
  }

  [[nodiscard]] std::int64_t now_ns() const {
    return around_.async.clock().monotonic_ns();
  }

  const config::KumaSdConfig config_;
  Surroundings& around_;
  const std::string place_, client_id_;
  exposition::Counter& failures_;
  exposition::Counter& skipped_;
  std::string version_, nonce_;  // of the last answer
};

}  // namespace

Made make_kuma(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Kuma>(
      static_cast<const config::KumaSdConfig&>(config), around);
}

}  // namespace prom::discover
