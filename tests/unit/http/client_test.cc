#include "libprom/http/client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "libprom/os/clock.h"

#include "tests/support/test_server.h"

namespace prom::http {
namespace {

using test::gzipped;
using test::Peer;
using test::TestServer;

Request get(std::string url, std::int64_t timeout_ms = 5000) {
  return {.url = std::move(url), .timeout_ms = timeout_ms};
}

Code code_of(Request request) {
  const auto got = fetch(std::move(request));
  EXPECT_FALSE(got);
  return got ? Code::kInternal : got.error().code;
}

TEST(Client, FetchesABody) {
  TestServer server("hello\n");
  const auto got = fetch(get(server.url()));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->status_text, "200 OK");
  EXPECT_EQ(got->body, "hello\n");
  EXPECT_EQ(got->header("content-type"), "text/plain");
  EXPECT_EQ(got->wire_bytes, 6U);
  EXPECT_GT(got->duration_ns, 0);
}

TEST(Client, SendsMethodHeadersAndBody) {
  std::string seen;
  TestServer server([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("204 No Content", "", "");
  });
  const auto got = fetch({.method = "POST",
                          .url = server.url("/a?b=c"),
                          .headers = {{"Content-Type", "x/y"}, {"X-A", "1"}},
                          .body = "payload"});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 204);
  EXPECT_TRUE(seen.starts_with("POST /a?b=c HTTP/1.1\r\n")) << seen;
  for (const std::string_view part :
       {"Content-Type: x/y\r\n", "X-A: 1\r\n",
        "Accept-Encoding: zstd, gzip;q=0.9\r\n", "User-Agent: prom-tools/",
        "Content-Length: 7\r\n", "\r\n\r\npayload"})
    EXPECT_NE(seen.find(part), std::string::npos) << part << " in " << seen;
}

TEST(Client, KeepsConnectionsAlive) {
  TestServer server("x");
  Client client;
  for (int i = 0; i < 5; ++i) {
    bool done = false;
    client.start(get(server.url()), [&](Result<Response> got) {
      EXPECT_TRUE(got);
      done = true;
    });
    while (!done) client.perform(-1);
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Client, RunsManyRequestsAtOnce) {
  TestServer server(std::string(10'000, 'x'));
  Client client;
  int finished = 0;
  for (int i = 0; i < 300; ++i) {
    client.start(get(server.url()), [&](Result<Response> got) {
      EXPECT_TRUE(got && got->body.size() == 10'000);
      ++finished;
    });
  }
  while (client.active() > 0) client.perform(-1);
  EXPECT_EQ(finished, 300);
}

TEST(Client, DecompressesGzip) {
  const std::string text(100'000, 'a');
  TestServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer("200 OK", "Content-Encoding: gzip\r\n", gzipped(text));
  });
  const auto got = fetch(get(server.url()));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, text);
  EXPECT_LT(got->wire_bytes, 1000U);
}

TEST(Client, StopsAtTheBodyLimitWithoutReadingOn) {
  TestServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(1U << 16U, 'x');
    while (peer.send(piece)) {
    }
  });
  auto request = get(server.url());
  request.body_bytes_max = 1U << 20U;
  EXPECT_EQ(code_of(request), Code::kLimit);
}

TEST(Client, StopsBeforeABodyThatAnnouncesTooMuch) {
  TestServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nx");
    peer.wait_for_close();
  });
  EXPECT_EQ(code_of(get(server.url())), Code::kLimit);
}

TEST(Client, TimesOutOverTheWholeExchange) {
  const std::map<std::string, TestServer::Script> slow = {
      {"silent", [](Peer& peer) { peer.wait_for_close(); }},
      {"drip",
       [](Peer& peer) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\n\r\n");
         while (peer.send("x")) ::usleep(10'000);
       }},
      {"endless headers",
       [](Peer& peer) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\n");
         while (peer.send("A: b")) ::usleep(10'000);
       }},
  };
  for (const auto& [name, script] : slow) {
    TestServer server(script);
    const auto got = fetch(get(server.url(), 150));
    ASSERT_FALSE(got) << name;
    EXPECT_EQ(got.error().code, Code::kTimeout) << name;
    EXPECT_EQ(got.error().message, "no complete answer within 150 ms") << name;
  }
}

TEST(Client, LimitsHeaders) {
  for (const bool many : {false, true}) {
    TestServer server([=](Peer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\n");
      const std::string line =
          "X: " + std::string(many ? 1U : 4096U, 'x') + "\r\n";
      while (peer.send(line)) {
      }
    });
    EXPECT_EQ(code_of(get(server.url())), Code::kLimit);
  }
}

