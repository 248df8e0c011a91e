// ecs_sd_configs: the tasks of Amazon's container service, with the machines
// that they run on.
#include <algorithm>
#include <map>
#include <set>

#include "libprom/base/json_writer.h"
#include "libprom/base/utf8.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/together.h"

namespace prom::discover {
namespace {

constexpr std::string_view kPrefix = "__meta_ecs_";
constexpr std::string_view kTarget = "AmazonEC2ContainerServiceV20141113.";
constexpr const char* kEc2Version = "2016-11-15";
constexpr std::size_t kBatch = 100;         // what most operations take
constexpr std::size_t kServicesBatch = 10;  // DescribeServices

using Answers = std::vector<Json>;
using Texts = std::vector<std::string>;

struct Machine {
  std::string private_ip, public_ip, subnet_id, type;
  std::vector<std::pair<std::string, std::string>> tags;
};

// A cluster with what belongs to it.
struct Cluster {
  Json itself;
  std::map<std::string, Json> services;  // by name
  Answers tasks;
  std::map<std::string, std::string> instance_ids;  // by container instance
  std::map<std::string, Machine> machines;          // by instance
  std::map<std::string, std::string> public_ips;    // by network card
};

Json network_card(const Json& task) {
  for (const Json& attachment : task["attachments"].items()) {
    if (attachment["type"].text() == "ElasticNetworkInterface")
      return attachment;
  }
  return {};
}

std::string detail(const Json& attachment, std::string_view name) {
  for (const Json& item : attachment["details"].items()) {
    if (item["name"].text() == name) return item["value"].text();
  }
  return "";
}

Texts texts_of(const Answers& items) {
  Texts texts;
  texts.reserve(items.size());
  for (const Json& item : items) texts.push_back(item.text());
  return texts;
}

class Ecs : public AwsPoller {
 public:
  using AwsPoller::AwsPoller;

 protected:
  Task<Result<std::vector<Labels>>> find() override {
    Texts clusters = config_.clusters;
    if (clusters.empty()) {
      Task<Result<Answers>> listing = list("ListClusters", "", "clusterArns");
      const Result<Answers> listed = co_await listing;
      if (!listed)
        co_return fail(Error(listed.error()).in("could not list clusters"));
      clusters = texts_of(*listed);
    }
    std::vector<Labels> targets;
    if (clusters.empty()) co_return targets;
    Task<Result<Answers>> description = describe(
        "DescribeClusters", "", "clusters", "clusters", clusters, kBatch);
    const Result<Answers> described = co_await description;
    if (!described)
      co_return fail(
          Error(described.error()).in("could not describe clusters"));
    std::map<std::string, Json> known;
    for (const Json& cluster : *described)
      known.emplace(cluster["clusterArn"].text(), cluster);
    for (const std::string& arn : clusters) {
      Task<Result<Cluster>> look = look_into(arn, known[arn]);
      Result<Cluster> cluster = co_await look;
      if (!cluster) {
        co_return fail(
            std::move(cluster).error().in("cluster " + printable(arn)));
      }
      for (const Json& task : cluster->tasks) add(*cluster, task, targets);
    }
    co_return targets;
  }

 private:
  // All pages of a list of names; `cluster` may be empty.
  Task<Result<Answers>> list(std::string operation, std::string cluster,
                             std::string member) {
    Answers all;
    std::string token;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
      std::string body;
      JsonWriter json(body);
      json.begin_object().key("maxResults").integer(kBatch);
      if (!cluster.empty()) json.key("cluster").string(cluster);
      if (!token.empty()) json.key("nextToken").string(token);
      json.end_object();
      Task<Result<Json>> question =
          aws_.call("ecs", std::string(kTarget) + operation, std::move(body));
      Result<Json> answer = co_await question;
      if (!answer) co_return fail(std::move(answer).error());
      for (Json& item : (*answer)[member].items())
        all.push_back(std::move(item));
      token = (*answer)["nextToken"].text();
      if (token.empty()) co_return all;
    }
    co_return fail(Code::kLimit, "ecs: too many pages");
  }

