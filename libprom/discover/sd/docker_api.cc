#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/sd/docker_api_internal.h"
#include "libprom/http/address.h"
#include "libprom/http/target.h"

namespace prom::discover {
namespace {

// The newest 1.x whose answers are known.
constexpr std::int64_t kMinorVersionMax = 52;

// "/v1.47" for "1.47".
std::string version_path(const std::string& offered) {
  if (!offered.starts_with("1.")) return "";
  const auto minor = parse_int(std::string_view(offered).substr(2));
  if (!minor || *minor < 0) return "";
  return "/v1." + std::to_string(std::min(*minor, kMinorVersionMax));
}

// {"label":{"a=b":true}}
std::string filters_of(const config::DockerHost& host) {
  std::map<std::string, std::map<std::string, bool>> filters;
  for (const auto& [name, values] : host.filters) {
    for (const std::string& value : values) filters[name][value] = true;
  }
  if (filters.empty()) return "";
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, values] : filters) {
    json.key(name).begin_object();
    for (const auto& [value, is_on] : values) json.key(value).boolean(is_on);
    json.end_object();
  }
  json.end_object();
  return out;
}

}  // namespace

std::string docker_place(const config::DockerHost& host) {
  return host.host.starts_with("http") ? http::safe_url(host.host)
                                       : printable(host.host);
}

DockerApi::DockerApi(const config::DockerHost& host, Async& async)
    : host_(host), async_(async) {
  const std::size_t after = host.host.find("://") + 3;
  if (host.host.starts_with("unix://")) {
    base_ = "http://docker";
    unix_socket_ = host.host.substr(after);
  } else if (host.host.starts_with("tcp://")) {
    base_ = "http://" + host.host.substr(after);
  } else {
    base_ = host.host;
    is_http_ = true;
  }
  while (base_.ends_with('/')) base_.pop_back();
}

Result<http::Request> DockerApi::request(const std::string& path) const {
  static const config::HttpClientConfig kPlain;
  auto request = api_request(is_http_ ? host_.client : kPlain, base_ + path,
                             host_.refresh_interval_ms);
  if (request && !unix_socket_.empty()) {
    auto options = std::make_shared<http::ClientOptions>(*request->options);
    options->unix_socket = unix_socket_;
    request->options = std::move(options);
  }
  return request;
}

Task<Status> DockerApi::agree() {
  auto ping = request("/_ping");
  if (!ping) co_return fail(std::move(ping).error());
  Async::Fetch fetch = async_.fetch(*std::move(ping));
  const Result<http::Response> response = co_await fetch;
  if (!response) co_return fail(response.error());
  version_ = version_path(response->header("api-version"));
  co_return {};
}

Task<Result<std::vector<Json>>> DockerApi::list(std::string path,
                                                bool is_filtered) {
  std::string target = version_ + path;
  const std::string filters = is_filtered ? filters_of(host_) : "";
  if (!filters.empty()) target += "?filters=" + http::percent_encode(filters);
  auto asked = request(target);
  if (!asked) co_return fail(std::move(asked).error());
  Task<Result<Json>> fetch = fetch_json(async_, *std::move(asked));
  const Result<Json> answer = co_await fetch;
  if (!answer) co_return fail(Error(answer.error()).in(path));
  if (!answer->is_array() && !answer->is_null())
    co_return fail(Code::kBadData, path + ": the answer is no list");
  co_return answer->items();
}

LabelsById network_labels(const std::vector<Json>& networks,
                          const std::string& prefix) {
  LabelsById all;
  for (const Json& network : networks) {
    const std::string id = network["Id"].text();
    LabelsBuilder labels;
    labels.set(prefix + "network_id", id)
        .set(prefix + "network_name", network["Name"].text())
        .set(prefix + "network_scope", network["Scope"].text())
        .set(prefix + "network_internal",
             network["Internal"].flag() ? "true" : "false")
        .set(prefix + "network_ingress",
             network["Ingress"].flag() ? "true" : "false");
    add_labels(network["Labels"], prefix + "network_label_", labels);
    all[id] = labels.build();
  }
  return all;
}

void add_labels(const LabelsById& from, const std::string& id,
                LabelsBuilder& into) {
  const auto found = from.find(id);
  if (found == from.end()) return;
  for (const LabelView label : found->second) into.set(label.name, label.value);
}

void add_labels(const Json& labels, const std::string& prefix,
                LabelsBuilder& into) {
  for (const auto& [name, value] : labels.members())
    into.set(prefix + sanitized_label_name(name), value.text());
}

Result<std::string> address_of_prefix(const std::string& prefix) {
  std::string address = prefix.substr(0, prefix.find('/'));
  if (address.size() == prefix.size() || !http::Address::parse(address))
    return fail(Code::kBadData, "no address with prefix: " + quote(prefix));
  return address;
}

}  // namespace prom::discover
