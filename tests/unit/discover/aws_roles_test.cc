// What each of AWS's services becomes as targets.
#include "tests/unit/discover/aws_test.h"

namespace prom::discover {
namespace {

class AwsRoles : public AwsTest {
 protected:
  std::string found(const config::AwsSdConfig& config) {
    Source& source = begin(config);
    settle_slowly(source);
    EXPECT_EQ(source.findings().failure(), "");
    for (const auto& [place, groups] : source.findings().places()) {
      EXPECT_EQ(groups.size(), 1U);
      EXPECT_EQ(groups.front().source, "eu-west-1");
    }
    return print(source);
  }
};

TEST_F(AwsRoles, Ec2) {
  on("DescribeAvailabilityZones",
     "<R><availabilityZoneInfo><item><zoneName>eu-west-1a</zoneName>"
     "<zoneId>euw1-az2</zoneId></item></availabilityZoneInfo></R>");
  on("DescribeInstances", R"(<R><reservationSet><item>
    <ownerId>owner</ownerId><instancesSet><item>
      <instanceId>i-1</instanceId><imageId>ami</imageId>
      <instanceState><code>16</code><name>running</name></instanceState>
      <privateDnsName>priv</privateDnsName><dnsName>pub</dnsName>
      <instanceType>t3.nano</instanceType><platform>windows</platform>
      <placement><availabilityZone>eu-west-1a</availabilityZone></placement>
      <subnetId>s-1</subnetId><vpcId>vpc</vpcId>
      <privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>1.2.3.4</ipAddress>
      <architecture>x86_64</architecture><instanceLifecycle>spot</instanceLifecycle>
      <tagSet><item><key>my tag-ä</key><value>v</value></item></tagSet>
      <networkInterfaceSet>
        <item><subnetId>s-1</subnetId>
          <attachment><deviceIndex>0</deviceIndex></attachment>
          <ipv6AddressesSet>
            <item><ipv6Address>::1</ipv6Address><isPrimaryIpv6>false</isPrimaryIpv6></item>
          </ipv6AddressesSet></item>
        <item><subnetId>s-2</subnetId>
          <attachment><deviceIndex>2</deviceIndex></attachment>
          <ipv6AddressesSet>
            <item><ipv6Address>::2</ipv6Address><isPrimaryIpv6>true</isPrimaryIpv6></item>
          </ipv6AddressesSet></item>
        <item><subnetId>s-1</subnetId></item>
      </networkInterfaceSet>
    </item><item><instanceId>no-address</instanceId></item></instancesSet>
    </item></reservationSet><nextToken>2</nextToken></R>)");
  on("DescribeInstances#2", R"(<R><reservationSet><item><instancesSet><item>
      <instanceId>i-2</instanceId><vpcId>vpc</vpcId>
      <networkInterfaceSet><item><subnetId>s-3</subnetId><ipv6AddressesSet>
        <item><ipv6Address>::5</ipv6Address></item></ipv6AddressesSet></item>
      </networkInterfaceSet>
    </item></instancesSet></item></reservationSet></R>)");
  auto config = keyed<config::Ec2SdConfig>();
  config.port = 9100;
  config.filters = {{"tag:env", {"a b", "c"}}, {"x", {"y"}}};
  EXPECT_EQ(
      found(config),
      "10.0.0.1:9100 {__meta_ec2_ami=\"ami\", "
      "__meta_ec2_architecture=\"x86_64\", "
      "__meta_ec2_availability_zone=\"eu-west-1a\", "
      "__meta_ec2_availability_zone_id=\"euw1-az2\", "
      "__meta_ec2_default_ipv6_address=\"::2\", "
      "__meta_ec2_instance_id=\"i-1\", __meta_ec2_instance_lifecycle=\"spot\", "
      "__meta_ec2_instance_state=\"running\", "
      "__meta_ec2_instance_type=\"t3.nano\", "
      "__meta_ec2_ipv6_addresses=\",::1,::2,\", __meta_ec2_owner_id=\"owner\", "
      "__meta_ec2_platform=\"windows\", "
      "__meta_ec2_primary_ipv6_addresses=\",,,::2,\", "
      "__meta_ec2_primary_subnet_id=\"s-1\", "
      "__meta_ec2_private_dns_name=\"priv\", "
      "__meta_ec2_private_ip=\"10.0.0.1\", "
      "__meta_ec2_public_dns_name=\"pub\", __meta_ec2_public_ip=\"1.2.3.4\", "
      "__meta_ec2_region=\"eu-west-1\", __meta_ec2_subnet_id=\",s-1,s-2,\", "
      "__meta_ec2_tag_my_tag__=\"v\", __meta_ec2_vpc_id=\"vpc\"}\n"
      "[::5]:9100 {__meta_ec2_default_ipv6_address=\"::5\", "
      "__meta_ec2_instance_id=\"i-2\", __meta_ec2_ipv6_addresses=\",::5,\", "
      "__meta_ec2_region=\"eu-west-1\", __meta_ec2_subnet_id=\",s-3,\", "
      "__meta_ec2_vpc_id=\"vpc\"}\n");
  EXPECT_EQ(asked("DescribeInstances").front(),
            "Action=DescribeInstances&Version=2016-11-15&"
            "Filter.1.Name=tag%3Aenv&Filter.1.Value.1=a%20b&"
            "Filter.1.Value.2=c&Filter.2.Name=x&Filter.2.Value.1=y");
}

TEST_F(AwsRoles, Lightsail) {
  on("GetInstances",
     R"({"instances":[{"name":"n","privateIpAddress":"10.0.0.1",
      "publicIpAddress":"1.2.3.4","blueprintId":"bp","bundleId":"bu",
      "supportCode":"sc","location":{"availabilityZone":"z"},
      "state":{"code":16,"name":"running"},"ipv6Addresses":["::1","::2"],
      "tags":[{"key":"a.b","value":"c"},{"key":"only"}]},
      {"name":"without"}]})");
  EXPECT_EQ(found(keyed<config::LightsailSdConfig>()),
            "10.0.0.1:80 {__meta_lightsail_availability_zone=\"z\", "
            "__meta_lightsail_blueprint_id=\"bp\", "
            "__meta_lightsail_bundle_id=\"bu\", "
            "__meta_lightsail_instance_name=\"n\", "
            "__meta_lightsail_instance_state=\"running\", "
            "__meta_lightsail_instance_support_code=\"sc\", "
            "__meta_lightsail_ipv6_addresses=\",::1,::2,\", "
            "__meta_lightsail_private_ip=\"10.0.0.1\", "
            "__meta_lightsail_public_ip=\"1.2.3.4\", "
            "__meta_lightsail_region=\"eu-west-1\", "
            "__meta_lightsail_tag_a_b=\"c\"}\n");
}

