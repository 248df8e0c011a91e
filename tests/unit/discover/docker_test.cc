// Against upstream's captures of Docker Engines and the labels that upstream
// makes of them.
#include "libprom/config/sd/docker.h"

#include <gtest/gtest.h>

#include "libprom/os/file.h"

#include "tests/support/sd_test.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

class DockerTest : public SdTest {
 protected:
  // Answers with the files of a capture; false when it is not here.
  bool serve(FakeApi& api, const std::string& capture) {
    const auto root =
        test::shared_path("conformance/discovery/moby/testdata/" + capture);
    if (!root) return false;
    api.answer("GET /_ping", [](const http::ServerRequest&) {
      return http::ServerResponse{.headers = {{"Api-Version", "1.40"}},
                                  .body = "OK"};
    });
    for (const auto& [path, file] :
         {std::pair("/containers/json", "/containers/json.json"),
          std::pair("/networks", "/networks.json"),
          std::pair("/services", "/services.json"),
          std::pair("/tasks", "/tasks.json"),
          std::pair("/nodes", "/nodes.json"),
          std::pair("/services?filters={\"name\":{\"mon_grafana\":true,"
                    "\"mon_node-exporter\":true}}",
                    "/services.json__wvKVCQ4HhD")}) {
      if (const auto text = os::read_file(*root + file))
        api.answer(std::string("GET /v1.40") + path, *text);
    }
    return true;
  }

  std::string look(const config::SdConfig& config) {
    Source& source = begin(config);
    settle(source);
    EXPECT_EQ(source.findings().failure(), "");
    return print(source);
  }

  [[nodiscard]] config::DockerSdConfig docker() const {
    config::DockerSdConfig config;
    config.docker.host = api_.url();
    return config;
  }
  [[nodiscard]] config::DockerswarmSdConfig swarm(
      const std::string& role) const {
    config::DockerswarmSdConfig config;
    config.docker.host = api_.url();
    config.role = role;
    return config;
  }
};

TEST_F(DockerTest, ContainersAreWhatUpstreamFinds) {
  if (!serve(api_, "dockerprom")) GTEST_SKIP() << "the capture is not here";
  config::DockerSdConfig config = docker();
  EXPECT_EQ(look(config), golden("docker.txt"));
  config.match_first_network = false;
  EXPECT_EQ(look(config), golden("docker_all_networks.txt"));
  ASSERT_TRUE(serve(api_, "dockeripv6"));
  EXPECT_EQ(look(docker()), golden("docker_ipv6.txt"));
}

TEST_F(DockerTest, SwarmsAreWhatUpstreamFinds) {
  if (!serve(api_, "swarmprom")) GTEST_SKIP() << "the capture is not here";
  EXPECT_EQ(look(swarm("nodes")), golden("swarm_nodes.txt"));
  EXPECT_EQ(look(swarm("services")), golden("swarm_services.txt"));
  EXPECT_EQ(look(swarm("tasks")), golden("swarm_tasks.txt"));
  config::DockerswarmSdConfig config = swarm("services");
  config.docker.filters = {{"name", {"mon_node-exporter", "mon_grafana"}}};
  EXPECT_EQ(look(config), golden("swarm_filtered.txt"));
  ASSERT_TRUE(serve(api_, "swarmprom-plugin"));
  EXPECT_EQ(look(swarm("services")), golden("swarm_plugin.txt"));
}

TEST_F(DockerTest, SwarmsTellWhatTheCaptureHasNot) {
  api_.answer("GET /_ping", "OK");
  api_.answer("GET /networks", "[]");
  api_.answer("GET /nodes", R"([{"ID":"n","Status":{"Addr":"10.0.0.1"},
    "Spec":{"Labels":{"a.b":"c"}}}])");
  api_.answer("GET /services", R"([{"ID":"s",
    "Spec":{"TaskTemplate":{"ContainerSpec":{"Hostname":"h"}}},
    "UpdateStatus":{"State":"completed"},
    "Endpoint":{"VirtualIPs":[{"Addr":"10.0.0.2/24"}],
      "Ports":[{"Name":"web","Protocol":"tcp","PublishedPort":81}]}}])");
  EXPECT_EQ(look(swarm("nodes")),
            "10.0.0.1:80 {__meta_dockerswarm_node_address=\"10.0.0.1\", "
            "__meta_dockerswarm_node_id=\"n\", "
            "__meta_dockerswarm_node_label_a_b=\"c\"}\n");
  EXPECT_EQ(look(swarm("services")),
            "10.0.0.2:81 {__meta_dockerswarm_service_endpoint_port_name="
            "\"web\", __meta_dockerswarm_service_id=\"s\", "
            "__meta_dockerswarm_service_task_container_hostname=\"h\", "
            "__meta_dockerswarm_service_updating_status=\"completed\"}\n");
}

constexpr std::string_view kContainer = R"([
  {"Id":"1","Names":["/a"],"Image":"i","HostConfig":{"NetworkMode":"bridge"},
   "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
            {"PrivatePort":53,"Type":"udp"}],
   "NetworkSettings":{"Networks":{"bridge":
     {"NetworkID":"n","IPAddress":"172.17.0.2"}}}},
  {"Id":"2","Names":["/loop"],"HostConfig":{"NetworkMode":"container:3"},
   "NetworkSettings":{"Networks":{}}},
  {"Id":"3","Names":["/pool"],"HostConfig":{"NetworkMode":"container:2"},
   "NetworkSettings":{"Networks":null}},
  {"Id":"4","Names":[]}])";

TEST_F(DockerTest, AUnixSocketIsAHost) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/docker.sock";
  FakeApi engine("unix:" + path);
  // An engine that does not name its version.
  engine.answer("GET /_ping", "OK");
  engine.answer("GET /containers/json", std::string(kContainer));
  engine.answer("GET /networks", "[]");
  config::DockerSdConfig config;
  config.docker.host = "unix://" + path;
  EXPECT_EQ(look(config),
            "172.17.0.2:80 {__meta_docker_container_id=\"1\", "
            "__meta_docker_container_image=\"i\", "
            "__meta_docker_container_name=\"/a\", "
            "__meta_docker_container_network_mode=\"bridge\", "
            "__meta_docker_network_ip=\"172.17.0.2\", "
            "__meta_docker_port_private=\"80\", "
            "__meta_docker_port_public=\"8080\", "
            "__meta_docker_port_public_ip=\"0.0.0.0\"}\n");
}

TEST_F(DockerTest, AFailureKeepsWhatWasFound) {
  api_.answer("GET /_ping", "OK");
  api_.answer("GET /containers/json", std::string(kContainer));
  api_.answer("GET /networks", "[]");
  Source& source = begin(docker());
  settle(source);
  const std::string before = print(source);
  EXPECT_NE(before, "");
  for (const char* bad : {"{}", "[", "7", ""}) {
    api_.answer("GET /networks", bad);
    pass_and_look(60'000);
    EXPECT_NE(source.findings().failure().find("/networks: "),
              std::string::npos)
        << source.findings().failure();
    EXPECT_EQ(print(source), before);
  }
}

TEST_F(DockerTest, AnAddressMustBeOne) {
  api_.answer("GET /_ping", "OK");
  api_.answer("GET /networks", "[]");
  api_.answer("GET /services",
              R"([{"Endpoint":{"VirtualIPs":[{"Addr":"10.0.0.1"}]}}])");
  Source& source = begin(swarm("services"));
  settle(source);
  EXPECT_NE(source.findings().failure().find("no address with prefix"),
            std::string::npos);
}

}  // namespace
}  // namespace prom::discover
