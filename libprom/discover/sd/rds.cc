// rds_sd_configs: the instances of Amazon's database clusters.
#include <array>
#include <map>
#include <set>

#include "libprom/base/utf8.h"
#include "libprom/discover/sd/aws_internal.h"
#include "libprom/discover/sd/makers_internal.h"
#include "libprom/discover/together.h"

namespace prom::discover {
namespace {

constexpr std::string_view kClusterPrefix = "__meta_rds_cluster_";
constexpr std::string_view kInstancePrefix = "__meta_rds_instance_";
constexpr const char* kService = "rds";
constexpr const char* kVersion = "2014-10-31";

constexpr std::array kClusterFields = {
    AwsField{"arn", "DBClusterArn"},
    AwsField{"identifier", "DBClusterIdentifier"},
    AwsField{"activity_stream_kinesis_stream_name",
             "ActivityStreamKinesisStreamName"},
    AwsField{"activity_stream_kms_key_id", "ActivityStreamKmsKeyId"},
    AwsField{"activity_stream_mode", "ActivityStreamMode"},
    AwsField{"activity_stream_status", "ActivityStreamStatus"},
    AwsField{"allocated_storage", "AllocatedStorage"},
    AwsField{"auto_minor_version_upgrade", "AutoMinorVersionUpgrade"},
    AwsField{"automatic_restart_time", "AutomaticRestartTime", true},
    AwsField{"aws_backup_recovery_point_arn", "AwsBackupRecoveryPointArn"},
    AwsField{"backtrack_consumed_change_records",
             "BacktrackConsumedChangeRecords"},
    AwsField{"backtrack_window", "BacktrackWindow"},
    AwsField{"backup_retention_period", "BackupRetentionPeriod"},
    AwsField{"capacity", "Capacity"},
    AwsField{"character_set_name", "CharacterSetName"},
    AwsField{"clone_group_id", "CloneGroupId"},
    AwsField{"cluster_create_time", "ClusterCreateTime", true},
    AwsField{"cluster_scalability_type", "ClusterScalabilityType"},
    AwsField{"copy_tags_to_snapshot", "CopyTagsToSnapshot"},
    AwsField{"cross_account_clone", "CrossAccountClone"},
    AwsField{"instance_class", "DBClusterInstanceClass"},
    AwsField{"parameter_group", "DBClusterParameterGroup"},
    AwsField{"subnet_group", "DBSubnetGroup"},
    AwsField{"db_system_id", "DBSystemId"},
    AwsField{"database_insights_mode", "DatabaseInsightsMode"},
    AwsField{"database_name", "DatabaseName"},
    AwsField{"resource_id", "DbClusterResourceId"},
    AwsField{"deletion_protection", "DeletionProtection"},
    AwsField{"earliest_backtrack_time", "EarliestBacktrackTime", true},
    AwsField{"earliest_restorable_time", "EarliestRestorableTime", true},
    AwsField{"endpoint", "Endpoint"},
    AwsField{"engine", "Engine"},
    AwsField{"engine_lifecycle_support", "EngineLifecycleSupport"},
    AwsField{"engine_mode", "EngineMode"},
    AwsField{"engine_version", "EngineVersion"},
    AwsField{"global_cluster_identifier", "GlobalClusterIdentifier"},
    AwsField{"global_write_forwarding_requested",
             "GlobalWriteForwardingRequested"},
    AwsField{"global_write_forwarding_status", "GlobalWriteForwardingStatus"},
    AwsField{"hosted_zone_id", "HostedZoneId"},
    AwsField{"http_endpoint_enabled", "HttpEndpointEnabled"},
    AwsField{"iam_database_authentication_enabled",
             "IAMDatabaseAuthenticationEnabled"},
    AwsField{"io_optimized_next_allowed_modification_time",
             "IOOptimizedNextAllowedModificationTime", true},
    AwsField{"iops", "Iops"},
    AwsField{"kms_key_id", "KmsKeyId"},
    AwsField{"latest_restorable_time", "LatestRestorableTime", true},
    AwsField{"local_write_forwarding_status", "LocalWriteForwardingStatus"},
    AwsField{"master_username", "MasterUsername"},
    AwsField{"monitoring_interval", "MonitoringInterval"},
    AwsField{"monitoring_role_arn", "MonitoringRoleArn"},
    AwsField{"multi_az", "MultiAZ"},
    AwsField{"network_type", "NetworkType"},
    AwsField{"percent_progress", "PercentProgress"},
    AwsField{"performance_insights_enabled", "PerformanceInsightsEnabled"},
    AwsField{"performance_insights_kms_key_id", "PerformanceInsightsKMSKeyId"},
    AwsField{"performance_insights_retention_period",
             "PerformanceInsightsRetentionPeriod"},
    AwsField{"port", "Port"},
    AwsField{"preferred_backup_window", "PreferredBackupWindow"},
    AwsField{"preferred_maintenance_window", "PreferredMaintenanceWindow"},
    AwsField{"publicly_accessible", "PubliclyAccessible"},
    AwsField{"reader_endpoint", "ReaderEndpoint"},
    AwsField{"replication_source_identifier", "ReplicationSourceIdentifier"},
    AwsField{"serverless_v2_platform_version", "ServerlessV2PlatformVersion"},
    AwsField{"status", "Status"},
    AwsField{"storage_encrypted", "StorageEncrypted"},
    AwsField{"storage_encryption_type", "StorageEncryptionType"},
    AwsField{"storage_throughput", "StorageThroughput"},
    AwsField{"storage_type", "StorageType"},
    AwsField{"upgrade_rollout_order", "UpgradeRolloutOrder"},
};

constexpr std::array kInstanceFields = {
    AwsField{"arn", "DBInstanceArn"},
    AwsField{"identifier", "DBInstanceIdentifier"},
    AwsField{"activity_stream_engine_native_audit_fields_included",
             "ActivityStreamEngineNativeAuditFieldsIncluded"},
    AwsField{"activity_stream_kinesis_stream_name",
             "ActivityStreamKinesisStreamName"},
    AwsField{"activity_stream_kms_key_id", "ActivityStreamKmsKeyId"},
    AwsField{"activity_stream_mode", "ActivityStreamMode"},
    AwsField{"activity_stream_policy_status", "ActivityStreamPolicyStatus"},
    AwsField{"activity_stream_status", "ActivityStreamStatus"},
    AwsField{"allocated_storage", "AllocatedStorage"},
    AwsField{"auto_minor_version_upgrade", "AutoMinorVersionUpgrade"},
    AwsField{"automatic_restart_time", "AutomaticRestartTime", true},
    AwsField{"automation_mode", "AutomationMode"},
    AwsField{"availability_zone", "AvailabilityZone"},
    AwsField{"aws_backup_recovery_point_arn", "AwsBackupRecoveryPointArn"},
    AwsField{"backup_retention_period", "BackupRetentionPeriod"},
    AwsField{"backup_target", "BackupTarget"},
    AwsField{"ca_certificate_identifier", "CACertificateIdentifier"},
    AwsField{"character_set_name", "CharacterSetName"},
    AwsField{"copy_tags_to_snapshot", "CopyTagsToSnapshot"},
    AwsField{"custom_iam_instance_profile", "CustomIamInstanceProfile"},
    AwsField{"customer_owned_ip_enabled", "CustomerOwnedIpEnabled"},
    AwsField{"db_cluster_identifier", "DBClusterIdentifier"},
    AwsField{"class", "DBInstanceClass"},
    AwsField{"status", "DBInstanceStatus"},
    AwsField{"db_name", "DBName"},
    AwsField{"port", "DbInstancePort"},
    AwsField{"resource_id", "DbiResourceId"},
    AwsField{"dedicated_log_volume", "DedicatedLogVolume"},
    AwsField{"deletion_protection", "DeletionProtection"},
    AwsField{"endpoint_address", "Endpoint/Address"},
    AwsField{"endpoint_hosted_zone_id", "Endpoint/HostedZoneId"},
    AwsField{"endpoint_port", "Endpoint/Port"},
    AwsField{"engine", "Engine"},
    AwsField{"engine_lifecycle_support", "EngineLifecycleSupport"},
    AwsField{"engine_version", "EngineVersion"},
    AwsField{"enhanced_monitoring_resource_arn",
             "EnhancedMonitoringResourceArn"},
    AwsField{"iam_database_authentication_enabled",
             "IAMDatabaseAuthenticationEnabled"},
    AwsField{"instance_create_time", "InstanceCreateTime", true},
    AwsField{"iops", "Iops"},
    AwsField{"is_storage_config_upgrade_available",
             "IsStorageConfigUpgradeAvailable"},
    AwsField{"kms_key_id", "KmsKeyId"},
    AwsField{"latest_restorable_time", "LatestRestorableTime", true},
    AwsField{"license_model", "LicenseModel"},
    AwsField{"listener_endpoint_address", "ListenerEndpoint/Address"},
    AwsField{"listener_endpoint_hosted_zone_id",
             "ListenerEndpoint/HostedZoneId"},
    AwsField{"listener_endpoint_port", "ListenerEndpoint/Port"},
    AwsField{"master_username", "MasterUsername"},
    AwsField{"max_allocated_storage", "MaxAllocatedStorage"},
    AwsField{"monitoring_interval", "MonitoringInterval"},
    AwsField{"monitoring_role_arn", "MonitoringRoleArn"},
    AwsField{"multi_az", "MultiAZ"},
    AwsField{"multi_tenant", "MultiTenant"},
    AwsField{"nchar_character_set_name", "NcharCharacterSetName"},
    AwsField{"network_type", "NetworkType"},
    AwsField{"percent_progress", "PercentProgress"},
    AwsField{"performance_insights_enabled", "PerformanceInsightsEnabled"},
    AwsField{"performance_insights_kms_key_id", "PerformanceInsightsKMSKeyId"},
    AwsField{"performance_insights_retention_period",
             "PerformanceInsightsRetentionPeriod"},
    AwsField{"preferred_backup_window", "PreferredBackupWindow"},
    AwsField{"preferred_maintenance_window", "PreferredMaintenanceWindow"},
    AwsField{"promotion_tier", "PromotionTier"},
    AwsField{"publicly_accessible", "PubliclyAccessible"},
    AwsField{"read_replica_source_db_cluster_identifier",
             "ReadReplicaSourceDBClusterIdentifier"},
    AwsField{"read_replica_source_db_instance_identifier",
             "ReadReplicaSourceDBInstanceIdentifier"},
    AwsField{"replica_mode", "ReplicaMode"},
    AwsField{"resume_full_automation_mode_time", "ResumeFullAutomationModeTime",
             true},
    AwsField{"secondary_availability_zone", "SecondaryAvailabilityZone"},
    AwsField{"storage_encrypted", "StorageEncrypted"},
    AwsField{"storage_encryption_type", "StorageEncryptionType"},
    AwsField{"storage_throughput", "StorageThroughput"},
    AwsField{"storage_type", "StorageType"},
    AwsField{"storage_volume_status", "StorageVolumeStatus"},
    AwsField{"tde_credential_arn", "TdeCredentialArn"},
    AwsField{"timezone", "Timezone"},
    AwsField{"upgrade_rollout_order", "UpgradeRolloutOrder"},
    AwsField{"subnet_group", "DBSubnetGroup/DBSubnetGroupName"},
    AwsField{"db_system_id", "DBSystemId"},
    AwsField{"database_insights_mode", "DatabaseInsightsMode"},
};

using Elements = std::vector<Xml>;

class Rds : public AwsPoller {
 public:
  using AwsPoller::AwsPoller;

