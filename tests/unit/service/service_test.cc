#include "libprom/service/service.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "libprom/http/client.h"
#include "libprom/os/file.h"

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"

namespace prom::service {
namespace {

http::Response get(const std::string& url, std::string method = "GET") {
  http::Request request;
  request.method = std::move(method);
  request.url = url;
  request.timeout_ms = 10'000;
  request.body_bytes_max = 1U << 20U;
  auto response =
      http::fetch(std::move(request), http::AddressPolicy::allow_all());
  EXPECT_TRUE(response) << response.error().message;
  return response ? *std::move(response) : http::Response{};
}

TEST(Resolve, TakesTheRunDirectoryOfTheEnvironmentUnlessOneIsGiven) {
  ::setenv("RUNDIR", "/run/x", 1);
  Options options;
  EXPECT_TRUE(resolve(options));
  EXPECT_EQ(options.run_dir, "/run/x");
  options.run_dir = "mine";
  EXPECT_TRUE(resolve(options));
  EXPECT_EQ(options.run_dir, "mine");
  ::unsetenv("RUNDIR");
}

TEST(Resolve, RefusesWhatTheLogHasNot) {
  Options level{.log_level = "loud"};
  Options format{.log_format = "xml"};
  for (Options* options : {&level, &format}) {
    const Status done = resolve(*options);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::kUsage);
  }
}

TEST(Flags, SetTheOptions) {
  Options options;
  for (const cli::Flag& flag : flags(options, "prom-x")) {
    EXPECT_EQ(flag.group, "Service");
    EXPECT_TRUE(flag.set("7")) << flag.name;
    if (flag.name == "ready-fd") {
      EXPECT_FALSE(flag.set("-1"));
      EXPECT_FALSE(flag.set("65536"));
    }
  }
  EXPECT_EQ(options.run_dir, "7");
  EXPECT_EQ(options.listen, "7");
  EXPECT_EQ(options.ready_fd, 7);
  EXPECT_EQ(options.log_level, "7");
  EXPECT_EQ(options.log_format, "7");
}

TEST(Service, TellsWhenItIsReadyAndWhenNoMore) {
  exposition::Registry registry;
  FakeClock clock;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  Service service("prom-x", {.listen = "127.0.0.1:0", .ready_fd = ends[1]},
                  registry, clock);
  EXPECT_EQ(service.address(), "");
  ASSERT_TRUE(service.listen());
  const std::string url = "http://" + service.address();
  EXPECT_EQ(get(url + "/-/healthy").body, "prom-x is healthy.\n");
  EXPECT_EQ(get(url + "/-/ready").status, 503);
  service.ready();
  EXPECT_EQ(get(url + "/-/ready").body, "prom-x is ready.\n");
  std::array<char, 2> told{};
  EXPECT_EQ(::read(ends[0], told.data(), told.size()), 1);
  ::close(ends[0]);
  service.stop();
  EXPECT_EQ(service.address(), "");
}

TEST(Service, ServesItsMetricsAndWhatItIsGivenBesides) {
  exposition::Registry registry;
  FakeClock clock;
  Service service("prom-x", {.listen = "127.0.0.1:0"}, registry, clock);
  ASSERT_TRUE(service.listen([](const http::ServerRequest& request) {
    http::ServerResponse response;
    response.body = "more " + request.path;
    return response;
  }));
  const std::string url = "http://" + service.address();
  const http::Response metrics = get(url + "/metrics");
  EXPECT_NE(metrics.body.find("prom_x_build_info{"), std::string::npos);
  EXPECT_NE(metrics.body.find("process_open_fds "), std::string::npos);
  EXPECT_EQ(get(url + "/metrics", "DELETE").status, 405);
  EXPECT_EQ(get(url + "/y").body, "more /y");
}

TEST(Service, WithoutMoreAnswersOtherPathsWith404) {
  exposition::Registry registry;
  FakeClock clock;
  Service service("prom-x", {.listen = "127.0.0.1:0"}, registry, clock);
  ASSERT_TRUE(service.listen());
  EXPECT_EQ(get("http://" + service.address() + "/").status, 404);
}

TEST(Service, SaysWhichFlagNamesAnAddressThatCannotBeBound) {
  exposition::Registry registry;
  FakeClock clock;
  Service service("prom-x", {.listen = "256.0.0.1:0"}, registry, clock);
  const Status done = service.listen();
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message.starts_with("--listen: "));
}

TEST(Service, RewritesItsMetricsEveryFiveSeconds) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/prom-x.prom";
  exposition::Registry registry;
  FakeClock clock;
  Service service("prom-x", {.run_dir = directory.path()}, registry, clock);
  service.turn();
  EXPECT_TRUE(os::read_file(path));
  ASSERT_EQ(::unlink(path.c_str()), 0);
  clock.advance_ms(4999);
  service.turn();
  EXPECT_FALSE(os::read_file(path));
  EXPECT_EQ(service.due_ns(), clock.monotonic_ns() + 1'000'000);
  clock.advance_ms(1);
  service.turn();
  EXPECT_TRUE(os::read_file(path));
}

TEST(Service, CountsReloads) {
  exposition::Registry registry;
  FakeClock clock;
  clock.set_wall_ms(5000);
  Service service("prom-x", {}, registry, clock);
  service.loaded(true);
  clock.set_wall_ms(9000);
  service.reload([] { return Status(fail(Code::kConfig, "bad")); });
  std::string text = registry.text();
  EXPECT_NE(text.find("\nprometheus_config_last_reload_successful 0\n"),
            std::string::npos);
  EXPECT_NE(
      text.find("\nprometheus_config_last_reload_success_timestamp_seconds "
                "5\n"),
      std::string::npos);
  service.reload([] { return Status(); });
  text = registry.text();
  EXPECT_NE(text.find("\nprometheus_config_last_reload_successful 1\n"),
            std::string::npos);
  EXPECT_NE(
      text.find("\nprometheus_config_last_reload_success_timestamp_seconds "
                "9\n"),
      std::string::npos);
}

TEST(Service, TellsSignalsApart) {
  exposition::Registry registry;
  FakeClock clock;
  Service service("prom-x", {}, registry, clock);
  EXPECT_EQ(service.fd(), -1);
  EXPECT_EQ(service.next_request(), std::nullopt);
  ASSERT_TRUE(service.take_signals());
  for (const auto& [signal, request] : {std::pair{SIGHUP, Request::kReload},
                                        {SIGTERM, Request::kStop},
                                        {SIGINT, Request::kStop}}) {
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    EXPECT_EQ(service.next_request(), request);
    EXPECT_EQ(service.next_request(), std::nullopt);
  }
}

}  // namespace
}  // namespace prom::service