TEST_F(AwsRoles, Ecs) {
  on("ListClusters", R"({"clusterArns":["arn:c"]})");
  on("DescribeClusters", R"({"clusters":[{"clusterArn":"arn:c",
     "clusterName":"c","tags":[{"key":"k","value":"cluster"}]}]})");
  on("ListTasks", R"({"taskArns":["t1","t2","t3"]})");
  on("ListServices", R"({"serviceArns":["arn:s"]})");
  on("DescribeServices", R"({"services":[{"serviceName":"web",
     "serviceArn":"arn:s","status":"ACTIVE",
     "tags":[{"key":"k","value":"service"}]}]})");
  on("DescribeTasks", R"({"tasks":[
    {"taskArn":"t1","group":"service:web","launchType":"FARGATE",
     "healthStatus":"HEALTHY","lastStatus":"RUNNING","desiredStatus":"RUNNING",
     "taskDefinitionArn":"def:1","availabilityZone":"z","platformFamily":"Linux",
     "platformVersion":"1.4","tags":[{"key":"k","value":"task"}],
     "attachments":[{"type":"Other"},{"type":"ElasticNetworkInterface",
       "details":[{"name":"subnetId","value":"s-1"},{"name":"networkInterfaceId",
       "value":"eni"},{"name":"privateIPv4Address","value":"10.0.0.1"}]}]},
    {"taskArn":"t2","group":"family:x","launchType":"EC2",
     "containerInstanceArn":"ci"},
    {"taskArn":"t3","launchType":"EC2","containerInstanceArn":"gone"}]})");
  on("DescribeContainerInstances", R"({"containerInstances":[
    {"containerInstanceArn":"ci","ec2InstanceId":"i-1"}]})");
  on("DescribeNetworkInterfaces", R"(<R><networkInterfaceSet><item>
    <networkInterfaceId>eni</networkInterfaceId>
    <association><publicIp>1.1.1.1</publicIp></association></item>
    </networkInterfaceSet></R>)");
  on("DescribeInstances", R"(<R><reservationSet><item><instancesSet><item>
    <instanceId>i-1</instanceId><privateIpAddress>10.0.0.2</privateIpAddress>
    <ipAddress>2.2.2.2</ipAddress><subnetId>s-2</subnetId>
    <instanceType>m5</instanceType>
    <tagSet><item><key>k</key><value>ec2</value></item></tagSet>
    </item></instancesSet></item></reservationSet></R>)");
  EXPECT_EQ(
      found(keyed<config::EcsSdConfig>()),
      "10.0.0.1:80 {__meta_ecs_availability_zone=\"z\", "
      "__meta_ecs_cluster=\"c\", __meta_ecs_cluster_arn=\"arn:c\", "
      "__meta_ecs_desired_status=\"RUNNING\", "
      "__meta_ecs_health_status=\"HEALTHY\", "
      "__meta_ecs_ip_address=\"10.0.0.1\", __meta_ecs_last_status=\"RUNNING\", "
      "__meta_ecs_launch_type=\"FARGATE\", __meta_ecs_network_mode=\"awsvpc\", "
      "__meta_ecs_platform_family=\"Linux\", "
      "__meta_ecs_platform_version=\"1.4\", __meta_ecs_public_ip=\"1.1.1.1\", "
      "__meta_ecs_region=\"eu-west-1\", __meta_ecs_service=\"web\", "
      "__meta_ecs_service_arn=\"arn:s\", __meta_ecs_service_status=\"ACTIVE\", "
      "__meta_ecs_subnet_id=\"s-1\", __meta_ecs_tag_cluster_k=\"cluster\", "
      "__meta_ecs_tag_service_k=\"service\", __meta_ecs_tag_task_k=\"task\", "
      "__meta_ecs_task_arn=\"t1\", __meta_ecs_task_definition=\"def:1\", "
      "__meta_ecs_task_group=\"service:web\"}\n"
      "10.0.0.2:80 {__meta_ecs_cluster=\"c\", "
      "__meta_ecs_cluster_arn=\"arn:c\", "
      "__meta_ecs_container_instance_arn=\"ci\", "
      "__meta_ecs_ec2_instance_id=\"i-1\", "
      "__meta_ecs_ec2_instance_private_ip=\"10.0.0.2\", "
      "__meta_ecs_ec2_instance_public_ip=\"2.2.2.2\", "
      "__meta_ecs_ec2_instance_type=\"m5\", "
      "__meta_ecs_ip_address=\"10.0.0.2\", __meta_ecs_launch_type=\"EC2\", "
      "__meta_ecs_network_mode=\"bridge\", __meta_ecs_public_ip=\"2.2.2.2\", "
      "__meta_ecs_region=\"eu-west-1\", __meta_ecs_subnet_id=\"s-2\", "
      "__meta_ecs_tag_cluster_k=\"cluster\", __meta_ecs_tag_ec2_k=\"ec2\", "
      "__meta_ecs_task_arn=\"t2\", __meta_ecs_task_group=\"family:x\"}\n");
  EXPECT_EQ(asked("DescribeTasks").front(),
            R"({"cluster":"arn:c","tasks":["t1","t2","t3"],)"
            R"("include":["TAGS"]})");
}