 protected:
  Task<Result<std::vector<Labels>>> find() override {
    Task<Result<Elements>> search =
        config_.clusters.empty() ? list_clusters("") : find_clusters();
    Result<Elements> clusters = co_await search;
    if (!clusters) {
      co_return fail(
          std::move(clusters).error().in("error describing DB clusters"));
    }
    std::vector<Task<Result<Elements>>> questions;
    questions.reserve(clusters->size());
    for (const Xml& cluster : *clusters)
      questions.push_back(list_instances(cluster["DBClusterArn"].text()));
    Task<std::vector<Result<Elements>>> asking =
        together(std::move(questions), aws_.at_once());
    std::vector<Result<Elements>> answers = co_await asking;
    std::vector<Labels> targets;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) {
        co_return fail(
            Error(answers[i].error()).in("error describing DB instances"));
      }
      add_all((*clusters)[i], *answers[i], targets);
    }
    co_return targets;
  }

 private:
  // Those that the settings name.
  Task<Result<Elements>> find_clusters() {
    std::vector<Task<Result<Elements>>> questions;
    questions.reserve(config_.clusters.size());
    for (const std::string& arn : config_.clusters)
      questions.push_back(list_clusters(arn));
    Task<std::vector<Result<Elements>>> asking =
        together(std::move(questions), aws_.at_once());
    std::vector<Result<Elements>> answers = co_await asking;
    Elements clusters;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) co_return fail(answers[i].error());
      if (answers[i]->empty()) {
        co_return fail(Code::kBadData, "no DB cluster found for ARN " +
                                           printable(config_.clusters[i]));
      }
      clusters.push_back(answers[i]->back());
    }
    co_return clusters;
  }

  // All pages.
  Task<Result<Elements>> list(AwsParameters form, std::string member) {
    form.emplace_back("Version", kVersion);
    form.emplace_back("MaxRecords", "100");
    Elements all;
    const std::string result = form.front().second + "Result";
    Task<Status> listing = aws_.query_pages(
        kService, std::move(form), "Marker", [&](const Xml& page) {
          for (Xml& item : page[result][member].items())
            all.push_back(std::move(item));
          return page[result]["Marker"].text();
        });
    Status status = co_await listing;
    if (!status) co_return fail(std::move(status).error());
    co_return all;
  }

  // All of them, each once, when `arn` is empty.
  Task<Result<Elements>> list_clusters(std::string arn) {
    AwsParameters form = {{"Action", "DescribeDBClusters"}};
    if (!arn.empty()) form.emplace_back("DBClusterIdentifier", arn);
    Task<Result<Elements>> listing = list(std::move(form), "DBClusters");
    Result<Elements> all = co_await listing;
    if (!all) co_return fail(std::move(all).error());
    Elements clusters;
    std::set<std::string> known;
    for (Xml& cluster : *all) {
      const std::string name = cluster["DBClusterArn"].text();
      if (!name.empty() && known.insert(name).second)
        clusters.push_back(std::move(cluster));
    }
    co_return clusters;
  }

  Task<Result<Elements>> list_instances(std::string cluster_arn) {
    std::vector<config::AwsSdConfig::Filter> filters = {
        {"db-cluster-id", {cluster_arn}}};
    filters.insert(filters.end(), config_.filters.begin(),
                   config_.filters.end());
    AwsParameters form = {{"Action", "DescribeDBInstances"}};
    int number = 0;
    for (const auto& [name, values] : filters) {
      const std::string key = "Filters.Filter." + std::to_string(++number);
      form.emplace_back(key + ".Name", name);
      int place = 0;
      for (const std::string& value : values)
        form.emplace_back(key + ".Values.Value." + std::to_string(++place),
                          value);
    }
    Task<Result<Elements>> listing = list(std::move(form), "DBInstances");
    Result<Elements> instances = co_await listing;
    co_return instances;
  }

  void add_all(const Xml& cluster, const Elements& instances,
               std::vector<Labels>& targets) const {
    std::map<std::string, std::string> writers;
    for (const Xml& member : cluster["DBClusterMembers"].items()) {
      writers[member["DBInstanceIdentifier"].text()] =
          member["IsClusterWriter"].text();
    }
    LabelsBuilder common;
    add_aws_fields(common, kClusterPrefix, kClusterFields, cluster);
    add_aws_tags(common, std::string(kClusterPrefix) + "tag_",
                 cluster["TagList"]);
    const Labels of_cluster = common.build();
    for (const Xml& instance : instances) {
      LabelsBuilder labels(of_cluster);
      add_aws_fields(labels, kInstancePrefix, kInstanceFields, instance);
      add_aws_tags(labels, std::string(kInstancePrefix) + "tag_",
                   instance["TagList"]);
      const auto writer = writers.find(instance["DBInstanceIdentifier"].text());
      if (writer != writers.end()) {
        labels.set(std::string(kInstancePrefix) + "is_cluster_writer",
                   writer->second);
      }
      const Xml endpoint = instance["Endpoint"];
      if (!endpoint["Address"].is_null() && !endpoint["Port"].is_null()) {
        labels.set("__address__",
                   host_port(endpoint["Address"].text(), config_.port));
      }
      targets.push_back(labels.build());
    }
  }
};

}  // namespace

Made make_rds(const config::SdConfig& config, Surroundings& around) {
  return std::make_unique<Rds>(static_cast<const config::AwsSdConfig&>(config),
                               around);
}

}  // namespace prom::discover
