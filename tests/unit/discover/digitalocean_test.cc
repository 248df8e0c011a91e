#include "libprom/config/sd/digitalocean.h"

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

class DigitalOceanTest : public SdTest {
 protected:
  DigitalOceanTest() {
    config_.api_url = api_.url();
    config_.client.authorization.emplace().credentials =
        config::Secret("3c9a75a2");
  }

  config::DigitalOceanSdConfig config_;
};

TEST_F(DigitalOceanTest, DropletsOfAllPagesAreTargets) {
  api_.answer("GET /v2/droplets", R"({"droplets":[
    {"id":3164444,"name":"example.com","status":"active",
     "features":["backups","ipv6"],
     "image":{"id":6918990,"name":"14.04 x64","slug":"ubuntu-16-04-x64"},
     "size":{},"size_slug":"s-1vcpu-1gb",
     "networks":{"v4":[{"ip_address":"104.236.32.182","type":"public"}],
       "v6":[{"ip_address":"2604:A880:0800::4001","type":"public"}]},
     "region":{"name":"New York 3","slug":"nyc3"},
     "tags":[],"vpc_uuid":"f9b0769c"},
    {"id":1,"name":"without networks","networks":{"v4":[]}},
    {"id":2,"name":"nor this"}],
    "links":{"pages":{"next":"http://elsewhere/v2/droplets?page=2",
                      "last":"http://elsewhere/v2/droplets?page=2"}}})",
              202);
  api_.answer("GET /v2/droplets?page=2", R"({"droplets":[
    {"id":175072239,"name":"demo","status":"off","features":[],
     "image":null,"size_slug":"s-1vcpu-1gb",
     "networks":{"v4":[
       {"ip_address":"10.135.64.211","type":"private"},
       {"ip_address":"167.172.111.118","type":"public"}],"v6":[]},
     "region":{"slug":"fra1"},"tags":["monitor","x"],"vpc_uuid":""}],
    "links":{"pages":{"first":"x","prev":"x"}}})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(104.236.32.182:80
  digitalocean_droplet_id=3164444
  digitalocean_droplet_name=example.com
  digitalocean_features=,backups,ipv6,
  digitalocean_image=ubuntu-16-04-x64
  digitalocean_image_name=14.04 x64
  digitalocean_public_ipv4=104.236.32.182
  digitalocean_public_ipv6=2604:A880:0800::4001
  digitalocean_region=nyc3
  digitalocean_size=s-1vcpu-1gb
  digitalocean_status=active
  digitalocean_vpc=f9b0769c
167.172.111.118:80
  digitalocean_droplet_id=175072239
  digitalocean_droplet_name=demo
  digitalocean_private_ipv4=10.135.64.211
  digitalocean_public_ipv4=167.172.111.118
  digitalocean_region=fra1
  digitalocean_size=s-1vcpu-1gb
  digitalocean_status=off
  digitalocean_tags=,monitor,x,
)");
  EXPECT_EQ(api_.last("GET /v2/droplets?page=2").header("authorization"),
            "Bearer 3c9a75a2");
  EXPECT_EQ(source.findings().places().begin()->second.front().source,
            "DigitalOcean");
}

TEST_F(DigitalOceanTest, DatabasesPreferTheirPrivateHost) {
  config_.role = "databases";
  config_.port = 9273;
  api_.answer("GET /v2/databases?page=1&per_page=100", R"({"databases":[
    {"id":"9cc10173","name":"backend","engine":"pg","version":"14",
     "status":"online","region":"nyc3","size":"db-s-2vcpu-4gb","num_nodes":2,
     "connection":{"host":"db.example.com","password":"secret"},
     "private_connection":{"host":"private-db.example.com"},
     "tags":["production"]},
    {"id":"2","name":"public","num_nodes":1,"connection":{"host":"p.example"},
     "private_connection":null,"tags":null},
    {"id":"3","name":"none"}]})");
  api_.answer("GET /v2/databases?page=2&per_page=100", R"({"databases":[]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(listed(source), R"(
  digitalocean_db_id=3
  digitalocean_db_name=none
  digitalocean_db_num_nodes=0
p.example:9273
  digitalocean_db_host=p.example
  digitalocean_db_id=2
  digitalocean_db_name=public
  digitalocean_db_num_nodes=1
private-db.example.com:9273
  digitalocean_db_engine=pg
  digitalocean_db_host=db.example.com
  digitalocean_db_id=9cc10173
  digitalocean_db_name=backend
  digitalocean_db_num_nodes=2
  digitalocean_db_private_host=private-db.example.com
  digitalocean_db_region=nyc3
  digitalocean_db_size=db-s-2vcpu-4gb
  digitalocean_db_status=online
  digitalocean_db_tag_production=true
  digitalocean_db_version=14
)");
}

}  // namespace
}  // namespace prom::discover
