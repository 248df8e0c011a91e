#include "libprom/config/sd/kubernetes.h"

#include <algorithm>
#include <condition_variable>
#include <fstream>

#include <gtest/gtest.h>

#include "libprom/config/load.h"
#include "libprom/http/target.h"

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_server.h"

namespace prom::discover {
namespace {

// An API server that lists what it was given, in pages, and streams events to
// whoever watches.
class FakeCluster {
 public:
  ~FakeCluster() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }

  // "/api/v1/pods" lists these objects from now on.
  void list(const std::string& path, std::vector<std::string> objects) {
    const std::lock_guard lock(mutex_);
    lists_[path] = std::move(objects);
  }
  // An event for those who watch, or a line as it stands.
  void event(const std::string& path, const std::string& type,
             const std::string& object) {
    line(path, R"({"type":")" + type + R"(","object":)" + object + "}");
  }
  void line(const std::string& path, const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::string one = line;
    std::ranges::replace(one, '\n', ' ');
    events_[path].push_back(one + "\n");
    changed_.notify_all();
  }
  // Ends all watches; later ones begin with the later events.
  void end_watches() {
    const std::lock_guard lock(mutex_);
    ++epoch_;
    events_.clear();
    changed_.notify_all();
  }
  // Every request for this gets such an answer; "" for none any more.
  void refuse(const std::string& prefix, const std::string& status,
              const std::string& body) {
    const std::lock_guard lock(mutex_);
    refused_prefix_ = prefix;
    refused_status_ = status;
    refused_body_ = body;
  }

  [[nodiscard]] std::string url() const { return server_.url(""); }
  // What was asked, in order: "GET /api/v1/pods?limit=500".
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string last_head() {
    const std::lock_guard lock(mutex_);
    return last_head_;
  }
  std::size_t count(const std::string& part) {
    std::size_t count = 0;
    for (const std::string& request : requests())
      count += request.find(part) == std::string::npos ? 0U : 1U;
    return count;
  }

 private:
  static constexpr std::size_t kPage = 3;

  void serve(test::Peer& peer) {
    for (std::string head = peer.read_request(); !head.empty();
         head = peer.read_request()) {
      const std::size_t begin = head.find(' ') + 1;
      const std::string target =
          head.substr(begin, head.find(' ', begin) - begin);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back("GET " + target);
        last_head_ = head;
      }
      if (!answer(peer, target)) return;
    }
  }

  bool answer(test::Peer& peer, const std::string& target) {
    std::unique_lock lock(mutex_);
    if (!refused_prefix_.empty() && target.starts_with(refused_prefix_)) {
      const std::string status = refused_status_;
      const std::string body = refused_body_;
      lock.unlock();
      return peer.answer(status, "", body);
    }
    const std::string path = target.substr(0, target.find('?'));
    std::string version = "100";
    if (target.find("watch=true") != std::string::npos) {
      lock.unlock();
      watch(peer, path);
      return false;
    }
    const std::vector<std::string> all = lists_[path];
    lock.unlock();
    const std::size_t mark = target.find("continue=");
    const std::size_t from =
        mark == std::string::npos ? 0 : std::stoul(target.substr(mark + 9));
    const std::size_t to = std::min(from + kPage, all.size());
    std::string body = R"({"metadata":{"resourceVersion":")" + version + "\"";
    if (to < all.size()) body += R"(,"continue":")" + std::to_string(to) + "\"";
    body += "},\"items\":[";
    for (std::size_t i = from; i < to; ++i)
      body += (i == from ? "" : ",") + all[i];
    return peer.answer("200 OK", "Content-Type: application/json\r\n",
                       body + "]}");
  }

  void watch(test::Peer& peer, const std::string& path) {
    peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    std::unique_lock lock(mutex_);
    const int epoch = epoch_;
    std::size_t sent = 0;
    while (!is_over_ && epoch == epoch_) {
      std::string text;
      for (; sent < events_[path].size(); ++sent) text += events_[path][sent];
      lock.unlock();
      // In two pieces, to be joined.
      for (const std::string& piece :
           {text.substr(0, text.size() / 2), text.substr(text.size() / 2)}) {
        if (piece.empty()) continue;
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        peer.send(size + piece + "\r\n");
      }
      lock.lock();
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
    lock.unlock();
    peer.send("0\r\n\r\n");
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool is_over_ = false;
  int epoch_ = 0;
  std::map<std::string, std::vector<std::string>> lists_, events_;
  std::vector<std::string> requests_;
  std::string last_head_;
  std::string refused_prefix_, refused_status_, refused_body_;
  test::TestServer server_{[this](test::Peer& peer) { serve(peer); }};
};

const std::string kPods = "/api/v1/pods";

std::string pod(const std::string& name, const std::string& more = "",
                const std::string& ip = "1.2.3.4") {
  return R"({"metadata":{"namespace":"default","name":")" + name +
         R"(","uid":"u1","resourceVersion":"101","labels":{"app.io/x":"y"})" +
         more +
         R"(},"spec":{"nodeName":"n1","containers":[{"name":"c0",
         "image":"c0:latest","ports":[{"name":"p0","containerPort":9000,
         "protocol":"TCP"},{"containerPort":9001,"protocol":"UDP"}]},
         {"name":"c1","image":"c1"}],"initContainers":[{"name":"i",
         "image":"i:1"}]},"status":{"podIP":")" +
         ip +
         R"(","hostIP":"2.3.4.5","phase":"Running","conditions":[
         {"type":"Initialized","status":"False"},
         {"type":"Ready","status":"True"}],"containerStatuses":[
         {"name":"c0","containerID":"docker://a1"}]}})";
}