TEST(Client, NamesWhatIsWrongWithThePeer) {
  const std::map<std::string, TestServer::Script> rude = {
      {"closes at once", [](Peer& peer) { peer.read_request(); }},
      {"resets",
       [](Peer& peer) {
         peer.read_request();
         peer.reset();
       }},
      {"cuts the body",
       [](Peer& peer) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
       }},
  };
  for (const auto& [name, script] : rude) {
    TestServer server(script);
    EXPECT_EQ(code_of(get(server.url())), Code::kUnavailable) << name;
  }
  TestServer garbage([](Peer& peer) {
    peer.read_request();
    peer.send("SSH-2.0-OpenSSH_9.2\r\n");
  });
  const Code code = code_of(get(garbage.url()));
  EXPECT_TRUE(code == Code::kBadData) << static_cast<int>(code);
  std::string nowhere;
  {
    TestServer closed("x");
    nowhere = closed.url();
  }
  EXPECT_EQ(code_of(get(nowhere)), Code::kUnavailable);
}

TEST(Client, RefusesUrlsAndHeadersThatAreNone) {
  for (const std::string_view url :
       {"", "file:///etc/passwd", "ftp://x/", "http://", "http://a b/",
        "http://x/\r\nEvil: 1", "gopher://x", "http://x:99999/"})
    EXPECT_EQ(code_of(get(std::string(url))), Code::kBadData) << url;
  TestServer server("x");
  for (const Header& header : std::vector<Header>{
           {"A", "b\r\nEvil: 1"}, {"A\n", "b"}, {"A: b", "c"}, {"", "b"}}) {
    auto request = get(server.url());
    request.headers = {header};
    EXPECT_EQ(code_of(request), Code::kBadData) << header.first;
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(Client, DeniesAddressesHoweverTheyAreSpelt) {
  for (const std::string_view url :
       {"http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/", "http://2852039166/", "http://0xa9fea9fe/",
        "http://[fd00:ec2::254]/", "http://[ff02::1]/"}) {
    const auto got = fetch(get(std::string(url), 1000));
    ASSERT_FALSE(got) << url;
    EXPECT_EQ(got.error().code, Code::kPermission)
        << url << ": " << got.error().message;
  }
}

TEST(Client, DeniesNamesByTheAddressTheyResolveTo) {
  TestServer server("x");
  AddressPolicy policy;
  ASSERT_TRUE(policy.deny("127.0.0.0/8"));
  ASSERT_TRUE(policy.deny("::1"));
  const auto got = fetch(
      get("http://localhost:" + std::to_string(server.port()) + "/"), policy);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kPermission) << got.error().message;
  EXPECT_EQ(server.connections(), 0U);
}

// --- redirects

TestServer::Script redirect_to(std::string location,
                               std::string_view status = "302 Found") {
  return [=, text = std::string(status)](Peer& peer) {
    while (!peer.read_request().empty())
      peer.answer(text, "Location: " + location + "\r\n", "moved");
  };
}

TEST(Client, FollowsRedirectsToTheSameOriginWithEverything) {
  std::string second;
  TestServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer("301 Moved Permanently", "Location: ../b?c=d\r\n", "");
    second = peer.read_request();
    peer.answer("200 OK", "", "there");
  });
  auto options = std::make_shared<ClientOptions>();
  options->authorization = "Bearer secret";
  auto request = get(server.url("/x/a"));
  request.options = options;
  request.headers = {{"X-Custom", "1"}};
  const auto got = fetch(request);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "there");
  EXPECT_TRUE(second.starts_with("GET /b?c=d HTTP/1.1\r\n")) << second;
  EXPECT_NE(second.find("Authorization: Bearer secret"), std::string::npos);
  EXPECT_NE(second.find("X-Custom: 1"), std::string::npos);
}

