#include "libprom/config/sd/dns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "libprom/discover/sd/dns_resolver_internal.h"
#include "libprom/os/child.h"

#include "tests/support/sd_test.h"
#include "tests/support/temporary_directory.h"

namespace prom::discover {
namespace {

std::string big_endian(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
}
std::string wire_name(const std::string& name) {
  std::string out;
  std::size_t at = 0;
  while (at < name.size()) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    out += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  return out + '\0';
}
std::string record(unsigned type, const std::string& data) {
  return "\xC0\x0C" + big_endian(type) + big_endian(1) +
         std::string("\0\0\0\x3C", 4) +
         big_endian(static_cast<unsigned>(data.size())) + data;
}
const std::string kA = record(1, "\x0A\x01\x02\x03");
const std::string kAaaa = record(28, "\xFD" + std::string(14, '\0') + "\x01");
const std::string kCname = record(5, wire_name("alias.example"));

// A server on UDP and TCP that answers from a table.
class FakeDns {
 public:
  struct Answer {
    int code = 0;
    std::vector<std::string> records = {};
    bool only_tcp = false;  // UDP gets a cut answer
    std::string raw = {};   // instead of everything above but the id
  };

  FakeDns() : udp_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    // The port must be free for both.
    while (true) {
      address.sin_port = 0;
      udp_ = os::Fd(::socket(AF_INET, SOCK_DGRAM, 0));
      tcp_ = os::Fd(::socket(AF_INET, SOCK_STREAM, 0));
      if (::bind(udp_.get(), plain, size) == 0 &&
          ::getsockname(udp_.get(), plain, &size) == 0 &&
          ::bind(tcp_.get(), plain, size) == 0 && ::listen(tcp_.get(), 8) == 0)
        break;
    }
    port_ = ntohs(address.sin_port);
    thread_ =
        std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  void answer(const std::string& name, unsigned type, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.insert_or_assign(
        wire_name(name) + big_endian(type) + big_endian(1), std::move(answer));
  }
  [[nodiscard]] std::string resolv_conf(const std::string& more) const {
    return more + "\nnameserver 127.0.0.1:" + std::to_string(port_) + "\n";
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int tcp_queries() const { return tcp_queries_; }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd fds[] = {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      if (::poll(fds, 2, 20) <= 0) continue;
      char buffer[2048];
      if (fds[0].revents != 0) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        auto* const plain = reinterpret_cast<sockaddr*>(&from);
        const ssize_t n =
            ::recvfrom(udp_.get(), buffer, sizeof buffer, 0, plain, &size);
        const std::string reply =
            reply_to({buffer, static_cast<std::size_t>(n)}, false);
        ::sendto(udp_.get(), reply.data(), reply.size(), 0, plain, size);
      }
      if (fds[1].revents != 0) {
        const os::Fd peer(::accept(tcp_.get(), nullptr, nullptr));
        ssize_t n = ::recv(peer.get(), buffer, 2, MSG_WAITALL);
        n = ::recv(peer.get(), buffer, sizeof buffer, 0);
        ++tcp_queries_;
        const std::string reply =
            reply_to({buffer, static_cast<std::size_t>(n)}, true);
        const std::string sent =
            big_endian(static_cast<unsigned>(reply.size())) + reply;
        ::send(peer.get(), sent.data(), sent.size(), MSG_NOSIGNAL);
      }
    }
  }

  std::string reply_to(const std::string& query, bool is_tcp) {
    const std::size_t end = query.find('\0', 12) + 5;
    const std::string question = query.substr(12, end - 12);
    Answer answer{.code = 3};
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = answers_.find(question); found != answers_.end())
        answer = found->second;
    }
    if (!answer.raw.empty()) return query.substr(0, 2) + answer.raw;
    const bool is_cut = answer.only_tcp && !is_tcp;
    if (is_cut) answer.records.clear();
    std::string reply = query.substr(0, 2);
    reply += static_cast<char>(is_cut ? 0x83 : 0x81);
    reply += static_cast<char>(0x80 | answer.code);
    reply += big_endian(1) +
             big_endian(static_cast<unsigned>(answer.records.size())) +
             std::string(4, '\0') + question;
    for (const std::string& one : answer.records) reply += one;
    return reply;
  }

  os::Fd udp_, tcp_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // guards answers_
  std::map<std::string, Answer> answers_;
  std::atomic<int> tcp_queries_ = 0;
  std::jthread thread_;  // uses those above
};