class KubernetesTest : public SdTest {
 protected:
  config::KubernetesSdConfig role(const std::string& name) {
    config::KubernetesSdConfig config;
    config.api_server = cluster_.url();
    config.role = name;
    return config;
  }
  std::string look(const config::KubernetesSdConfig& config) {
    Source& source = begin(config);
    settle(source);
    return source.findings().failure() + print(source);
  }
  // Turns until this is what there is; on failure shows what there was.
  void expect_soon(const Source& source, const std::string& wanted) {
    const std::int64_t end_ns =
        os::real_clock().monotonic_ns() + 5000 * kMillisecondNs;
    while (print(source) != wanted &&
           os::real_clock().monotonic_ns() < end_ns) {
      client_.perform(10, {async_.fd()});
      async_.run_ready();
    }
    EXPECT_EQ(print(source), wanted);
  }
  static std::string addresses(const Source& source) {
    std::string out;
    const std::string all = print(source);
    for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1)
      out += all.substr(at, all.find(' ', at) - at) + " ";
    return out;
  }
  void turn_until_addresses(const Source& source, const std::string& wanted) {
    turn_until([&] { return addresses(source) == wanted; });
    EXPECT_EQ(addresses(source), wanted);
  }

  FakeCluster cluster_;
};

TEST_F(KubernetesTest, PodsTellTheirContainers) {
  cluster_.list(kPods, {pod("testpod", R"(,"annotations":{"a/b":"c"},
                 "ownerReferences":[{"kind":"X","name":"x"},
                 {"kind":"ReplicaSet","name":"rs","controller":true}])"),
                        pod("starting", "", "")});
  EXPECT_EQ(look(role("pod")), golden("kubernetes_pod.txt"));
  EXPECT_EQ(begin(role("pod")).findings().is_settled(), false);
}

TEST_F(KubernetesTest, NodesTellTheirAddresses) {
  cluster_.list("/api/v1/nodes", {R"({"metadata":{"name":"node1",
    "labels":{"k":"v"},"annotations":{"n/o":"p"}},
    "spec":{"providerID":"aws:///i-1"},
    "status":{"addresses":[{"type":"Hostname","address":"h"},
      {"type":"InternalIP","address":"10.0.0.1"},
      {"type":"InternalIP","address":"fd00::1"}],
      "conditions":[{"type":"Ready","status":"True"},
                    {"type":"DiskPressure","status":"Unknown"}],
      "daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}})",
                                  R"({"metadata":{"name":"without"}})"});
  EXPECT_EQ(look(role("node")), golden("kubernetes_node.txt"));
}