  // Asks about `names` in batches, side by side.
  Task<Result<Answers>> describe(std::string operation, std::string cluster,
                                 std::string parameter, std::string member,
                                 Texts names, std::size_t batch) {
    std::vector<Task<Result<Json>>> questions;
    for (std::size_t from = 0; from < names.size(); from += batch) {
      std::string body;
      JsonWriter json(body);
      json.begin_object();
      if (!cluster.empty()) json.key("cluster").string(cluster);
      json.key(parameter).begin_array();
      for (std::size_t i = from; i < std::min(from + batch, names.size()); ++i)
        json.string(names[i]);
      json.end_array();
      if (parameter != "containerInstances")
        json.key("include").begin_array().string("TAGS").end_array();
      json.end_object();
      questions.push_back(
          aws_.call("ecs", std::string(kTarget) + operation, std::move(body)));
    }
    Task<std::vector<Result<Json>>> asking =
        together(std::move(questions), aws_.at_once());
    std::vector<Result<Json>> answers = co_await asking;
    Answers all;
    for (Result<Json>& answer : answers) {
      if (!answer) co_return fail(std::move(answer).error());
      for (Json& item : (*answer)[member].items())
        all.push_back(std::move(item));
    }
    co_return all;
  }

  Task<Result<Cluster>> look_into(std::string arn, Json itself) {
    Cluster cluster;
    cluster.itself = std::move(itself);
    Task<Result<Answers>> listing = list("ListTasks", arn, "taskArns");
    Result<Answers> names = co_await listing;
    if (!names) co_return fail(std::move(names).error());
    if (names->empty()) co_return cluster;
    Task<Result<Answers>> description = describe(
        "DescribeTasks", arn, "tasks", "tasks", texts_of(*names), kBatch);
    Result<Answers> found = co_await description;
    if (!found) co_return fail(std::move(found).error());
    cluster.tasks = *std::move(found);

    listing = list("ListServices", arn, "serviceArns");
    names = co_await listing;
    if (!names) co_return fail(std::move(names).error());
    description = describe("DescribeServices", arn, "services", "services",
                           texts_of(*names), kServicesBatch);
    found = co_await description;
    if (!found) co_return fail(std::move(found).error());
    for (const Json& service : *found)
      cluster.services[service["serviceName"].text()] = service;

    std::set<std::string> containers;
    std::set<std::string> cards;
    for (const Json& task : cluster.tasks) {
      containers.insert(task["containerInstanceArn"].text());
      cards.insert(detail(network_card(task), "networkInterfaceId"));
    }
    containers.erase("");
    cards.erase("");
    description = describe("DescribeContainerInstances", arn,
                           "containerInstances", "containerInstances",
                           {containers.begin(), containers.end()}, kBatch);
    found = co_await description;
    if (!found) co_return fail(std::move(found).error());
    std::set<std::string> instances;
    for (const Json& container : *found) {
      const std::string id = container["ec2InstanceId"].text();
      if (id.empty()) continue;
      cluster.instance_ids[container["containerInstanceArn"].text()] = id;
      instances.insert(id);
    }
    Task<Status> asking =
        ask_ec2("DescribeNetworkInterfaces", "NetworkInterfaceId",
                {cards.begin(), cards.end()}, cluster);
    Status status = co_await asking;
    if (!status) co_return fail(std::move(status).error());
    asking = ask_ec2("DescribeInstances", "InstanceId",
                     {instances.begin(), instances.end()}, cluster);
    status = co_await asking;
    if (!status) co_return fail(std::move(status).error());
    co_return cluster;
  }

  // Fills `into` with what EC2 knows of `ids`.
  Task<Status> ask_ec2(std::string action, std::string parameter, Texts ids,
                       Cluster& into) {
    for (std::size_t from = 0; from < ids.size(); from += kBatch) {
      AwsParameters form = {{"Action", action}, {"Version", kEc2Version}};
      const std::size_t end = std::min(from + kBatch, ids.size());
      for (std::size_t i = from; i < end; ++i)
        form.emplace_back(parameter + "." + std::to_string(i - from + 1),
                          ids[i]);
      Task<Status> listing = aws_.query_pages(
          "ec2", std::move(form), "NextToken", [&into](const Xml& page) {
            take_machines(page, into.machines);
            for (const Xml& card : page["networkInterfaceSet"].items())
              into.public_ips[card["networkInterfaceId"].text()] =
                  card["association"]["publicIp"].text();
            return page["nextToken"].text();
          });
      Status status = co_await listing;
      if (!status) co_return status;
    }
    co_return Status();
  }