class DnsTest : public SdTest {
 protected:
  void configure(const std::string& more = "") {
    std::ofstream(path()) << dns_.resolv_conf(more);
  }
  [[nodiscard]] std::string path() const {
    return directory_.path() + "/resolv.conf";
  }
  Source& look(const std::string& name, const std::string& type,
               std::int64_t port = 9100) {
    config::DnsSdConfig config;
    config.names = {name};
    config.type = type;
    config.port = port;
    config.resolv_conf = path();
    Source& source = begin(config);
    settle(source);
    return source;
  }
  std::string found(const std::string& name, const std::string& type) {
    const Source& source = look(name, type);
    return source.findings().failure() + print(source);
  }

  FakeDns dns_;
  TemporaryDirectory directory_;
};

TEST_F(DnsTest, EachTypeHasItsLabels) {
  configure();
  dns_.answer("web.example", 1, {.records = {kCname, kA, kAaaa}});
  dns_.answer("web.example", 28, {.records = {kAaaa}});
  dns_.answer("_http._tcp.example", 33,
              {.records = {record(33, std::string("\0\1\0\2\x0C\xEA", 6) +
                                          wire_name("db1.example"))}});
  dns_.answer("mail.example", 15,
              {.records = {record(
                   15, std::string("\0\1", 2) + wire_name("mx.example"))}});
  dns_.answer("zone.example", 2,
              {.records = {record(2, wire_name("ns.example"))}});
  EXPECT_EQ(found("web.example.", "A"),
            "10.1.2.3:9100 {__meta_dns_name=\"web.example.\"}\n"
            "[fd00::1]:9100 {__meta_dns_name=\"web.example.\"}\n");
  EXPECT_EQ(found("web.example", "AAAA"),
            "[fd00::1]:9100 {__meta_dns_name=\"web.example\"}\n");
  EXPECT_EQ(found("_http._tcp.example", "SRV"),
            "db1.example:3306 {__meta_dns_name=\"_http._tcp.example\", "
            "__meta_dns_srv_record_port=\"3306\", "
            "__meta_dns_srv_record_target=\"db1.example.\"}\n");
  EXPECT_EQ(found("mail.example", "MX"),
            "mx.example:9100 {__meta_dns_mx_record_target=\"mx.example.\", "
            "__meta_dns_name=\"mail.example\"}\n");
  EXPECT_EQ(found("zone.example", "NS"),
            "ns.example:9100 {__meta_dns_name=\"zone.example\", "
            "__meta_dns_ns_record_target=\"ns.example.\"}\n");
}

TEST_F(DnsTest, ACutAnswerIsAskedForOverTcp) {
  configure();
  dns_.answer("big.example", 1, {.records = {kA, kA}, .only_tcp = true});
  EXPECT_EQ(found("big.example", "A"),
            "10.1.2.3:9100 {__meta_dns_name=\"big.example\"}\n"
            "10.1.2.3:9100 {__meta_dns_name=\"big.example\"}\n");
  EXPECT_EQ(dns_.tcp_queries(), 1);
}

TEST_F(DnsTest, NamesAreLookedForAlongTheSearchList) {
  configure("search one.example two.example");
  dns_.answer("web.two.example", 1, {.records = {kA}});
  EXPECT_EQ(found("web", "A"), "10.1.2.3:9100 {__meta_dns_name=\"web\"}\n");
  // A name that is known without records ends the search.
  dns_.answer("web.one.example", 1, {});
  EXPECT_EQ(found("web", "A"), "");
  // That nobody knows it is an answer as well.
  EXPECT_EQ(found("none", "A"), "");
  // But not when a server could not say.
  dns_.answer("none.one.example", 1, {.code = 2});
  EXPECT_NE(found("none", "A").find("none: none.one.example.: "),
            std::string::npos);
}

