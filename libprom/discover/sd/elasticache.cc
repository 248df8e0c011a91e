// elasticache_sd_configs: the nodes of Amazon's cache clusters, and serverless
// caches.
#include <array>
#include <map>

#include "libprom/base/utf8.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/together.h"
#include "libprom/os/log.h"

namespace prom::discover {
namespace {

constexpr const char* kService = "elasticache";
constexpr const char* kVersion = "2015-02-02";
constexpr std::string_view kOption = "__meta_elasticache_deployment_option";
constexpr std::string_view kServerlessPrefix =
    "__meta_elasticache_serverless_cache_";
constexpr std::string_view kClusterPrefix = "__meta_elasticache_cache_cluster_";
constexpr std::string_view kNodePrefix =
    "__meta_elasticache_cache_cluster_node_";

constexpr std::array kServerlessFields = {
    AwsField{"arn", "ARN"},
    AwsField{"name", "ServerlessCacheName"},
    AwsField{"status", "Status"},
    AwsField{"engine", "Engine"},
    AwsField{"full_engine_version", "FullEngineVersion"},
    AwsField{"major_engine_version", "MajorEngineVersion"},
    AwsField{"description", "Description"},
    AwsField{"create_time", "CreateTime", true},
    AwsField{"kms_key_id", "KmsKeyId"},
    AwsField{"user_group_id", "UserGroupId"},
    AwsField{"daily_snapshot_time", "DailySnapshotTime"},
    AwsField{"snapshot_retention_limit", "SnapshotRetentionLimit"},
    AwsField{"endpoint_address", "Endpoint/Address"},
    AwsField{"endpoint_port", "Endpoint/Port"},
    AwsField{"endpoint_reader_address", "ReaderEndpoint/Address"},
    AwsField{"endpoint_reader_port", "ReaderEndpoint/Port"},
    AwsField{"cache_usage_limit_data_storagemaximum",
             "CacheUsageLimits/DataStorage/Maximum"},
    AwsField{"cache_usage_limit_data_storageminimum",
             "CacheUsageLimits/DataStorage/Minimum"},
    AwsField{"cache_usage_limit_data_storageunit",
             "CacheUsageLimits/DataStorage/Unit"},
    AwsField{"cache_usage_limit_ecpu_per_secondmaximum",
             "CacheUsageLimits/ECPUPerSecond/Maximum"},
    AwsField{"cache_usage_limit_ecpu_per_secondminimum",
             "CacheUsageLimits/ECPUPerSecond/Minimum"},
};

constexpr std::array kClusterFields = {
    AwsField{"arn", "ARN"},
    AwsField{"cache_cluster_id", "CacheClusterId"},
    AwsField{"cache_cluster_status", "CacheClusterStatus"},
    AwsField{"at_rest_encryption_enabled", "AtRestEncryptionEnabled"},
    AwsField{"auth_token_enabled", "AuthTokenEnabled"},
    AwsField{"auth_token_last_modified", "AuthTokenLastModifiedDate", true},
    AwsField{"auto_minor_version_upgrade", "AutoMinorVersionUpgrade"},
    AwsField{"cache_cluster_create_time", "CacheClusterCreateTime", true},
    AwsField{"cache_node_type", "CacheNodeType"},
    AwsField{"cache_parameter_group",
             "CacheParameterGroup/CacheParameterGroupName"},
    AwsField{"cache_subnet_group_name", "CacheSubnetGroupName"},
    AwsField{"client_download_landing_page", "ClientDownloadLandingPage"},
    AwsField{"configuration_endpoint_address", "ConfigurationEndpoint/Address"},
    AwsField{"configuration_endpoint_port", "ConfigurationEndpoint/Port"},
    AwsField{"engine", "Engine"},
    AwsField{"engine_version", "EngineVersion"},
    AwsField{"ip_discovery", "IpDiscovery"},
    AwsField{"network_type", "NetworkType"},
    AwsField{"notification_topic_arn", "NotificationConfiguration/TopicArn"},
    AwsField{"notification_topic_status",
             "NotificationConfiguration/TopicStatus"},
    AwsField{"num_cache_nodes", "NumCacheNodes"},
    AwsField{"preferred_availability_zone", "PreferredAvailabilityZone"},
    AwsField{"preferred_maintenance_window", "PreferredMaintenanceWindow"},
    AwsField{"preferred_outpost_arn", "PreferredOutpostArn"},
    AwsField{"replication_group_id", "ReplicationGroupId"},
    AwsField{"replication_group_log_delivery_enabled",
             "ReplicationGroupLogDeliveryEnabled"},
    AwsField{"snapshot_retention_limit", "SnapshotRetentionLimit"},
    AwsField{"snapshot_window", "SnapshotWindow"},
    AwsField{"transit_encryption_enabled", "TransitEncryptionEnabled"},
    AwsField{"transit_encryption_mode", "TransitEncryptionMode"},
    AwsField{"pending_modified_values_auth_token_status",
             "PendingModifiedValues/AuthTokenStatus"},
    AwsField{"pending_modified_values_cache_node_type",
             "PendingModifiedValues/CacheNodeType"},
    AwsField{"pending_modified_values_engine_version",
             "PendingModifiedValues/EngineVersion"},
    AwsField{"pending_modified_values_num_cache_nodes",
             "PendingModifiedValues/NumCacheNodes"},
    AwsField{"pending_modified_values_transit_encryption_enabled",
             "PendingModifiedValues/TransitEncryptionEnabled"},
    AwsField{"pending_modified_values_transit_encryption_mode",
             "PendingModifiedValues/TransitEncryptionMode"},
};

constexpr std::array kNodeFields = {
    AwsField{"id", "CacheNodeId"},
    AwsField{"status", "CacheNodeStatus"},
    AwsField{"create_time", "CacheNodeCreateTime", true},
    AwsField{"availability_zone", "CustomerAvailabilityZone"},
    AwsField{"customer_outpost_arn", "CustomerOutpostArn"},
    AwsField{"source_cache_node_id", "SourceCacheNodeId"},
    AwsField{"parameter_group_status", "ParameterGroupStatus"},
    AwsField{"endpoint_address", "Endpoint/Address"},
    AwsField{"endpoint_port", "Endpoint/Port"},
};

// Of each of a cluster's log_delivery_configurations, numbered.
constexpr std::array kLogFields = {
    AwsField{"destination_type", "DestinationType"},
    AwsField{"log_format", "LogFormat"},
    AwsField{"log_type", "LogType"},
    AwsField{"status", "Status"},
    AwsField{"message", "Message"},
    AwsField{"log_group", "DestinationDetails/CloudWatchLogsDetails/LogGroup"},
    AwsField{"delivery_stream",
             "DestinationDetails/KinesisFirehoseDetails/DeliveryStream"},
};
constexpr std::array kGroupFields = {
    AwsField{"id", "SecurityGroupId"},
    AwsField{"status", "Status"},
};

using Elements = std::vector<Xml>;

// What the settings name, by kind.
struct Named {
  std::vector<std::string> serverless, clusters;
};

// "arn:aws:elasticache:REGION:ACCOUNT:KIND:NAME"
Named split_arns(const std::vector<std::string>& arns) {
  constexpr std::size_t kParts = 7;
  Named named;
  for (const std::string& arn : arns) {
    std::vector<std::string> parts;
    std::string_view rest = arn;
    while (parts.size() < kParts) {
      const std::size_t colon = rest.find(':');
      parts.emplace_back(rest.substr(0, colon));
      if (colon == std::string_view::npos) break;
      rest.remove_prefix(colon + 1);
    }
    if (parts.size() < kParts) {
      if (!arn.empty())
        os::log_debug("skipping invalid ElastiCache ARN", {{"arn", arn}});
    } else if (parts[5] == "serverlesscache") {
      named.serverless.push_back(parts[6]);
    } else if (parts[5] == "replicationgroup") {
      named.clusters.push_back(parts[6]);
    }
  }
  return named;
}

// Labels with a number behind their names.
void add_numbered(LabelsBuilder& labels, const std::string& prefix,
                  std::span<const AwsField> fields, const Xml& list) {
  std::size_t number = 0;
  for (const Xml& item : list.items()) {
    LabelsBuilder unnumbered;
    add_aws_fields(unnumbered, prefix, fields, item);
    for (const auto& [name, value] : unnumbered.all())
      labels.set(name + "_" + std::to_string(number), value);
    ++number;
  }
}

void add_texts(LabelsBuilder& labels, const std::string& name,
               const Xml& list) {
  std::size_t number = 0;
  for (const Xml& item : list.items())
    labels.set(name + "_" + std::to_string(number++), item.text());
}

void set_address(LabelsBuilder& labels, const Xml& endpoint) {
  if (!endpoint["Address"].is_null() && !endpoint["Port"].is_null()) {
    labels.set("__address__",
               host_port(endpoint["Address"].text(), endpoint["Port"].text()));
  }
}

class Elasticache : public AwsPoller {
 public:
  using AwsPoller::AwsPoller;