TEST(Client, LeavesCredentialsBehindOnRedirectsElsewhere) {
  std::string seen;
  TestServer elsewhere([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("200 OK", "", "x");
  });
  TestServer server(redirect_to(elsewhere.url("/")));
  for (const bool basic : {false, true}) {
    auto options = std::make_shared<ClientOptions>();
    if (basic) {
      options->user = "me";
      options->password = "secret";
    } else {
      options->authorization = "Bearer secret";
    }
    auto request = get(server.url());
    request.options = options;
    request.headers = {
        {"X-Custom", "secret"}, {"Cookie", "secret"}, {"Accept", "text/plain"}};
    ASSERT_TRUE(fetch(request));
    EXPECT_EQ(seen.find("secret"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Authorization"), std::string::npos) << seen;
    EXPECT_NE(seen.find("Accept: text/plain"), std::string::npos) << seen;
  }
}

TEST(Client, DoesNotBringCredentialsBack) {
  std::string last;
  std::uint16_t home_port = 0;
  TestServer elsewhere([&](Peer& peer) {
    peer.read_request();
    peer.answer(
        "302 Found",
        "Location: http://127.0.0.1:" + std::to_string(home_port) + "/back\r\n",
        "");
  });
  TestServer home([&](Peer& peer) {
    for (;;) {
      last = peer.read_request();
      if (last.empty()) return;
      if (last.starts_with("GET /back")) {
        peer.answer("200 OK", "", "x");
      } else {
        peer.answer("302 Found", "Location: " + elsewhere.url("/") + "\r\n",
                    "");
      }
      if (last.starts_with("GET /back")) return;
    }
  });
  home_port = home.port();
  auto options = std::make_shared<ClientOptions>();
  options->authorization = "Bearer secret";
  auto request = get(home.url());
  request.options = options;
  const auto got = fetch(request);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(last.find("secret"), std::string::npos) << last;
}

TEST(Client, RefusesRedirectsThatLeadAstray) {
  struct Case {
    std::string location;
    Code code;
  };
  for (const auto& [location, code] : std::vector<Case>{
           {"http://169.254.169.254/latest/meta-data/", Code::kPermission},
           {"file:///etc/passwd", Code::kBadData},
           {"gopher://127.0.0.1/", Code::kBadData},
           {"http://a:b:c/", Code::kBadData}}) {
    TestServer server(redirect_to(location));
    EXPECT_EQ(code_of(get(server.url())), code) << location;
  }
}

TEST(Client, StopsAfterFiveRedirects) {
  int requests = 0;
  TestServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++requests;
      peer.answer("302 Found", "Location: /again\r\n", "");
    }
  });
  EXPECT_EQ(code_of(get(server.url())), Code::kBadData);
  EXPECT_EQ(requests, 6);
}

TEST(Client, ReturnsTheRedirectWhenItMayNotFollow) {
  TestServer server(redirect_to("/there"));
  auto options = std::make_shared<ClientOptions>();
  options->follow_redirects = false;
  auto request = get(server.url());
  request.options = options;
  const auto got = fetch(request);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 302);
  EXPECT_EQ(got->body, "moved");
}

TEST(Client, RepeatsAPostOnlyWhereTheStatusSaysSo) {
  for (const std::string status :
       {"302 Found", "303 See Other", "307 Temporary Redirect",
        "308 Permanent Redirect"}) {
    std::string second;
    TestServer server([&](Peer& peer) {
      peer.read_request();
      peer.answer(status, "Location: /there\r\n", "");
      second = peer.read_request();
      peer.answer("200 OK", "", "");
    });
    ASSERT_TRUE(fetch({.method = "POST", .url = server.url(), .body = "data"}));
    const bool repeats = status.starts_with("307") || status.starts_with("308");
    EXPECT_TRUE(second.starts_with(repeats ? "POST /there" : "GET /there"))
        << status << ": " << second;
    EXPECT_EQ(second.ends_with("\r\n\r\ndata"), repeats) << status;
  }
}

// --- other ways to connect

TEST(Client, SendsCredentials) {
  std::string seen;
  TestServer server([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("200 OK", "", "");
  });
  auto options = std::make_shared<ClientOptions>();
  options->user = "Aladdin";
  options->password = "open sesame";
  auto request = get(server.url());
  request.options = options;
  ASSERT_TRUE(fetch(request));
  EXPECT_NE(seen.find("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string::npos)
      << seen;
}

TEST(Client, GoesThroughAProxy) {
  std::string seen;
  TestServer proxy([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("200 OK", "", "proxied");
  });
  auto options = std::make_shared<ClientOptions>();
  options->proxy_url = proxy.url("");
  auto request = get("http://example.invalid/metrics");
  request.options = options;
  const auto got = fetch(request);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "proxied");
  EXPECT_TRUE(seen.starts_with("GET http://example.invalid/metrics HTTP/1.1"))
      << seen;
  request.url = "http://169.254.169.254/";
  EXPECT_EQ(code_of(request), Code::kPermission);
}

TEST(Client, ConnectsToAUnixSocket) {
  char directory[] = "/tmp/prom-client-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/s";
  os::Fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof address),
            0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  std::jthread server([&] {
    Peer peer{os::Fd(::accept(listener.get(), nullptr, nullptr))};
    peer.read_request();
    peer.answer("200 OK", "", "local");
  });
  auto options = std::make_shared<ClientOptions>();
  options->unix_socket = path;
  auto request = get("http://anything/metrics");
  request.options = options;
  const auto got = fetch(request);
  EXPECT_TRUE(got && got->body == "local");
  server.join();
  std::filesystem::remove_all(directory);
}