TEST_F(KubernetesTest, ServicesTellTheirPorts) {
  const auto service = [](const std::string& name, const std::string& spec,
                          const std::string& status = "{}") {
    return R"({"metadata":{"namespace":"d","name":")" + name +
           R"(","labels":{"l":"1"},"annotations":{"n/o":"p"}},"spec":)" + spec +
           ",\"status\":" + status + "}";
  };
  cluster_.list(
      "/api/v1/services",
      {service("web", R"({"type":"ClusterIP","clusterIP":"10.0.0.1","ports":[
          {"name":"http","port":80,"protocol":"TCP"},{"port":81}]})"),
       service("ext", R"({"type":"ExternalName","externalName":"e.example",
          "ports":[{"port":80,"protocol":"TCP"}]})"),
       service("lb", R"({"type":"LoadBalancer","clusterIP":"10.0.0.2",
          "loadBalancerIP":"9.9.9.9","ports":[{"port":443}]})",
               R"({"loadBalancer":{"ingress":[{"ip":"1.1.1.1"},{"hostname":"h"},
          {"ip":"2.2.2.2"}]}})")});
  EXPECT_EQ(look(role("service")), golden("kubernetes_service.txt"));
}

constexpr const char* kEndpoints = R"({"metadata":{"namespace":"default",
  "name":"web","labels":{"e":"1"},"annotations":{"n/o":"p"}},"subsets":[{
  "addresses":[{"ip":"1.2.3.4","nodeName":"n1","hostname":"hh",
     "targetRef":{"kind":"Pod","namespace":"default","name":"testpod"}},
    {"ip":"5.6.7.8"}],
  "notReadyAddresses":[{"ip":"7.7.7.7",
     "targetRef":{"kind":"Node","name":"n1"}}],
  "ports":[{"name":"p","port":9000,"protocol":"TCP"}]}]})";
constexpr const char* kService = R"({"metadata":{"namespace":"default",
  "name":"web","labels":{"s":"1"}},"spec":{"ipFamilyPolicy":"PreferDualStack",
  "ipFamilies":["IPv4","IPv6"]}})";
constexpr const char* kNode = R"({"metadata":{"name":"n1",
  "resourceVersion":"101","labels":{"zone":"z1"}}})";
constexpr const char* kNamespace = R"({"metadata":{"name":"default",
  "labels":{"team":"t1"},"annotations":{"n/o":"p"}}})";

TEST_F(KubernetesTest, EndpointsTellTheirPods) {
  cluster_.list("/api/v1/endpoints", {kEndpoints});
  cluster_.list("/api/v1/services", {kService});
  cluster_.list(kPods, {pod("testpod")});
  cluster_.list("/api/v1/nodes", {kNode});
  cluster_.list("/api/v1/namespaces", {kNamespace});
  config::KubernetesSdConfig config = role("endpoints");
  EXPECT_EQ(look(config), golden("kubernetes_endpoints.txt"));
  config.attach.of_node = config.attach.of_namespace = true;
  EXPECT_EQ(look(config), golden("kubernetes_endpoints_attached.txt"));
}

std::string slice(const std::string& name, const std::string& type,
                  const std::string& address) {
  return R"({"metadata":{"namespace":"default","name":")" + name +
         R"(","labels":{"kubernetes.io/service-name":"web"},
         "annotations":{"n/o":"p"}},"addressType":")" +
         type + R"(","endpoints":[{"addresses":[")" + address +
         R"("],"conditions":{"ready":true,"serving":true,"terminating":false},
         "hostname":"h","nodeName":"n1","zone":"z","deprecatedTopology":
         {"kubernetes.io/hostname":"kh"},"targetRef":{"kind":"Pod",
         "namespace":"default","name":"testpod"}}],"ports":[{"name":"p",
         "port":9000,"protocol":"TCP","appProtocol":"http"}]})";
}

TEST_F(KubernetesTest, SlicesTellTheirPods) {
  cluster_.list(
      "/apis/discovery.k8s.io/v1/endpointslices",
      {slice("web-4", "IPv4", "1.2.3.4"), slice("web-6", "IPv6", "fd00::1")});
  cluster_.list("/api/v1/services", {kService});
  cluster_.list(kPods, {pod("testpod")});
  EXPECT_EQ(look(role("endpointslice")), golden("kubernetes_slice.txt"));
}

