#include "libprom/config/sd/openstack.h"

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

class OpenstackTest : public SdTest {
 protected:
  OpenstackTest() {
    config_.identity_endpoint = api_.url() + "/identity";
    config_.username = "u";
    config_.password = config::Secret("hidden");
    config_.domain_name = "d";
    config_.project_name = "proj";
    config_.region = "R";
    config_.role = "instance";
    std::string body = R"({"token":{"catalog":[)";
    for (const auto& [type, path] :
         {std::pair("compute", "/nova"), std::pair("network", "/neutron/")}) {
      body += std::string(R"({"type":")") + type +
              R"(","endpoints":[{"interface":"admin","region":"R","url":"x"},)"
              R"({"interface":"public","region_id":"R","url":")" +
              api_.url() + path + "\"}]},";
    }
    body.back() = ']';
    body += "}}";
    api_.answer(
        "POST /identity/v3/auth/tokens", [=](const http::ServerRequest&) {
          return http::ServerResponse{.status = 201,
                                      .content_type = "application/json",
                                      .headers = {{"X-Subject-Token", "tok"}},
                                      .body = body};
        });
  }

  config::OpenstackSdConfig config_;
};

TEST_F(OpenstackTest, Hypervisors) {
  const std::string list = "GET /nova/os-hypervisors/detail";
  api_.answer(list, R"({"hypervisors":[
    {"id":1,"hypervisor_hostname":"h","host_ip":"10.0.0.1","state":"up",
     "status":"enabled","hypervisor_type":"QEMU"}]})");
  config_.role = "hypervisor";
  Source& source = begin(config_);
  settle(source);
  const std::string before =
      "10.0.0.1:80 {__meta_openstack_hypervisor_host_ip=\"10.0.0.1\", "
      "__meta_openstack_hypervisor_hostname=\"h\", "
      "__meta_openstack_hypervisor_id=\"1\", "
      "__meta_openstack_hypervisor_state=\"up\", "
      "__meta_openstack_hypervisor_status=\"enabled\", "
      "__meta_openstack_hypervisor_type=\"QEMU\"}\n";
  EXPECT_EQ(print(source), before);
  EXPECT_EQ(api_.requests().back().header("x-auth-token"), "tok");
  EXPECT_EQ(api_.last("POST /identity/v3/auth/tokens").body,
            R"({"auth":{"identity":{"methods":["password"],"password":)"
            R"({"user":{"name":"u","domain":{"name":"d"},)"
            R"("password":"hidden"}}},"scope":{"project":)"
            R"({"name":"proj","domain":{"name":"d"}}}}})");
  api_.answer(list, "hidden", 500);
  pass_and_look(60'000);
  EXPECT_NE(source.findings().failure(), "");
  EXPECT_EQ(source.findings().failure().find("hidden"), std::string::npos);
  EXPECT_EQ(print(source), before);
}

TEST_F(OpenstackTest, Instances) {
  api_.answer("GET /neutron/v2.0/ports",
              R"({"ports":[{"id":"p1","device_id":"s1"}]})");
  api_.answer("GET /neutron/v2.0/floatingips", R"({"floatingips":[
    {"port_id":"p1","fixed_ip_address":"10.0.0.1",
     "floating_ip_address":"1.2.3.4"}]})");
  api_.answer("GET /nova/servers/detail", R"({"servers":[
    {"id":"s1","name":"n","status":"ACTIVE","tenant_id":"t","user_id":"u",
     "flavor":{"id":"1"},"image":{"id":"img"},"metadata":{"my key":"v"},
     "addresses":{"private":[{"addr":"10.0.0.1"},{"addr":"1.2.3.4"}]}},
    {"id":"s3","flavor":{"id":"1"},"addresses":{}}]})");
  Source& source = begin(config_);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source),
            "10.0.0.1:80 {__meta_openstack_address_pool=\"private\", "
            "__meta_openstack_instance_flavor=\"1\", "
            "__meta_openstack_instance_id=\"s1\", "
            "__meta_openstack_instance_image=\"img\", "
            "__meta_openstack_instance_name=\"n\", "
            "__meta_openstack_instance_status=\"ACTIVE\", "
            "__meta_openstack_private_ip=\"10.0.0.1\", "
            "__meta_openstack_project_id=\"t\", "
            "__meta_openstack_public_ip=\"1.2.3.4\", "
            "__meta_openstack_tag_my_key=\"v\", "
            "__meta_openstack_user_id=\"u\"}\n");
}

}  // namespace
}  // namespace prom::discover