 protected:
  Task<Result<std::vector<Labels>>> find() override {
    const Named named = split_arns(config_.clusters);
    Task<Result<Elements>> search =
        find_all({{"Action", "DescribeServerlessCaches"}, {"MaxResults", "50"}},
                 "ServerlessCaches", "NextToken", "ServerlessCacheName",
                 named.serverless);
    const Result<Elements> caches = co_await search;
    if (!caches) {
      co_return fail(
          Error(caches.error()).in("failed to describe serverless caches"));
    }
    // Those outside of replication groups are among all.
    search =
        find_all({{"Action", "DescribeCacheClusters"},
                  {"MaxRecords", "100"},
                  {"ShowCacheNodeInfo", "true"},
                  {"ShowCacheClustersNotInReplicationGroups", "false"}},
                 "CacheClusters", "Marker", "CacheClusterId", named.clusters);
    const Result<Elements> clusters = co_await search;
    if (!clusters) {
      co_return fail(
          Error(clusters.error()).in("failed to describe cache clusters"));
    }
    std::vector<std::string> arns;
    for (const Elements* list : {&*caches, &*clusters}) {
      for (const Xml& item : *list) {
        if (!item["ARN"].is_null()) arns.push_back(item["ARN"].text());
      }
    }
    Task<Status> tagging = find_tags(std::move(arns));
    Status status = co_await tagging;
    if (!status) {
      co_return fail(
          std::move(status).error().in("failed to list tags for resources"));
    }
    std::vector<Labels> targets;
    for (const Xml& cache : *caches) add_serverless(cache, targets);
    for (const Xml& cluster : *clusters) add_cluster(cluster, targets);
    co_return targets;
  }

