#include "libprom/config/sd/zookeeper.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/sd_test.h"

namespace prom::discover {
namespace {

std::string number(std::int64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>((value >> shift) & 0xFF);
  return out;
}
std::string text(const std::string& value) {
  return number(static_cast<std::int64_t>(value.size()), 4) + value;
}

// One server with a tree of nodes, which tells its clients of every change
// that they watch.  Serves one connection after another.
class FakeZookeeper {
 public:
  FakeZookeeper() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_.get(), plain, size);
    ::getsockname(listener_.get(), plain, &size);
    ::listen(listener_.get(), 8);
    port_ = ntohs(address.sin_port);
    thread_ =
        std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }

  void put(const std::string& path, const std::string& data) {
    const std::lock_guard lock(mutex_);
    const bool is_new = !nodes_.contains(path);
    nodes_[path] = data;
    // A new node changes its parent's children.
    if (is_new) {
      tell(4, path.substr(0, path.rfind('/')));
    } else {
      tell(3, path);
    }
  }
  void remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    nodes_.erase(path);
    tell(2, path);
    tell(4, path.substr(0, path.rfind('/')));
  }
  // Says this instead of what is asked for, and hangs up after it.
  void be_rude(const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    rudeness_ = bytes;
    is_rude_ = true;
  }
  void be_polite() {
    const std::lock_guard lock(mutex_);
    is_rude_ = false;
  }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(port_);
  }

 private:
  void tell(int type, const std::string& path) {
    if (watched_.erase(path) == 0) return;
    events_ += text(number(-1, 4) + number(-1, 8) + number(0, 4) +
                    number(type, 4) + number(3, 4) + text(path));
  }

  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd ready{listener_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 10) <= 0) continue;
      const os::Fd peer(::accept(listener_.get(), nullptr, nullptr));
      serve(peer.get(), stop);
    }
  }

  void serve(int peer, const std::stop_token& stop) {
    std::string in;
    bool is_greeted = false;
    while (!stop.stop_requested()) {
      std::string out;
      {
        const std::lock_guard lock(mutex_);
        out.swap(events_);
        if (is_rude_) out = rudeness_;
      }
      ::send(peer, out.data(), out.size(), MSG_NOSIGNAL);
      {
        const std::lock_guard lock(mutex_);
        if (is_rude_) return;
      }
      pollfd ready{peer, POLLIN, 0};
      if (::poll(&ready, 1, 5) <= 0) continue;
      char buffer[4096];
      const ssize_t n = ::recv(peer, buffer, sizeof buffer, 0);
      if (n <= 0) return;
      in.append(buffer, static_cast<std::size_t>(n));
      while (in.size() >= 4) {
        const auto size =
            static_cast<std::size_t>(static_cast<unsigned char>(in[2]) << 8U |
                                     static_cast<unsigned char>(in[3]));
        if (in.size() < 4 + size) break;
        const std::string packet = in.substr(4, size);
        in.erase(0, 4 + size);
        const std::string reply =
            is_greeted ? answer(packet)
                       : text(number(0, 4) + number(6000, 4) + number(7, 8) +
                              text(std::string(16, 'p')));
        is_greeted = true;
        ::send(peer, reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }

  std::string answer(const std::string& packet) {
    const std::lock_guard lock(mutex_);
    const std::string id = packet.substr(0, 4);
    const int operation = packet[7];
    if (operation == 11) return text(id + number(9, 8) + number(0, 4));
    const std::string path = packet.substr(12, packet.size() - 13);
    const auto node = nodes_.find(path);
    if (node == nodes_.end()) return text(id + number(9, 8) + number(-101, 4));
    watched_.insert(path);
    const std::string ok = id + number(9, 8) + number(0, 4);
    if (operation == 4)
      return text(ok + text(node->second) + std::string(68, '\0'));
    std::string names;
    int count = 0;
    for (const auto& [other, data] : nodes_) {
      if (!other.starts_with(path + "/")) continue;
      const std::string name = other.substr(path.size() + 1);
      if (name.find('/') != std::string::npos) continue;
      names += text(name);
      ++count;
    }
    return text(ok + number(count, 4) + names);
  }

  os::Fd listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::string> nodes_;
  std::set<std::string> watched_;
  std::string events_;
  bool is_rude_ = false;
  std::string rudeness_;
  std::jthread thread_;  // uses those above
};

class ZookeeperTest : public SdTest {
 protected:
  template <class Config>
  Config config(const std::string& path) {
    Config config;
    config.zookeeper.servers = {server_.address()};
    config.zookeeper.paths = {path};
    return config;
  }
  void turn_until_print(const Source& source, const std::string& wanted) {
    turn_until([&] { return print(source) == wanted; });
    EXPECT_EQ(print(source), wanted);
  }

  FakeZookeeper server_;
};

constexpr const char* kMember = R"({"serviceEndpoint":{"host":"h","port":80},
  "additionalEndpoints":{"aurora-http":{"host":"h2","port":81}},
  "status":"ALIVE","shard":3})";