TEST_F(AwsRoles, Msk) {
  const std::string list =
      "GET /api/v2/clusters?clusterTypeFilter=PROVISIONED&maxResults=100";
  const std::string cluster = R"({"clusterName":"c","clusterArn":"arn:c/1",
    "state":"ACTIVE","clusterType":"PROVISIONED","currentVersion":"K1",
    "tags":{"a b":"c"},"provisioned":{"currentBrokerSoftwareInfo":{
      "kafkaVersion":"3.6.0","configurationArn":"arn:conf",
      "configurationRevision":7},"openMonitoring":{"prometheus":{
      "jmxExporter":{"enabledInBroker":true},
      "nodeExporter":{"enabledInBroker":false}}}}})";
  api_.answer(list, R"({"clusterInfoList":[],"nextToken":"2"})");
  api_.answer(list + "&nextToken=2",
              R"({"clusterInfoList":[)" + cluster + "]}");
  api_.answer("GET /v1/clusters/arn:c/1/nodes?maxResults=100",
              R"({"nodeInfoList":[{"nodeARN":"n1","addedToClusterTime":"T",
      "instanceType":"m5","brokerNodeInfo":{"attachedENIId":"eni","brokerId":1.0,
      "clientSubnet":"s","clientVpcIpAddress":"10.0.0.1",
      "endpoints":["b1","b2"]}},{"nodeARN":"n2",
      "controllerNodeInfo":{"endpoints":["k1"]}},{"nodeARN":"n3"}]})");
  const std::string common =
      "__meta_msk_cluster_arn=\"arn:c/1\", "
      "__meta_msk_cluster_configuration_arn=\"arn:conf\", "
      "__meta_msk_cluster_configuration_revision=\"7\", "
      "__meta_msk_cluster_jmx_exporter_enabled=\"true\", "
      "__meta_msk_cluster_kafka_version=\"3.6.0\", "
      "__meta_msk_cluster_name=\"c\", __meta_msk_cluster_state=\"ACTIVE\", "
      "__meta_msk_cluster_tag_a_b=\"c\", "
      "__meta_msk_cluster_type=\"PROVISIONED\", "
      "__meta_msk_cluster_version=\"K1\", ";
  const auto broker = [&](const std::string& index) {
    return " {__meta_msk_broker_client_subnet=\"s\", "
           "__meta_msk_broker_client_vpc_ip=\"10.0.0.1\", "
           "__meta_msk_broker_endpoint_index=\"" +
           index +
           "\", __meta_msk_broker_id=\"1\", "
           "__meta_msk_broker_node_exporter_enabled=\"false\", " +
           common +
           "__meta_msk_node_added_time=\"T\", __meta_msk_node_arn=\"n1\", "
           "__meta_msk_node_attached_eni=\"eni\", "
           "__meta_msk_node_instance_type=\"m5\", "
           "__meta_msk_node_type=\"BROKER\"}\n";
  };
  const std::string expected =
      "b1:80" + broker("0") + "b2:80" + broker("1") + "k1:80 {" + common +
      "__meta_msk_controller_endpoint_index=\"0\", "
      "__meta_msk_node_arn=\"n2\", __meta_msk_node_type=\"CONTROLLER\"}\n";
  auto config = keyed<config::MskSdConfig>();
  EXPECT_EQ(found(config), expected);
  config.clusters = {"arn:c/1"};
  api_.answer("GET /api/v2/clusters/arn:c/1",
              R"({"clusterInfo":)" + cluster + "}");
  EXPECT_EQ(found(config), expected);
}