TEST_F(KubernetesTest, IngressesTellTheirPaths) {
  cluster_.list("/apis/networking.k8s.io/v1/ingresses",
                {R"({"metadata":{"namespace":"d","name":"i",
    "labels":{"l":"1"},"annotations":{"n/o":"p"}},
    "spec":{"ingressClassName":"nginx","tls":[{"hosts":["*.example.com"]}],
    "rules":[{"host":"a.example.com","http":{"paths":[{"path":"/x"},{}]}},
      {"host":"a.b.example.com"},{"host":"example.com"}]}})"});
  EXPECT_EQ(look(role("ingress")), golden("kubernetes_ingress.txt"));
}

TEST_F(KubernetesTest, PodsTellWhatStandsAboveThem) {
  const auto owned = [](const char* kind, const char* name) {
    return std::string(R"(,"ownerReferences":[{"controller":true,"kind":")") +
           kind + R"(","name":")" + name + "\"}]";
  };
  cluster_.list(
      kPods, {pod("a", owned("ReplicaSet", "rs")), pod("b", owned("Job", "j")),
              pod("c", owned("ReplicaSet", "unknown"))});
  cluster_.list("/apis/apps/v1/replicasets",
                {R"({"metadata":{"namespace":"default","name":"rs")" +
                 owned("Deployment", "dep") + "}}"});
  cluster_.list("/apis/batch/v1/jobs",
                {R"({"metadata":{"namespace":"default","name":"j")" +
                 owned("CronJob", "cron") + "}}"});
  config::KubernetesSdConfig config = role("pod");
  config.attach.deployment = config.attach.job = config.attach.cronjob = true;
  Source& source = begin(config);
  turn_until([&] {
    const std::string all = print(source);
    return all.find("__meta_kubernetes_pod_deployment_name=\"dep\"") !=
               std::string::npos &&
           all.find("__meta_kubernetes_pod_cronjob_name=\"cron\"") !=
               std::string::npos;
  });
  EXPECT_NE(print(source).find("__meta_kubernetes_pod_job_name=\"j\""),
            std::string::npos);
}

TEST_F(KubernetesTest, EventsChangeOnlyTheirObjects) {
  cluster_.list(kPods, {pod("a", "", "1.1.1.1"), pod("b", "", "1.1.1.2"),
                        pod("c", "", "1.1.1.3"), pod("d", "", "1.1.1.4")});
  Source& source = begin(role("pod"));
  settle(source);
  EXPECT_EQ(source.findings().places().size(), 4U);
  EXPECT_EQ(cluster_.count("continue=3"), 1U);
  const std::uint64_t before = source.findings().generation();
  // The same again is no change.
  cluster_.event(kPods, "MODIFIED", pod("a", "", "1.1.1.1"));
  cluster_.event(kPods, "MODIFIED", pod("a", "", "1.1.1.9"));
  cluster_.event(kPods, "DELETED", pod("b"));
  cluster_.event(kPods, "ADDED", pod("e", "", "1.1.1.5"));
  cluster_.event(kPods, "DELETED", pod("never-seen"));
  cluster_.event(kPods, "BOOKMARK",
                 R"({"metadata":{"resourceVersion":"777"}})");
  turn_until(
      [&] { return source.findings().places().contains("pod/default/e"); });
  EXPECT_EQ(source.findings().places().size(), 4U);
  EXPECT_EQ(source.findings().generation(), before + 3);
  // The next watch goes on from the bookmark.
  cluster_.end_watches();
  turn_until([&] {
    clock_.advance_ms(1000);
    return cluster_.count("resourceVersion=777") == 1;
  });
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_NE(metrics_.registry.text().find(
                R"(prometheus_sd_kubernetes_events_total{event="delete",)"
                R"(role="pod"} 1)"),
            std::string::npos);
}

TEST_F(KubernetesTest, WhatIsForgottenIsListedAnew) {
  cluster_.list(kPods, {pod("a", "", "1.1.1.1"), pod("b", "", "1.1.1.2")});
  Source& source = begin(role("pod"));
  settle(source);
  cluster_.list(kPods, {pod("b", "", "1.1.1.2"), pod("c", "", "1.1.1.3")});
  cluster_.line(kPods,
                R"({"type":"ERROR","object":{"code":410,"message":"old"}})");
  turn_until(
      [&] { return source.findings().places().contains("pod/default/c"); });
  EXPECT_EQ(source.findings().places().size(), 2U);
  EXPECT_EQ(source.findings().failure(), "");
}