  static void take_machines(const Xml& page,
                            std::map<std::string, Machine>& into) {
    for (const Xml& reservation : page["reservationSet"].items()) {
      for (const Xml& instance : reservation["instancesSet"].items()) {
        if (instance["privateIpAddress"].is_null()) continue;
        Machine& machine = into[instance["instanceId"].text()];
        machine.private_ip = instance["privateIpAddress"].text();
        machine.public_ip = instance["ipAddress"].text();
        machine.subnet_id = instance["subnetId"].text();
        machine.type = instance["instanceType"].text();
        for (const Xml& tag : instance["tagSet"].items())
          machine.tags.emplace_back(tag["key"].text(), tag["value"].text());
      }
    }
  }

  // Where a task is reached, and the machine that it runs on.
  struct Place {
    std::string mode, ip, public_ip, subnet_id, instance_id;
    Machine machine;
  };
  static Place place_of(const Cluster& cluster, const Json& task) {
    Place place;
    const std::string container = task["containerInstanceArn"].text();
    if (const auto found = cluster.instance_ids.find(container);
        found != cluster.instance_ids.end()) {
      place.instance_id = found->second;
      const auto machine = cluster.machines.find(found->second);
      if (machine != cluster.machines.end()) place.machine = machine->second;
    }
    if (const Json card = network_card(task); !card.is_null()) {
      place.mode = "awsvpc";
      place.ip = detail(card, "privateIPv4Address");
      place.subnet_id = detail(card, "subnetId");
      const auto found =
          cluster.public_ips.find(detail(card, "networkInterfaceId"));
      if (found != cluster.public_ips.end()) place.public_ip = found->second;
    } else if (!container.empty()) {
      place.mode = "bridge";
      place.ip = place.machine.private_ip;
      place.public_ip = place.machine.public_ip;
      place.subnet_id = place.machine.subnet_id;
    }
    return place;
  }

  void add(const Cluster& cluster, const Json& task,
           std::vector<Labels>& targets) const {
    const Place place = place_of(cluster, task);
    if (place.ip.empty()) return;
    LabelsBuilder labels;
    const auto set = [&](std::string_view name, std::string_view value) {
      labels.set(std::string(kPrefix) + std::string(name), value);
    };
    labels.set("__address__", host_port(place.ip, config_.port));
    set("ip_address", place.ip);
    set("region", aws_.region());
    set("network_mode", place.mode);
    set("subnet_id", place.subnet_id);
    set("public_ip", place.public_ip);
    set("ec2_instance_id", place.instance_id);
    set("ec2_instance_type", place.machine.type);
    set("ec2_instance_private_ip", place.machine.private_ip);
    set("ec2_instance_public_ip", place.machine.public_ip);
    set("cluster_arn", cluster.itself["clusterArn"].text());
    set("cluster", cluster.itself["clusterName"].text());
    const std::string group = task["group"].text();
    set("task_group", group);
    set("task_arn", task["taskArn"].text());
    set("task_definition", task["taskDefinitionArn"].text());
    set("availability_zone", task["availabilityZone"].text());
    set("desired_status", task["desiredStatus"].text());
    set("last_status", task["lastStatus"].text());
    set("launch_type", task["launchType"].text());
    set("health_status", task["healthStatus"].text());
    set("container_instance_arn", task["containerInstanceArn"].text());
    set("platform_family", task["platformFamily"].text());
    set("platform_version", task["platformVersion"].text());
    const std::string tag = std::string(kPrefix) + "tag_";
    add_aws_tags(labels, tag + "cluster_", cluster.itself["tags"]);
    constexpr std::string_view kService = "service:";
    if (group.starts_with(kService)) {
      const auto found = cluster.services.find(group.substr(kService.size()));
      if (found != cluster.services.end()) {
        const Json& service = found->second;
        set("service", service["serviceName"].text());
        set("service_arn", service["serviceArn"].text());
        set("service_status", service["status"].text());
        add_aws_tags(labels, tag + "service_", service["tags"]);
      }
    }
    add_aws_tags(labels, tag + "task_", task["tags"]);
    for (const auto& [key, value] : place.machine.tags)
      labels.set(tag + "ec2_" + sanitized_label_name(key), value);
    targets.push_back(labels.build());
  }
};

}  // namespace

Made make_ecs(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Ecs>(static_cast<const config::AwsSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