TEST_F(AwsRoles, Rds) {
  on("DescribeDBClusters", R"(<DescribeDBClustersResponse>
    <DescribeDBClustersResult><DBClusters><DBCluster>
    <DBClusterArn>arn:db</DBClusterArn><MultiAZ>true</MultiAZ>
    <ClusterCreateTime>2024-01-02T03:04:05.678Z</ClusterCreateTime>
    <Port>5432</Port><DBClusterMembers><DBClusterMember>
      <DBInstanceIdentifier>db-1</DBInstanceIdentifier>
      <IsClusterWriter>true</IsClusterWriter></DBClusterMember></DBClusterMembers>
    <TagList><Tag><Key>a-b</Key><Value>c</Value></Tag></TagList>
    </DBCluster></DBClusters></DescribeDBClustersResult>
    </DescribeDBClustersResponse>)");
  on("DescribeDBInstances", R"(<DescribeDBInstancesResponse>
    <DescribeDBInstancesResult><Marker>2</Marker><DBInstances><DBInstance>
    <DBInstanceIdentifier>db-1</DBInstanceIdentifier>
    <DBSubnetGroup><DBSubnetGroupName>sub</DBSubnetGroupName></DBSubnetGroup>
    <Endpoint><Address>db.example</Address><Port>5432</Port></Endpoint>
    <TagList><Tag><Key>t</Key><Value>u</Value></Tag></TagList>
    </DBInstance></DBInstances></DescribeDBInstancesResult>
    </DescribeDBInstancesResponse>)");
  on("DescribeDBInstances#2", "<R><DescribeDBInstancesResult/></R>");
  auto config = keyed<config::RdsSdConfig>();
  config.port = 9187;
  config.filters = {{"engine", {"aurora"}}};
  const std::string expected =
      "db.example:9187 {__meta_rds_cluster_arn=\"arn:db\", "
      "__meta_rds_cluster_cluster_create_time=\"2024-01-02T03:04:05Z\", "
      "__meta_rds_cluster_multi_az=\"true\", "
      "__meta_rds_cluster_port=\"5432\", __meta_rds_cluster_tag_a_b=\"c\", "
      "__meta_rds_instance_endpoint_address=\"db.example\", "
      "__meta_rds_instance_endpoint_port=\"5432\", "
      "__meta_rds_instance_identifier=\"db-1\", "
      "__meta_rds_instance_is_cluster_writer=\"true\", "
      "__meta_rds_instance_subnet_group=\"sub\", "
      "__meta_rds_instance_tag_t=\"u\"}\n";
  EXPECT_EQ(found(config), expected);
  EXPECT_EQ(asked("DescribeDBInstances").front(),
            "Action=DescribeDBInstances&Filters.Filter.1.Name=db-cluster-id&"
            "Filters.Filter.1.Values.Value.1=arn%3Adb&"
            "Filters.Filter.2.Name=engine&"
            "Filters.Filter.2.Values.Value.1=aurora&"
            "Version=2014-10-31&MaxRecords=100");
  config.clusters = {"arn:db"};
  EXPECT_EQ(found(config), expected);
}

