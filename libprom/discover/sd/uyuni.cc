// uyuni_sd_configs: the endpoints of the systems that an Uyuni server monitors,
// asked for by XML-RPC.
// https://www.uyuni-project.org/uyuni-docs-api/uyuni/index.html
#include "libprom/config/sd/uyuni.h"

#include <map>

#include "libprom/base/number.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/xml.h"

namespace prom::discover {
namespace {

// A session lasts so long, and is renewed after half of that.
constexpr std::int64_t kSessionS = 600;
constexpr std::int64_t kRenewAfterMs = kSessionS * 1000 / 2;

using Ids = std::vector<std::int64_t>;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string param(const std::string& value) {
  return "<param><value>" + value + "</value></param>";
}
std::string text_param(std::string_view text) {
  return param("<string>" + escaped(text) + "</string>");
}
std::string int_value(std::int64_t number) {
  return "<int>" + std::to_string(number) + "</int>";
}
std::string ids_param(const Ids& ids) {
  std::string data;
  for (const std::int64_t id : ids)
    data += "<value>" + int_value(id) + "</value>";
  return param("<array><data>" + data + "</data></array>");
}

// A value of XML-RPC, which the element <value> holds: with a type, or bare.
class Value {
 public:
  explicit Value(Xml value) : value_(std::move(value)) {}

  [[nodiscard]] std::string text() const {
    const std::vector<Xml> typed = value_.items();
    std::string text = typed.empty() ? value_.text() : typed.front().text();
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return "";
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  }
  [[nodiscard]] std::int64_t integer() const {
    return parse_int(text()).value_or(0);
  }
  [[nodiscard]] bool flag() const { return text() == "1"; }
  // Of a structure, else an empty one.
  Value operator[](std::string_view name) const {
    for (const Xml& member : value_["struct"].items("member")) {
      if (member["name"].text() == name) return Value(member["value"]);
    }
    return Value(Xml());
  }
  [[nodiscard]] bool is_array() const {
    return !value_["array"]["data"].is_null();
  }
  [[nodiscard]] std::vector<Value> items() const {
    std::vector<Value> items;
    for (Xml& item : value_["array"]["data"].items("value"))
      items.emplace_back(std::move(item));
    return items;
  }

 private:
  Xml value_;
};

// What a server returned.  Its own words are left out of errors: they may
// hold the session.
Result<Value> returned(const std::string& body) {
  const Result<Xml> answer = Xml::parse(body);
  if (!answer) return fail(answer.error());
  if (const Xml fault = (*answer)["fault"]; !fault.is_null()) {
    return fail(
        Code::kUnavailable,
        "server returned fault " +
            std::to_string(Value(fault["value"])["faultCode"].integer()));
  }
  const Xml value = (*answer)["params"]["param"]["value"];
  if (answer->name() != "methodResponse" || value.is_null())
    return fail(Code::kBadData, "unexpected answer: no method response");
  return Value(value);
}

Result<std::vector<Value>> list_of(const Value& value) {
  if (!value.is_array())
    return fail(Code::kBadData, "unexpected answer: no list");
  std::vector<Value> items = value.items();
  if (items.size() > kItemsMax)
    return fail(Code::kLimit,
                "a list of more than " + std::to_string(kItemsMax) + " items");
  return items;
}

struct Network {
  std::string hostname, fqdn;
};

class Uyuni : public Poller {
 public:
  Uyuni(const config::UyuniSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(url_of(config)), config.refresh_interval_ms,
               around),
        config_(config) {}

  [[nodiscard]] std::string_view name() const override { return "uyuni"; }

 protected:
  Task<Result<Groups>> poll() override {
    const std::int64_t now_ns = async().clock().monotonic_ns();
    if (session_.empty() || now_ns > renew_at_ns_) {
      Task<Result<Value>> login =
          call("auth.login", text_param(config_.username) +
                                 text_param(config_.password.reveal()) +
                                 param(int_value(kSessionS)));
      const Result<Value> session = co_await login;
      if (!session) co_return fail(session.error());
      session_ = session->text();
      if (session_.empty())
        co_return fail(Code::kBadData, "auth.login: no session");
      renew_at_ns_ = now_ns + kRenewAfterMs * kMillisecondNs;
    }
    Task<Result<Groups>> look = look_at_systems();
    Result<Groups> groups = co_await look;
    if (!groups) session_.clear();
    co_return groups;
  }

