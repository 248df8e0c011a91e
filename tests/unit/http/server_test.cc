#include "libprom/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "libprom/http/gzip.h"
#include "libprom/http/listener.h"
#include "libprom/os/file.h"

namespace prom::http {
namespace {

// A raw connection: what it sends is up to the test, byte by byte.
class Peer {
 public:
  explicit Peer(const std::string& address) {
    if (address.starts_with("unix:")) {
      sockaddr_un un{};
      un.sun_family = AF_UNIX;
      std::strncpy(un.sun_path, address.c_str() + 5, sizeof un.sun_path - 1);
      connect_to(AF_UNIX, reinterpret_cast<sockaddr*>(&un), sizeof un);
      return;
    }
    const std::size_t colon = address.rfind(':');
    const auto port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    if (address.starts_with("[")) {
      sockaddr_in6 in6{};
      in6.sin6_family = AF_INET6;
      in6.sin6_port = port;
      in6.sin6_addr = in6addr_loopback;
      connect_to(AF_INET6, reinterpret_cast<sockaddr*>(&in6), sizeof in6);
      return;
    }
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = port;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(AF_INET, reinterpret_cast<sockaddr*>(&in), sizeof in);
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent =
          ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void finish() { shutdown(fd_.get(), SHUT_WR); }

  // Everything until the server closes the connection.
  std::string read_all() {
    std::string all;
    while (read_some(all)) {
    }
    return all;
  }
  // Until `all` holds `text` or the connection ends.
  std::string read_until(std::string_view text) {
    std::string all;
    while (all.find(text) == std::string::npos && read_some(all)) {
    }
    return all;
  }

 private:
  void connect_to(int family, const sockaddr* address, socklen_t size) {
    fd_ = os::Fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(fd_.get(), address, size), 0) << std::strerror(errno);
  }
  bool read_some(std::string& into) {
    pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, 20'000) <= 0) return false;
    char raw[4096];
    const ssize_t got = recv(fd_.get(), raw, sizeof raw, 0);
    if (got <= 0) return false;
    into.append(raw, static_cast<std::size_t>(got));
    return true;
  }
  os::Fd fd_;
};

ServerResponse echo(const ServerRequest& request) {
  std::string body = request.method + " " + request.path;
  for (const auto& [name, value] : request.query)
    body += " " + name + "=" + value;
  body += "\n" + request.body;
  if (request.path == "/throw") throw std::runtime_error("oops");
  if (request.path == "/big") body.assign(100'000, 'x');
  if (request.path == "/none")
    return {.status = 204, .headers = {}, .body = {}};
  ServerResponse response{.headers = {}, .body = std::move(body)};
  response.headers.emplace_back("X-Peer", request.peer);
  if (request.path == "/inject")
    response.headers.emplace_back("X-Bad", "a\r\nX-Injected: 1");
  return response;
}

std::unique_ptr<Server> start(ServerOptions options = {},
                              Handler handler = echo) {
  auto server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(server).value();
}

std::string converse(const Server& server, std::string_view request) {
  Peer peer(server.address());
  peer.send(request);
  return peer.read_all();
}

constexpr std::string_view kClose = "Host: x\r\nConnection: close\r\n\r\n";

TEST(HttpServer, AnswersWithPathQueryBodyAndPeer) {
  const auto server = start();
  const std::string answer = converse(
      *server,
      "POST /a%20b?x=1&y=a+b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
      "Connection: close\r\n\r\nbody");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("\r\nContent-Length: 24\r\n"), std::string::npos)
      << answer;
  EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
  EXPECT_NE(answer.find("\r\nX-Peer: 127.0.0.1:"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST /a b x=1 y=a b\nbody")) << answer;
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = start();
  std::string requests;
  for (int i = 0; i < 50; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  requests += "GET /last HTTP/1.1\r\n" + std::string(kClose);
  const std::string answers = converse(*server, requests);
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("GET /" + std::to_string(i) + "\n", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(answers.find("GET /last\n", at), std::string::npos);
}

TEST(HttpServer, TakesARequestByteByByte) {
  const auto server = start();
  Peer peer(server->address());
  for (const char c :
       "PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
       "Connection: close\r\n\r\nok")
    if (c != '\0') peer.send(std::string_view(&c, 1));
  EXPECT_TRUE(peer.read_all().ends_with("PUT /slow\nok"));
}

TEST(HttpServer, ReadsChunkedBodies) {
  const auto server = start();
  const std::string answer = converse(
      *server,
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("POST /\nabcdefg")) << answer;
}

TEST(HttpServer, LeavesTheBodyOutOfAnswersToHead) {
  const auto server = start();
  const std::string answer =
      converse(*server, "HEAD /x HTTP/1.1\r\n" + std::string(kClose));
  EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, SendsNoLengthWith204) {
  const auto server = start();
  const std::string answer =
      converse(*server, "GET /none HTTP/1.1\r\n" + std::string(kClose));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n")) << answer;
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
}

TEST(HttpServer, Speaks10WithAndWithoutKeepAlive) {
  const auto server = start();
  EXPECT_TRUE(converse(*server, "GET /a HTTP/1.0\r\n\r\n").ends_with("/a\n"));
  const std::string two =
      converse(*server,
               "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
               "GET /b HTTP/1.0\r\n\r\n");
  EXPECT_NE(two.find("GET /a\n"), std::string::npos);
  EXPECT_TRUE(two.ends_with("GET /b\n")) << two;
}

TEST(HttpServer, RefusesWhatIsNotOneClearRequest) {
  struct Case {
    const char* request;
    const char* status;
  };
  const Case cases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"\r\n\r\n", "400"},
      {"GET / HTTP/1.1\nHost: x\n\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: a\x01\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "400"},
      {"GET /% HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
       "Content-Length: 1\r\n\r\n0\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
       "Content-Length: 2\r\n\r\nab",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\na", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\n"
       "Content-Length: 99999999999999999999999\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
       "501"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "zz\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "1\r\nabc\r\n0\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "ffffffffffffffffff\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
       "Expect: miracles\r\n\r\n",
       "417"},
  };
  const auto server = start();
  for (const Case& c : cases) {
    const std::string answer = converse(*server, c.request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(c.status)) ||
                answer.starts_with("HTTP/1.0 " + std::string(c.status)))
        << c.request << "\n->\n"
        << answer;
    EXPECT_EQ(answer.find("HTTP/1", 1), std::string::npos) << answer;
  }
}

TEST(HttpServer, BoundsHeaderAndBody) {
  ServerOptions options;
  options.header_bytes_max = 1000;
  options.body_bytes_max = 1000;
  const auto server = start(options);
  const std::string long_header =
      "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2000, 'a') + "\r\n\r\n";
  EXPECT_TRUE(converse(*server, long_header).starts_with("HTTP/1.1 431"));
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 200; ++i) many += "a:\r\n";
  EXPECT_TRUE(converse(*server, many + "\r\n").starts_with("HTTP/1.1 431"));
  EXPECT_TRUE(
      converse(*server,
               "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" +
                   std::string(1001, 'b'))
          .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(converse(*server,
                       "POST / HTTP/1.1\r\nHost: x\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                           std::string(1001, 'b') + "\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(converse(*server,
                       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                       "Connection: close\r\n\r\n" +
                           std::string(1000, 'b'))
                  .starts_with("HTTP/1.1 200"));
}

TEST(HttpServer, UnpacksGzipBodiesWithinTheLimit) {
  ServerOptions options;
  options.body_bytes_max = 100'000;
  const auto server = start(options);
  const auto post = [&](const std::string& body) {
    return converse(*server,
                    "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
                    "Connection: close\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_TRUE(post(gzip("hello")).ends_with("POST /\nhello"));
  EXPECT_TRUE(post("junk").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(
      post(gzip(std::string(100'001, 'x'))).starts_with("HTTP/1.1 413"));
}

TEST(HttpServer, CompressesLargeAnswersForThoseWhoAsk) {
  const auto server = start();
  const auto get = [&](const std::string& accept) {
    return converse(*server,
                    "GET /big HTTP/1.1\r\n" + accept + std::string(kClose));
  };
  const std::string packed = get("Accept-Encoding: br, gzip;q=0.8\r\n");
  EXPECT_NE(packed.find("Content-Encoding: gzip\r\n"), std::string::npos);
  const std::size_t body = packed.find("\r\n\r\n") + 4;
  EXPECT_EQ(gunzip(packed.substr(body), 1 << 20).value(),
            std::string(100'000, 'x'));
  for (const char* accept :
       {"", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: xgzip\r\n"}) {
    const std::string plain = get(accept);
    EXPECT_EQ(plain.find("Content-Encoding"), std::string::npos) << accept;
    EXPECT_NE(plain.find("Content-Length: 100000\r\n"), std::string::npos);
  }
}

TEST(HttpServer, ContinuesWhenAskedTo) {
  const auto server = start();
  Peer peer(server->address());
  peer.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
      "Connection: close\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ok");
  EXPECT_TRUE(peer.read_all().ends_with("POST /\nok"));
}

TEST(HttpServer, ClosesSlowHeadersBodiesAndIdleConnections) {
  ServerOptions options;
  options.header_timeout_ms = 50;
  options.body_timeout_ms = 50;
  options.idle_timeout_ms = 50;
  const auto server = start(options);
  for (const char* begun :
       {"", "GET / HTTP/1.1\r\nHost:",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"}) {
    Peer peer(server->address());
    peer.send(begun);
    EXPECT_EQ(peer.read_all(), "") << begun;  // ends by the server's timeout
  }
  Peer peer(server->address());
  peer.send("GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(peer.read_all().ends_with("GET /one\n"));
}

TEST(HttpServer, KeepsNewcomersWaitingAtTheConnectionLimit) {
  ServerOptions options;
  options.connections_max = 1;
  options.idle_timeout_ms = 100;
  const auto server = start(options);
  Peer first(server->address());
  first.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(first.read_until("/first\n").ends_with("/first\n"));
  Peer second(server->address());
  second.send("GET /second HTTP/1.1\r\n" + std::string(kClose));
  EXPECT_TRUE(second.read_all().ends_with("/second\n"));
}

TEST(HttpServer, TurnsExceptionsInto500AndDropsInjectedHeaders) {
  const auto server = start();
  EXPECT_TRUE(converse(*server, "GET /throw HTTP/1.1\r\n" + std::string(kClose))
                  .starts_with("HTTP/1.1 500"));
  const std::string answer =
      converse(*server, "GET /inject HTTP/1.1\r\n" + std::string(kClose));
  EXPECT_EQ(answer.find("X-Injected"), std::string::npos) << answer;
}

TEST(HttpServer, ListensOnIpv6UnixAndInheritedSockets) {
  for (const char* address : {"[::1]:0", ":0"}) {
    ServerOptions options;
    options.listen = address;
    auto server = Server::start(options, echo);
    if (!server) GTEST_SKIP() << "no IPv6: " << server.error().message;
    EXPECT_TRUE((*server)->address().starts_with("["));
    EXPECT_TRUE(converse(**server, "GET /six HTTP/1.0\r\n\r\n")
                    .ends_with("GET /six\n"));
  }
  const std::string path =
      testing::TempDir() + "s" + std::to_string(getpid()) + ".sock";
  ServerOptions options;
  options.listen = "unix:" + path;
  {
    const auto server = start(options);
    const std::string answer = converse(*server, "GET /unix HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("GET /unix\n"));
    EXPECT_NE(answer.find("X-Peer: unix\r\n"), std::string::npos);
    EXPECT_EQ(Server::start(options, echo).error().code, Code::kUnavailable);
  }
  EXPECT_FALSE(os::exists(path));

  auto listener = open_listener("127.0.0.1:0");
  ASSERT_TRUE(listener);
  options.listen = "fd:" + std::to_string(listener->fd.release());
  const auto server = start(options);
  EXPECT_EQ(server->address(), listener->address);
  EXPECT_TRUE(
      converse(*server, "GET /fd HTTP/1.0\r\n\r\n").ends_with("GET /fd\n"));
}

TEST(HttpServer, ReplacesTheSocketOfADeadOwner) {
  const std::string path =
      testing::TempDir() + "d" + std::to_string(getpid()) + ".sock";
  {
    auto dead = open_listener("unix:" + path);
    ASSERT_TRUE(dead);
  }
  ServerOptions options;
  options.listen = "unix:" + path;
  EXPECT_TRUE(Server::start(options, echo));
  ASSERT_TRUE(os::write_file_atomically(os::real_file_system(), path, "x"));
  EXPECT_EQ(Server::start(options, echo).error().code, Code::kUnavailable);
  unlink(path.c_str());
}

TEST(HttpServer, ReportsAddressesThatCannotBeBound) {
  const auto server = start();
  ServerOptions options;
  options.listen = server->address();
  EXPECT_EQ(Server::start(options, echo).error().code, Code::kUnavailable);
  for (const char* bad :
       {"", "host", "a:b:1", "1.2.3.4:99999", "fd:x", "unix:", "127.0.0.1:"}) {
    options.listen = bad;
    EXPECT_EQ(Server::start(options, echo).error().code, Code::kUsage) << bad;
  }
}

TEST(HttpServer, FinishesRunningRequestsWhenStopped) {
  std::atomic<bool> running = false;
  std::atomic<bool> go_on = false;
  const auto server = start({}, [&](const ServerRequest&) {
    running = true;
    running.notify_all();
    go_on.wait(false);
    return ServerResponse{.headers = {}, .body = "done"};
  });
  Peer idle(server->address());
  Peer busy(server->address());
  busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  running.wait(false);
  std::thread stopper([&] { server->stop(20'000); });
  EXPECT_EQ(idle.read_all(), "");
  go_on = true;
  go_on.notify_all();
  const std::string answer = busy.read_all();
  EXPECT_TRUE(answer.ends_with("done")) << answer;
  stopper.join();
}

TEST(HttpServer, KeepsServingWhileAHandlerIsStuck) {
  std::atomic<bool> go_on = false;
  ServerOptions options;
  options.threads = 2;
  const auto server = start(options, [&](const ServerRequest& request) {
    if (request.path == "/stuck") go_on.wait(false);
    return ServerResponse{.headers = {}, .body = "done"};
  });
  Peer stuck(server->address());
  stuck.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(converse(*server, "GET / HTTP/1.0\r\n\r\n").ends_with("done"));
  go_on = true;
  go_on.notify_all();
  EXPECT_TRUE(stuck.read_until("done").ends_with("done"));
}

}  // namespace
}  // namespace prom::http