TEST_F(DnsTest, AFailureKeepsTheTargets) {
  configure();
  dns_.answer("web.example", 1, {.records = {kA}});
  Source& source = look("web.example", "A");
  const std::string before = print(source);
  const std::string head("\x81\x80\0\1\0\1\0\0\0\0", 10);
  const std::string question = wire_name("web.example") + "\0\1\0\1";
  for (const FakeDns::Answer& bad :
       {FakeDns::Answer{.code = 2}, FakeDns::Answer{.code = 5},
        FakeDns::Answer{.records = {record(1, "\x0A")}},
        FakeDns::Answer{.records = {kA.substr(0, kA.size() - 1)}},
        FakeDns::Answer{.records = {record(33, "\1")}}}) {
    dns_.answer("web.example", 1, bad);
    clock_.advance_ms(30'000);
    turn_until([&] { return !source.findings().failure().empty(); });
    EXPECT_EQ(print(source), before);
    dns_.answer("web.example", 1, {.records = {kA}});
    clock_.advance_ms(30'000);
    turn_until([&] { return source.findings().failure().empty(); });
  }
  EXPECT_NE(metrics_.registry.text().find(
                "prometheus_sd_dns_lookup_failures_total 5"),
            std::string::npos);
}

TEST_F(DnsTest, NeedsAResolvConf) {
  EXPECT_NE(found("a", "A").find("could not load resolv.conf"),
            std::string::npos);
}

// Another server than ours, with all that it adds of its own.
TEST_F(DnsTest, ARealServerIsUnderstood) {
  // Its port is free for a moment.
  const std::uint16_t port = FakeDns().port();
  auto server = os::Child::start(
      {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
       "--no-resolv", "--no-hosts", "--pid-file=", "--user=root",
       "--bind-interfaces", "--listen-address=127.0.0.1",
       "--port=" + std::to_string(port), "--local=/example/",
       "--host-record=web.example,10.1.2.3,fd00::1",
       "--cname=www.example,web.example",
       "--srv-host=_http._tcp.example,db.example,3306",
       "--mx-host=mail.example,mx.example,10"});
  if (!server) GTEST_SKIP() << server.error().message;
  std::ofstream(path()) << "search example\nnameserver 127.0.0.1:" << port
                        << "\n";
  const std::string wanted = "10.1.2.3:9100 {__meta_dns_name=\"web\"}\n";
  Source& source = look("web", "A");
  turn_until([&] {
    clock_.advance_ms(1000);
    return print(source) == wanted;
  });
  EXPECT_EQ(found("www.example", "AAAA"),
            "[fd00::1]:9100 {__meta_dns_name=\"www.example\"}\n");
  EXPECT_EQ(found("_http._tcp", "SRV"),
            "db.example:3306 {__meta_dns_name=\"_http._tcp\", "
            "__meta_dns_srv_record_port=\"3306\", "
            "__meta_dns_srv_record_target=\"db.example.\"}\n");
  EXPECT_EQ(found("mail.example", "MX"),
            "mx.example:9100 {__meta_dns_mx_record_target=\"mx.example.\", "
            "__meta_dns_name=\"mail.example\"}\n");
  EXPECT_EQ(found("none.example", "A"), "");
}

TEST(DnsConfig, NamesAreTriedInUpstreamsOrder) {
  const auto names = [](const char* conf, const char* name) {
    std::string out;
    for (const std::string& one : DnsConfig::parse(conf).names(name))
      out += one + " ";
    return out;
  };
  EXPECT_EQ(names("", "a"), "a. ");
  EXPECT_EQ(names("search x y.z\n", "a"), "a.x. a.y.z. a. ");
  EXPECT_EQ(names("search x\n", "a.b"), "a.b. a.b.x. ");
  EXPECT_EQ(names("search x\noptions timeout:1 ndots:2\n", "a.b"),
            "a.b.x. a.b. ");
  EXPECT_EQ(names("domain d\n", "a"), "a.d. a. ");
  EXPECT_EQ(names("search x\n", "a."), "a. ");
}

TEST(DnsMessage, MalformedOnesAreRefused) {
  const std::string good = std::string("\0\0\x81\x80\0\1\0\1\0\0\0\0", 12) +
                           wire_name("a") + std::string("\0\1\0\1", 4) + kA;
  ASSERT_TRUE(parse_dns_message(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_dns_message(good.substr(0, size))) << size;
  std::string loop = good;
  loop[19] = '\xC0';
  loop[20] = 19;
  EXPECT_FALSE(parse_dns_message(loop));
}

}  // namespace
}  // namespace prom::discover