 private:
  static std::string url_of(const config::UyuniSdConfig& config) {
    std::string url = config.server;
    while (url.ends_with('/')) url.pop_back();
    return url + "/rpc/api";
  }

  Task<Result<Value>> call(std::string method, std::string params) {
    auto request = api_request(config_.client, url_of(config_), interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->method = "POST";
    request->headers.emplace_back("Content-Type", "text/xml");
    request->body =
        R"(<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>)" +
        method + "</methodName><params>" + params + "</params></methodCall>";
    Task<Result<http::Response>> fetch =
        fetch_good(async(), *std::move(request));
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(Error(response.error()).in(method));
    Result<Value> value = returned(response->body);
    if (!value) co_return fail(std::move(value).error().in(method));
    co_return value;
  }

  // A call that is about all `systems` and returns a list.
  Task<Result<std::vector<Value>>> call_for(std::string method, Ids systems) {
    Task<Result<Value>> ask =
        call(method, text_param(session_) + ids_param(systems));
    const Result<Value> value = co_await ask;
    if (!value) co_return fail(value.error());
    auto list = list_of(*value);
    if (!list) co_return fail(std::move(list).error().in(method));
    co_return list;
  }

  Task<Result<Groups>> look_at_systems() {
    const std::string method =
        "system.listSystemGroupsForSystemsWithEntitlement";
    Task<Result<Value>> ask_groups =
        call(method, text_param(session_) + text_param(config_.entitlement));
    const Result<Value> answer = co_await ask_groups;
    if (!answer) co_return fail(answer.error());
    const auto systems = list_of(*answer);
    if (!systems) co_return fail(Error(systems.error()).in(method));
    // The groups of each system, joined.
    std::map<std::int64_t, std::string> groups;
    for (const Value& system : *systems) {
      std::string names;
      for (const Value& group : system["system_groups"].items())
        names +=
            (names.empty() ? "" : config_.separator) + group["name"].text();
      groups[system["id"].integer()] = names;
    }
    Ids ids;
    for (const auto& [id, names] : groups) ids.push_back(id);
    Task<Result<std::vector<Value>>> ask_endpoints =
        call_for("system.monitoring.listEndpoints", ids);
    const Result<std::vector<Value>> endpoints = co_await ask_endpoints;
    if (!endpoints) co_return fail(endpoints.error());
    Task<Result<std::vector<Value>>> ask_networks =
        call_for("system.getNetworkForSystems", ids);
    const Result<std::vector<Value>> infos = co_await ask_networks;
    if (!infos) co_return fail(infos.error());
    std::map<std::int64_t, Network> networks;
    for (const Value& info : *infos) {
      networks[info["system_id"].integer()] = {
          .hostname = info["hostname"].text(),
          .fqdn = info["primary_fqdn"].text()};
    }
    config::TargetGroup group;
    group.source = url_of(config_);
    for (const Value& endpoint : *endpoints) {
      const std::int64_t id = endpoint["system_id"].integer();
      group.targets.push_back(labels_of(endpoint, networks[id], groups[id]));
    }
    co_return Groups{std::move(group)};
  }

  static Labels labels_of(const Value& endpoint, const Network& network,
                          const std::string& groups) {
    LabelsBuilder labels;
    const auto set = [&](std::string_view name, const std::string& value) {
      labels.set("__meta_uyuni_" + std::string(name), value);
    };
    labels.set("__address__", network.hostname + ":" +
                                  std::to_string(endpoint["port"].integer()));
    set("minion_hostname", network.hostname);
    set("primary_fqdn", network.fqdn);
    set("system_id", std::to_string(endpoint["system_id"].integer()));
    set("groups", groups);
    set("endpoint_name", endpoint["endpoint_name"].text());
    set("exporter", endpoint["exporter_name"].text());
    set("proxy_module", endpoint["module"].text());
    set("metrics_path", endpoint["path"].text());
    set("scheme", endpoint["tls_enabled"].flag() ? "https" : "http");
    return labels.build();
  }

  const config::UyuniSdConfig config_;
  std::string session_;  // "": none
  std::int64_t renew_at_ns_ = 0;
};

}  // namespace

Made make_uyuni(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Uyuni>(
      static_cast<const config::UyuniSdConfig&>(config), around);
}

}  // namespace prom::discover