TEST(Client, CancelsWithoutCallingBack) {
  TestServer server([](Peer& peer) { peer.wait_for_close(); });
  Client client;
  const auto id =
      client.start(get(server.url()), [](Result<Response>) { ADD_FAILURE(); });
  client.perform(0);
  client.cancel(id);
  EXPECT_EQ(client.active(), 0U);
  client.perform(0);
}

TEST(Client, StreamsABodyWhileItArrives) {
  TestServer server([](Peer& peer) {
    (void)peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("4\r\none\n\r\n");
    // Goes on once the client has said that it got the first piece.
    if (!peer.read_some().empty()) return;
  });
  Client client(AddressPolicy::allow_all());
  std::string seen;
  Request request = get(server.url());
  request.body_bytes_max = 1;
  request.on_body = [&](std::string_view piece) -> Status {
    seen += piece;
    if (seen == "one\n") return fail(Code::kBadData, "that is enough");
    return {};
  };
  std::optional<Result<Response>> result;
  client.start(std::move(request),
               [&](Result<Response> got) { result = std::move(got); });
  while (!result) client.perform(-1);
  EXPECT_EQ(seen, "one\n");
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().message, "that is enough");
}

TEST(Client, EndsAStreamThatFallsSilent) {
  TestServer server([](Peer& peer) {
    (void)peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nsome");
    peer.wait_for_close();
  });
  std::string seen;
  Request request = get(server.url(), 60'000);
  request.idle_timeout_ms = 50;
  request.on_body = [&](std::string_view piece) -> Status {
    seen += piece;
    return {};
  };
  const auto got = fetch(std::move(request));
  EXPECT_EQ(seen, "some");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kTimeout);
  EXPECT_EQ(got.error().message, "nothing came for 50 ms");
}

TEST(Client, LetsAStreamLastLongerThanItsTimeout) {
  TestServer server([](Peer& peer) {
    (void)peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      peer.send("x");
    }
  });
  std::string seen;
  Request request = get(server.url(), 100);
  request.on_body = [&](std::string_view piece) -> Status {
    seen += piece;
    return {};
  };
  const auto got = fetch(std::move(request));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(seen, "xxxxxxxxxx");
}

TEST(Client, HoldsAStreamToItsTimeoutUntilTheHeadersAreThere) {
  TestServer server([](Peer& peer) {
    (void)peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX: ");
    peer.wait_for_close();
  });
  Request request = get(server.url(), 50);
  request.on_body = [](std::string_view) -> Status { return {}; };
  EXPECT_EQ(code_of(std::move(request)), Code::kTimeout);
}

TEST(Client, CollectsTheBodyOfAnErrorThoughAStreamWasWanted) {
  TestServer server([](Peer& peer) {
    (void)peer.read_request();
    peer.answer("410 Gone", "", "too old");
  });
  Request request = get(server.url());
  request.on_body = [](std::string_view) -> Status {
    return fail(Code::kInternal, "not to be called");
  };
  const auto got = fetch(std::move(request));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 410);
  EXPECT_EQ(got->body, "too old");
}

TEST(Client, WakesForOtherDescriptors) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  const os::Fd read_end(pipe_fds[0]);
  const os::Fd write_end(pipe_fds[1]);
  ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
  Client client;
  client.perform(-1, {read_end.get()});  // would wait for ever otherwise
}

TEST(SafeUrl, HidesCredentialsAndQueries) {
  for (const auto& [url, safe] : std::map<std::string, std::string>{
           {"http://user:secret@host:9/p?token=x#f", "http://host:9/p"},
           {"http://host/p@q", "http://host/p@q"},
           {"https://u@h", "https://h"},
           {"host:9/a?b", "host:9/a"},
           {"http://a\x1b[31m/", "http://a\\x1b[31m/"}})
    EXPECT_EQ(safe_url(url), safe);
}

}  // namespace
}  // namespace prom::http