TEST_F(AwsRoles, Elasticache) {
  on("DescribeServerlessCaches", R"(<R><DescribeServerlessCachesResult>
    <ServerlessCaches><member><ARN>arn:s</ARN><Engine>redis</Engine>
    <ServerlessCacheName>s</ServerlessCacheName>
    <Endpoint><Address>s.example</Address><Port>6379</Port></Endpoint>
    <ReaderEndpoint><Address>r.example</Address><Port>6380</Port></ReaderEndpoint>
    <CacheUsageLimits><DataStorage><Maximum>10</Maximum><Unit>GB</Unit></DataStorage></CacheUsageLimits>
    <SubnetIds><SubnetId>a</SubnetId><SubnetId>b</SubnetId></SubnetIds>
    </member></ServerlessCaches></DescribeServerlessCachesResult></R>)");
  on("DescribeCacheClusters", R"(<R><DescribeCacheClustersResult><CacheClusters>
    <CacheCluster><ARN>arn:c</ARN><CacheClusterId>c</CacheClusterId>
    <LogDeliveryConfigurations><LogDeliveryConfiguration>
      <LogType>slow-log</LogType><DestinationDetails><CloudWatchLogsDetails>
      <LogGroup>g</LogGroup></CloudWatchLogsDetails></DestinationDetails>
      </LogDeliveryConfiguration></LogDeliveryConfigurations>
    <SecurityGroups><member><SecurityGroupId>sg</SecurityGroupId>
      <Status>active</Status></member></SecurityGroups>
    <PendingModifiedValues><CacheNodeIdsToRemove><CacheNodeId>0002</CacheNodeId>
      <CacheNodeId>0003</CacheNodeId></CacheNodeIdsToRemove></PendingModifiedValues>
    <CacheNodes><CacheNode><CacheNodeId>0001</CacheNodeId>
      <CacheNodeCreateTime>2024-01-02T03:04:05.678Z</CacheNodeCreateTime>
      <Endpoint><Address>n1.example</Address><Port>11211</Port></Endpoint>
      </CacheNode></CacheNodes></CacheCluster></CacheClusters>
    </DescribeCacheClustersResult></R>)");
  on("ListTagsForResource", R"(<R><ListTagsForResourceResult><TagList>
    <Tag><Key>team</Key><Value>a</Value></Tag></TagList>
    </ListTagsForResourceResult></R>)");
  auto config = keyed<config::ElasticacheSdConfig>();
  EXPECT_EQ(
      found(config),
      "n1.example:11211 {__meta_elasticache_cache_cluster_arn=\"arn:c\", "
      "__meta_elasticache_cache_cluster_cache_cluster_id=\"c\", "
      "__meta_elasticache_cache_cluster_log_delivery_configuration_log_group_0"
      "=\"g\", "
      "__meta_elasticache_cache_cluster_log_delivery_configuration_log_type_0"
      "=\"slow-log\", "
      "__meta_elasticache_cache_cluster_node_create_time"
      "=\"2024-01-02T03:04:05Z\", "
      "__meta_elasticache_cache_cluster_node_endpoint_address"
      "=\"n1.example\", "
      "__meta_elasticache_cache_cluster_node_endpoint_port=\"11211\", "
      "__meta_elasticache_cache_cluster_node_id=\"0001\", "
      "__meta_elasticache_cache_cluster_pending_modified_values_"
      "cache_node_ids_to_remove=\"0002,0003\", "
      "__meta_elasticache_cache_cluster_security_group_membership_id_0"
      "=\"sg\", "
      "__meta_elasticache_cache_cluster_security_group_membership_status_0"
      "=\"active\", "
      "__meta_elasticache_cache_cluster_tag_team=\"a\", "
      "__meta_elasticache_deployment_option=\"node\"}\n"
      "s.example:6379 {__meta_elasticache_deployment_option=\"serverless\", "
      "__meta_elasticache_serverless_cache_arn=\"arn:s\", "
      "__meta_elasticache_serverless_cache_cache_usage_limit_"
      "data_storagemaximum=\"10\", "
      "__meta_elasticache_serverless_cache_cache_usage_limit_"
      "data_storageunit=\"GB\", "
      "__meta_elasticache_serverless_cache_endpoint_address=\"s.example\", "
      "__meta_elasticache_serverless_cache_endpoint_port=\"6379\", "
      "__meta_elasticache_serverless_cache_endpoint_reader_address"
      "=\"r.example\", "
      "__meta_elasticache_serverless_cache_endpoint_reader_port=\"6380\", "
      "__meta_elasticache_serverless_cache_engine=\"redis\", "
      "__meta_elasticache_serverless_cache_name=\"s\", "
      "__meta_elasticache_serverless_cache_subnet_id_0=\"a\", "
      "__meta_elasticache_serverless_cache_subnet_id_1=\"b\", "
      "__meta_elasticache_serverless_cache_tag_team=\"a\"}\n");
  config.clusters = {"arn:aws:elasticache:r:1:serverlesscache:s", "bad",
                     "arn:aws:elasticache:r:1:replicationgroup:c"};
  found(config);
  EXPECT_NE(
      asked("DescribeServerlessCaches").back().find("&ServerlessCacheName=s&"),
      std::string::npos);
  EXPECT_NE(asked("DescribeCacheClusters").back().find("&CacheClusterId=c&"),
            std::string::npos);
}

}  // namespace
}  // namespace prom::discover