constexpr const char* kTarget =
    R"(h:80 {__meta_serverset_endpoint_host="h", )"
    R"(__meta_serverset_endpoint_host_aurora_http="h2", )"
    R"(__meta_serverset_endpoint_port="80", )"
    R"(__meta_serverset_endpoint_port_aurora_http="81", )"
    R"(__meta_serverset_path="/s/a/member_1", __meta_serverset_shard="3", )"
    R"(__meta_serverset_status="ALIVE"})"
    "\n";

TEST_F(ZookeeperTest, MembersOfServersetsComeAndGo) {
  server_.put("/s", "");
  server_.put("/s/a", "no member");
  server_.put("/s/a/member_1", kMember);
  server_.put("/other", kMember);
  Source& source = begin(config<config::ServersetSdConfig>("/s/"));
  settle(source);
  EXPECT_EQ(source.findings().failure(), "");
  EXPECT_EQ(print(source), kTarget);
  EXPECT_EQ(source.findings().places().begin()->second.front().source,
            "/s/a/member_1");
  // Twice, since a watch is good for one change.
  for (const char* name : {"/s/a/member_2", "/s/a/member_3"}) {
    server_.put(name, R"({"serviceEndpoint":{"host":"n","port":1}})");
    turn_until([&] { return source.findings().places().contains(name); });
    server_.put(name, R"({"serviceEndpoint":{"host":"n","port":"x"}})");
    turn_until([&] { return !source.findings().places().contains(name); });
  }
  server_.remove("/s/a/member_1");
  turn_until_print(source, "");
}

TEST_F(ZookeeperTest, NerveTellsItsEndpoints) {
  server_.put("/nerve", "");
  server_.put("/nerve/1", R"({"host":"fd00::1","port":2181,"name":"n"})");
  Source& source = begin(config<config::NerveSdConfig>("/nerve"));
  settle(source);
  EXPECT_EQ(print(source),
            "[fd00::1]:2181 {__meta_nerve_endpoint_host=\"fd00::1\", "
            "__meta_nerve_endpoint_name=\"n\", "
            "__meta_nerve_endpoint_port=\"2181\", "
            "__meta_nerve_path=\"/nerve/1\"}\n");
}

TEST_F(ZookeeperTest, ALostSessionKeepsTheTargets) {
  server_.put("/s", "");
  server_.put("/s/a", "");
  server_.put("/s/a/member_1", kMember);
  Source& source = begin(config<config::ServersetSdConfig>("/s"));
  settle(source);
  for (const std::string& bytes :
       {std::string(), std::string("\x7F\xFF\xFF\xFF", 4), text("short"),
        text(number(77, 4) + number(0, 8) + number(0, 4)), number(-5, 4)}) {
    server_.be_rude(bytes);
    turn_until([&] {
      clock_.advance_ms(1000);
      return !source.findings().failure().empty();
    });
    EXPECT_EQ(print(source), kTarget);
    server_.be_polite();
    turn_until([&] {
      clock_.advance_ms(1000);
      return source.findings().failure().empty();
    });
    EXPECT_EQ(print(source), kTarget);
  }
}

TEST_F(ZookeeperTest, APathMustBeThere) {
  Source& source = begin(config<config::NerveSdConfig>("/nerve"));
  settle(source);
  EXPECT_NE(source.findings().failure().find("path /nerve does not exist"),
            std::string::npos);
  server_.put("/nerve", "");
  server_.put("/nerve/1", R"({"host":"h","port":1})");
  turn_until([&] {
    clock_.advance_ms(1000);
    return !print(source).empty();
  });
}

TEST_F(ZookeeperTest, TheNextServerIsTried) {
  server_.put("/nerve", "");
  config::NerveSdConfig both = config<config::NerveSdConfig>("/nerve");
  both.zookeeper.servers.emplace_back("127.0.0.1:1");
  both.zookeeper.servers.emplace_back("[::1]:1");
  Source& source = begin(both);
  turn_until([&] {
    clock_.advance_ms(1000);
    return source.findings().is_settled() &&
           source.findings().failure().empty();
  });
}

}  // namespace
}  // namespace prom::discover
