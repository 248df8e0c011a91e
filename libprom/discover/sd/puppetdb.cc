// puppetdb_sd_configs: the resources that a query of PuppetDB finds.
#include "libprom/config/sd/puppetdb.h"

#include "libprom/base/json_writer.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/api.h"
#include "libprom/discover/sd/makers_internal.h"

namespace prom::discover {
namespace {

// A scalar as upstream prints it: every number is a float there.
std::string printed(const Json& value) {
  const std::optional<double> number = value.number();
  if (!number) return value.printed();
  std::string text;
  append_float_go_g(text, *number);
  return text;
}

// Lists are joined, objects become names; their depth is limited as that of
// all JSON.
void add_parameters(const Json& parameters, const std::string& prefix,
                    LabelsBuilder& labels) {
  for (const auto& [name, value] : parameters.members()) {
    const std::string label = prefix + sanitized_label_name(name);
    if (value.is_object()) {
      add_parameters(value, label + "_", labels);
      continue;
    }
    std::string text = printed(value);
    std::string_view separator;
    for (const Json& item : value.items()) {
      text += separator;
      text += printed(item);
      separator = ",";
    }
    if (!text.empty()) labels.set(label, text);
  }
}

class Puppetdb : public Poller {
 public:
  Puppetdb(const config::PuppetdbSdConfig& config, Surroundings& around)
      : Poller(http::safe_url(config.url) + " " + printable(config.query),
               config.refresh_interval_ms, around),
        config_(config) {
    url_ = config_.url;
    while (url_.ends_with('/')) url_.pop_back();
    url_ += "/pdb/query/v4";
  }

  [[nodiscard]] std::string_view name() const override { return "puppetdb"; }

 protected:
  Task<Result<Groups>> poll() override {
    auto request = api_request(config_.client, url_, interval_ms());
    if (!request) co_return fail(std::move(request).error());
    request->method = "POST";
    request->headers.emplace_back("Accept", "application/json");
    request->headers.emplace_back("Content-Type", "application/json");
    JsonWriter body(request->body);
    body.begin_object().key("query").string(config_.query).end_object();
    Task<Result<http::Response>> fetch =
        fetch_good(async(), *std::move(request));
    const Result<http::Response> response = co_await fetch;
    if (!response) co_return fail(response.error());
    co_return read(*response);
  }

 private:
  [[nodiscard]] Result<Groups> read(const http::Response& response) const {
    const std::string type = response.header("content-type");
    if (!is_json_type(type))
      return fail(Code::kBadData, "unsupported content type " + quote(type));
    const Result<Json> answer = Json::parse(response.body);
    if (!answer) return fail(answer.error());
    if (!answer->is_array())
      return fail(Code::kBadData, "the answer is no list of resources");
    Groups groups;
    config::TargetGroup& group = groups.emplace_back();
    // Not a URL, but what upstream calls it.
    group.source = http::safe_url(url_) + "?query=" + config_.query;
    for (const Json& resource : answer->items())
      group.targets.push_back(target(resource));
    return groups;
  }

  [[nodiscard]] Labels target(const Json& resource) const {
    const std::string certname = resource["certname"].text();
    std::vector<std::string> tags;
    for (const Json& tag : resource["tags"].items()) tags.push_back(tag.text());
    LabelsBuilder labels;
    labels.set("__address__", host_port(certname, config_.port))
        .set("__meta_puppetdb_query", config_.query)
        .set("__meta_puppetdb_certname", certname)
        .set("__meta_puppetdb_resource", resource["resource"].text())
        .set("__meta_puppetdb_type", resource["type"].text())
        .set("__meta_puppetdb_title", resource["title"].text())
        .set("__meta_puppetdb_exported",
             resource["exported"].flag() ? "true" : "false")
        .set("__meta_puppetdb_tags", framed(tags, ","))
        .set("__meta_puppetdb_file", resource["file"].text())
        .set("__meta_puppetdb_environment", resource["environment"].text());
    // They may hold secrets, so that one has to ask for them.
    if (config_.include_parameters)
      add_parameters(resource["parameters"], "__meta_puppetdb_parameter_",
                     labels);
    return labels.build();
  }

  const config::PuppetdbSdConfig config_;
  std::string url_;
};

}  // namespace

Made make_puppetdb(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Puppetdb>(
      static_cast<const config::PuppetdbSdConfig&>(config), around);
}

}  // namespace prom::discover