 private:
  // All pages of a list.
  Task<Result<Elements>> list(AwsParameters form, std::string member,
                              std::string token_name) {
    form.emplace_back("Version", kVersion);
    Elements all;
    const std::string result = form.front().second + "Result";
    Task<Status> listing = aws_.query_pages(
        kService, std::move(form), token_name, [&](const Xml& page) {
          for (Xml& item : page[result][member].items())
            all.push_back(std::move(item));
          return page[result][token_name].text();
        });
    Status status = co_await listing;
    if (!status) co_return fail(std::move(status).error());
    co_return all;
  }

  // Those of `names`, or all when there are no names.
  Task<Result<Elements>> find_all(AwsParameters form, std::string member,
                                  std::string token_name, std::string parameter,
                                  std::vector<std::string> names) {
    std::vector<Task<Result<Elements>>> questions;
    for (const std::string& name : names) {
      AwsParameters one = form;
      one.emplace_back(parameter, name);
      questions.push_back(list(std::move(one), member, token_name));
    }
    if (names.empty())
      questions.push_back(list(std::move(form), member, token_name));
    Task<std::vector<Result<Elements>>> asking =
        together(std::move(questions), aws_.at_once());
    std::vector<Result<Elements>> answers = co_await asking;
    Elements all;
    for (Result<Elements>& answer : answers) {
      if (!answer) co_return fail(std::move(answer).error());
      for (Xml& item : *answer) all.push_back(std::move(item));
    }
    co_return all;
  }

  Task<Status> find_tags(std::vector<std::string> arns) {
    std::vector<Task<Result<Xml>>> questions;
    questions.reserve(arns.size());
    for (const std::string& arn : arns) {
      questions.push_back(
          aws_.query(kService, {{"Action", "ListTagsForResource"},
                                {"Version", kVersion},
                                {"ResourceName", arn}}));
    }
    Task<std::vector<Result<Xml>>> asking =
        together(std::move(questions), aws_.at_once());
    std::vector<Result<Xml>> answers = co_await asking;
    tags_.clear();
    for (std::size_t i = 0; i < arns.size(); ++i) {
      if (!answers[i]) co_return fail(std::move(answers[i]).error());
      tags_[arns[i]] = (*answers[i])["ListTagsForResourceResult"]["TagList"];
    }
    co_return Status();
  }

  [[nodiscard]] Xml tags_of(const Xml& resource) const {
    const auto found = tags_.find(resource["ARN"].text());
    return found == tags_.end() ? Xml() : found->second;
  }

  void add_serverless(const Xml& cache, std::vector<Labels>& targets) const {
    const std::string prefix(kServerlessPrefix);
    LabelsBuilder labels;
    labels.set(kOption, "serverless");
    add_aws_fields(labels, prefix, kServerlessFields, cache);
    add_texts(labels, prefix + "security_group_id", cache["SecurityGroupIds"]);
    add_texts(labels, prefix + "subnet_id", cache["SubnetIds"]);
    add_aws_tags(labels, prefix + "tag_", tags_of(cache));
    set_address(labels, cache["Endpoint"]);
    targets.push_back(labels.build());
  }

  void add_cluster(const Xml& cluster, std::vector<Labels>& targets) const {
    const std::string prefix(kClusterPrefix);
    LabelsBuilder common;
    common.set(kOption, "node");
    add_aws_fields(common, prefix, kClusterFields, cluster);
    add_numbered(common, prefix + "log_delivery_configuration_", kLogFields,
                 cluster["LogDeliveryConfigurations"]);
    add_numbered(common, prefix + "security_group_membership_", kGroupFields,
                 cluster["SecurityGroups"]);
    std::string removed;
    const Xml pending = cluster["PendingModifiedValues"];
    for (const Xml& id : pending["CacheNodeIdsToRemove"].items())
      removed += (removed.empty() ? "" : ",") + id.text();
    common.set(prefix + "pending_modified_values_cache_node_ids_to_remove",
               removed);
    add_aws_tags(common, prefix + "tag_", tags_of(cluster));
    const Labels of_cluster = common.build();
    for (const Xml& node : cluster["CacheNodes"].items()) {
      LabelsBuilder labels(of_cluster);
      add_aws_fields(labels, kNodePrefix, kNodeFields, node);
      set_address(labels, node["Endpoint"]);
      targets.push_back(labels.build());
    }
  }

  std::map<std::string, Xml> tags_;  // by ARN
};

}  // namespace

Made make_elasticache(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Elasticache>(
      static_cast<const config::AwsSdConfig&>(config), around);
}

}  // namespace prom::discover