TEST_F(KubernetesTest, EndpointsFollowTheirPodsServicesAndNodes) {
  const auto label = [&](const Source& source, const std::string& name) {
    return print(source).find(name) != std::string::npos;
  };
  cluster_.list("/api/v1/endpoints", {kEndpoints});
  cluster_.list("/api/v1/nodes", {kNode});
  config::KubernetesSdConfig config = role("endpoints");
  config.attach.of_node = true;
  Source& source = begin(config);
  settle(source);
  EXPECT_FALSE(label(source, "kubernetes_pod_"));
  cluster_.event(kPods, "ADDED", pod("testpod"));
  turn_until([&] { return label(source, "pod_container_port_name=\"p0\""); });
  std::string service = kService;
  service.insert(service.find("\"namespace"), R"("resourceVersion":"5",)");
  cluster_.event("/api/v1/services", "ADDED", service);
  turn_until([&] { return label(source, "service_label_s=\"1\""); });
  std::string node = kNode;
  node.replace(node.find("z1"), 2, "z2");
  cluster_.event("/api/v1/nodes", "MODIFIED", node);
  turn_until([&] { return label(source, "node_label_zone=\"z2\""); });
  cluster_.event(kPods, "DELETED", pod("testpod"));
  turn_until([&] { return !label(source, "kubernetes_pod_"); });
}

TEST_F(KubernetesTest, FailuresKeepWhatWasFound) {
  cluster_.list(kPods, {pod("a")});
  Source& source = begin(role("pod"));
  settle(source);
  const std::string before = print(source);
  const struct {
    const char *status, *body, *reason;
  } kCases[] = {
      {"403 Forbidden", R"({"message":"pods is forbidden"})",
       "403 Forbidden: pods is forbidden"},
      {"500 Internal Server Error", "oops", "500"},
      {"200 OK", "{\"type\":\n", "an event: no JSON"},
      {"200 OK", "{\"type\":\"ADDED\",\"object\":{}}\n", "no object"},
      {"200 OK",
       "{\"type\":\"ODD\",\"object\":{\"metadata\":"
       "{\"resourceVersion\":\"1\"}}}\n",
       "of type \"ODD\""},
      {"200 OK",
       R"({"type":"ERROR","object":{"code":500,"message":"bad"}})"
       "\n",
       "watch: bad"},
  };
  for (const auto& c : kCases) {
    cluster_.refuse(kPods, c.status, c.body);
    cluster_.end_watches();
    turn_until([&] {
      clock_.advance_ms(2000);
      return source.findings().failure().find(c.reason) != std::string::npos;
    });
    EXPECT_EQ(print(source), before);
  }
  cluster_.refuse("", "", "");
  cluster_.event(kPods, "ADDED", pod("b"));
  turn_until([&] {
    clock_.advance_ms(2000);
    return source.findings().failure().empty() &&
           source.findings().places().size() == 2;
  });
}

TEST_F(KubernetesTest, AListMustBeOne) {
  cluster_.refuse(kPods, "200 OK", R"({"items":[]})");
  EXPECT_EQ(look(role("pod")),
            "/api/v1/pods: the answer is no list of objects");
}

TEST_F(KubernetesTest, SelectorsAndNamespacesChoose) {
  config::KubernetesSdConfig config = role("pod");
  config.namespaces = {"x", "y"};
  config.selectors = {
      {.role = "pod", .label = "a in (b,c)", .field = "status.phase=Running"},
      {.role = "node", .label = "l=m", .field = ""}};
  config.attach.of_node = true;
  cluster_.list("/api/v1/nodes", {kNode});
  std::string in_x = pod("p");
  in_x.replace(in_x.find("default"), 7, "x");
  cluster_.list("/api/v1/namespaces/x/pods", {in_x});
  Source& source = begin(config);
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  ASSERT_EQ(source.findings().places().size(), 1U);
  EXPECT_EQ(source.findings().places().begin()->first, "pod/x/p");
  EXPECT_EQ(cluster_.count("/api/v1/namespaces/y/pods?limit=500&fieldSelector="
                           "status.phase%3DRunning&labelSelector=a%20in%20%28b"
                           "%2Cc%29"),
            1U);
  EXPECT_EQ(cluster_.count("/api/v1/nodes?limit=500&labelSelector=l%3Dm"), 1U);
}

