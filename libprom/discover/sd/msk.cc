// msk_sd_configs: brokers and controllers of Amazon's managed Kafka clusters.
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/together.h"
#include "libprom/http/target.h"
#include "libprom/os/log.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_msk_";
constexpr const char* kService = "kafka";

using Answers = std::vector<Json>;

std::string printed_flag(const Json& flag) {
  return flag.flag() ? "true" : "false";
}

class Msk : public AwsPoller {
 public:
  using AwsPoller::AwsPoller;

 protected:
  Task<Result<std::vector<Labels>>> find() override {
    Task<Result<Answers>> search =
        config_.clusters.empty() ? list_clusters() : describe_clusters();
    Result<Answers> clusters = co_await search;
    if (!clusters) co_return fail(std::move(clusters).error());
    std::vector<Task<Result<Answers>>> questions;
    questions.reserve(clusters->size());
    for (const Json& cluster : *clusters) {
      const std::string arn = cluster["clusterArn"].text();
      questions.push_back(list(
          "/v1/clusters/" + http::percent_encode(arn) + "/nodes?maxResults=100",
          "nodeInfoList"));
    }
    Task<std::vector<Result<Answers>>> asking =
        together(std::move(questions), aws_.at_once());
    const std::vector<Result<Answers>> answers = co_await asking;
    std::vector<Labels> targets;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i])
        co_return fail(Error(answers[i].error()).in("could not list nodes"));
      for (const Json& node : *answers[i]) add((*clusters)[i], node, targets);
    }
    co_return targets;
  }

 private:
  // All pages of a list.
  Task<Result<Answers>> list(std::string path, std::string member) {
    Answers all;
    std::string token;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
      std::string at = path;
      if (!token.empty()) at += "&nextToken=" + http::percent_encode(token);
      Task<Result<Json>> question = aws_.get(kService, std::move(at));
      Result<Json> answer = co_await question;
      if (!answer) co_return fail(std::move(answer).error());
      for (Json& item : (*answer)[member].items())
        all.push_back(std::move(item));
      token = (*answer)["nextToken"].text();
      if (token.empty()) co_return all;
    }
    co_return fail(Code::kLimit, "kafka: too many pages");
  }

  Task<Result<Answers>> list_clusters() {
    Task<Result<Answers>> question =
        list("/api/v2/clusters?clusterTypeFilter=PROVISIONED&maxResults=100",
             "clusterInfoList");
    Result<Answers> clusters = co_await question;
    if (!clusters)
      co_return fail(std::move(clusters).error().in("could not list clusters"));
    co_return clusters;
  }

  // Serverless clusters have no brokers that could be seen.
  Task<Result<Answers>> describe_clusters() {
    std::vector<Task<Result<Json>>> questions;
    questions.reserve(config_.clusters.size());
    for (const std::string& arn : config_.clusters) {
      questions.push_back(
          aws_.get(kService, "/api/v2/clusters/" + http::percent_encode(arn)));
    }
    Task<std::vector<Result<Json>>> asking =
        together(std::move(questions), aws_.at_once());
    const std::vector<Result<Json>> answers = co_await asking;
    Answers clusters;
    for (const Result<Json>& answer : answers) {
      if (!answer)
        co_return fail(Error(answer.error()).in("could not describe cluster"));
      const Json cluster = (*answer)["clusterInfo"];
      if (cluster["clusterType"].text() == "PROVISIONED") {
        clusters.push_back(cluster);
      } else {
        os::log_debug("only provisioned MSK clusters are supported",
                      {{"cluster", cluster["clusterArn"].text()}});
      }
    }
    co_return clusters;
  }

  void add(const Json& cluster, const Json& node,
           std::vector<Labels>& targets) const {
    const Json broker = node["brokerNodeInfo"];
    const Json controller = node["controllerNodeInfo"];
    if (broker.is_null() && controller.is_null()) return;
    LabelsBuilder labels;
    const auto set = [&](std::string_view name, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(name), value);
    };
    const Json software = cluster["provisioned"]["currentBrokerSoftwareInfo"];
    const Json monitoring =
        cluster["provisioned"]["openMonitoring"]["prometheus"];
    set("cluster_name", cluster["clusterName"].text());
    set("cluster_arn", cluster["clusterArn"].text());
    set("cluster_state", cluster["state"].text());
    set("cluster_type", cluster["clusterType"].text());
    set("cluster_version", cluster["currentVersion"].text());
    set("cluster_kafka_version", software["kafkaVersion"].text());
    set("cluster_configuration_arn", software["configurationArn"].text());
    set("cluster_configuration_revision",
        software["configurationRevision"].printed());
    if (const Json jmx = monitoring["jmxExporter"]; !jmx.is_null())
      set("cluster_jmx_exporter_enabled", printed_flag(jmx["enabledInBroker"]));
    for (const auto& [key, value] : cluster["tags"].members())
      set("cluster_tag_" + sanitized_label_name(key), value.text());
    set("node_arn", node["nodeARN"].text());
    set("node_added_time", node["addedToClusterTime"].text());
    set("node_instance_type", node["instanceType"].text());
    set("node_type", broker.is_null() ? "CONTROLLER" : "BROKER");
    if (!broker.is_null()) {
      set("node_attached_eni", broker["attachedENIId"].text());
      const std::string id = broker["brokerId"].printed();
      set("broker_id", id.empty() ? "0" : id);
      set("broker_client_subnet", broker["clientSubnet"].text());
      set("broker_client_vpc_ip", broker["clientVpcIpAddress"].text());
      if (const Json exporter = monitoring["nodeExporter"]; !exporter.is_null())
        set("broker_node_exporter_enabled",
            printed_flag(exporter["enabledInBroker"]));
    }
    const std::string index_label = broker.is_null()
                                        ? "controller_endpoint_index"
                                        : "broker_endpoint_index";
    const Json endpoints =
        (broker.is_null() ? controller : broker)["endpoints"];
    std::size_t index = 0;
    for (const Json& endpoint : endpoints.items()) {
      set(index_label, std::to_string(index++));
      labels.set("__address__", host_port(endpoint.text(), config_.port));
      targets.push_back(labels.build());
    }
  }
};

}  // namespace

Made make_msk(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Msk>(static_cast<const config::AwsSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