TEST_F(KubernetesTest, AReloadKeepsWhatIsStillThere) {
  cluster_.list(kPods, {pod("a"), pod("b")});
  Source& before = begin(role("pod"));
  settle(before);
  cluster_.list(kPods, {pod("b")});
  Source after(make_mechanism(role("pod"), around_), around_);
  after.adopt(before);
  after.start();
  EXPECT_EQ(after.findings().places().size(), 2U);
  turn_until([&] { return after.findings().places().size() == 1; });
  EXPECT_EQ(after.findings().places().begin()->first, "pod/default/b");
}

TEST_F(KubernetesTest, AKubeconfigNamesServerAndUser) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/config";
  const auto write = [&](const std::string& user) {
    std::ofstream(path) << "apiVersion: v1\nkind: Config\n"
                           "current-context: here\ncontexts:\n"
                           "- {name: other, context: {cluster: x, user: y}}\n"
                           "- {name: here, context: {cluster: c, user: u}}\n"
                           "clusters:\n- {name: c, cluster: {server: '"
                        << cluster_.url() << "'}}\nusers:\n- {name: u, user: {"
                        << user << "}}\n";
  };
  cluster_.list(kPods, {pod("a", "", "")});
  config::KubernetesSdConfig config;
  config.role = "pod";
  config.kubeconfig_file = path;
  write("token: geheim");
  EXPECT_EQ(look(config), "");
  EXPECT_NE(cluster_.last_head().find("Authorization: Bearer geheim"),
            std::string::npos);
  write("exec: {command: aws}");
  EXPECT_NE(look(config).find("exec: credentials from programs"),
            std::string::npos);
  write("client-certificate-data: '%%'");
  EXPECT_NE(look(config).find("this is no base64"), std::string::npos);
  std::ofstream(path) << "current-context: none\n";
  EXPECT_NE(look(config).find("no context called \"none\""), std::string::npos);
}

TEST_F(KubernetesTest, APodKnowsItsCluster) {
  const TemporaryDirectory directory;
  config::KubernetesSdConfig config;
  config.role = "pod";
  config.service_account = directory.path();
  around_.environment = [](const std::string&) { return std::string(); };
  EXPECT_NE(look(config).find("this is no pod"), std::string::npos);
  around_.environment = [](const std::string& name) {
    return std::string(name.ends_with("HOST") ? "127.0.0.1" : "1");
  };
  EXPECT_NE(look(config).find(directory.path() + "/token"), std::string::npos);
  config.own_namespace = true;
  EXPECT_NE(look(config).find("could not determine the pod's namespace"),
            std::string::npos);
}

TEST(KubernetesConfig, SelectorsAreRead) {
  const struct {
    const char *label, *field, *problem;
  } kCases[] = {
      {"", "", ""},
      {"a=b,c!=d, e in (f, g),h notin (i),!j,k,l>1", "a=b,,c!=d", ""},
      {"a=", "", ""},
      {"a b", "", "unable to parse label selector"},
      {"a in b", "", "unable to parse label selector"},
      {"a,", "", "unable to parse label selector"},
      {"=b", "", "unable to parse label selector"},
      {"", "metadata.status-Running", "can't understand"},
      {"", "a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"},
  };
  for (const auto& c : kCases) {
    const auto config = config::parse_prometheus(
        std::string("scrape_configs: [{job_name: k, kubernetes_sd_configs: ["
                    "{role: pod, selectors: [{role: pod, label: '") +
            c.label + "', field: '" + c.field + "'}]}]}]",
        "p.yml");
    const std::string problem =
        config ? "" : config::to_error(config.error()).message;
    EXPECT_NE(problem.find(c.problem), std::string::npos) << problem;
    EXPECT_EQ(config.has_value(), std::string(c.problem).empty())
        << c.label << problem;
  }
}

}  // namespace
}  // namespace prom::discover
