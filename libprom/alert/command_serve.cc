#include <algorithm>

#include "libprom/alert/api.h"
#include "libprom/alert/command_internal.h"
#include "libprom/alert/external_url.h"
#include "libprom/alert/service.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/http/server.h"
#include "libprom/os/host.h"
#include "libprom/os/log.h"
#include "libprom/service/service.h"

namespace prom::alert {
namespace {

// How long transfers may take to end when the server stops; what is cut off
// is sent again after the next start.
constexpr std::int64_t kDrainMs = 5000;
constexpr std::uint64_t kBodyBytesMax = 16ULL << 20U;

struct Options {
  ServiceOptions service;
  std::vector<std::string> listen;
  std::string route_prefix;
  bool has_prefix = false;
  std::string features;
  std::string cluster;
  service::Options process;
};

Status resolve(Options& options) {
  auto mode = parse_features(options.features);
  if (!mode) return fail(std::move(mode).error());
  options.service.engine.matcher_mode = *mode;
  if (!options.cluster.empty())
    return fail(Code::kUsage,
                "--cluster.listen-address: clusters are not available; give "
                "it an empty value or leave it out");
  if (Status good = service::resolve(options.process); !good) return good;
  if (options.listen.empty()) options.listen = {"127.0.0.1:9093"};
  auto url = external_url(options.service.external_url, options.listen.front(),
                          os::kernel_name().node);
  if (!url) return fail(std::move(url).error());
  options.service.external_url = std::move(*url);
  if (!options.has_prefix)
    options.route_prefix = path_of_url(options.service.external_url);
  while (options.route_prefix.ends_with('/')) options.route_prefix.pop_back();
  if (!options.route_prefix.empty() && !options.route_prefix.starts_with('/'))
    options.route_prefix.insert(0, "/");
  return {};
}

void log_findings(const Diagnostics& findings) {
  for (const Diagnostic& finding : findings)
    os::log(finding.severity == Severity::kError ? os::LogLevel::kError
                                                 : os::LogLevel::kWarn,
            "configuration", {{"finding", finding.to_string()}});
}

Status reload(Service& service) {
  Diagnostics findings;
  Status done = service.reload(findings);
  log_findings(findings);
  return done;
}

// Until a signal asks to end.
void loop(Service& service, service::Service& process, os::Clock& clock) {
  constexpr std::int64_t kMillisecondNs = 1'000'000;
  while (true) {
    process.turn();
    const std::int64_t left_ns = process.due_ns() - clock.monotonic_ns();
    service.turn(std::max<std::int64_t>(left_ns / kMillisecondNs + 1, 0),
                 {process.fd()});
    while (const auto asked = process.next_request()) {
      if (*asked == service::Request::kStop) return;
      (void)service::announce_reload([&] { return reload(service); });
    }
  }
}

void drain(Service& service) {
  const std::int64_t until = service.now().steady_ms + kDrainMs;
  while (service.sending() > 0) {
    const std::int64_t left = until - service.now().steady_ms;
    if (left <= 0) break;
    service.turn(left, {});
  }
  const Status kept = service.with_engine(
      [](Engine& engine, Now now) { return engine.compact(now); });
  if (!kept)
    os::log_error("state is not kept", {{"err", kept.error().message}});
}

cli::Exit serve(Options options, cli::Io& io) {
  if (Status good = resolve(options); !good) return report(io, good.error());
  Service service(options.service, io.clock);
  service::Service process("prom-alert", options.process, service.registry(),
                           io.clock);
  if (Status taken = process.take_signals(); !taken)
    return report(io, taken.error());
  Diagnostics findings;
  if (Status opened = service.open(findings); !opened)
    return report(io, opened.error(), findings);
  log_findings(findings);

  std::vector<std::unique_ptr<http::Server>> servers;
  const http::Handler api =
      make_api(service, {.route_prefix = options.route_prefix});
  for (const std::string& address : options.listen) {
    http::ServerOptions serving;
    serving.listen = address;
    serving.body_bytes_max = kBodyBytesMax;
    auto server = http::Server::start(serving, api);
    if (!server) return report(io, server.error());
    os::log_info("listening", {{"address", (*server)->address()}});
    servers.push_back(std::move(*server));
  }
  process.ready();
  loop(service, process, io.clock);
  process.stop();
  os::log_info("stopping");
  for (const auto& server : servers) server->stop();
  drain(service);
  process.write_metrics();
  return cli::Exit::kOk;
}

std::vector<cli::Flag> state_flags(Options& options) {
  EngineOptions& engine = options.service.engine;
  return {
      {.name = "data.retention",
       .value = "D",
       .help = "How long ended silences and the notification log are kept "
               "(120h).",
       .set = cli::into_duration(engine.retention_ms),
       .common = false},
      {.name = "data.maintenance-interval",
       .value = "D",
       .help = "How often outdated state is dropped (15m).",
       .set = cli::into_duration(engine.maintenance_ms),
       .common = false},
      {.name = "alerts.gc-interval",
       .value = "D",
       .help = "How often resolved alerts are dropped (30m).",
       .set = cli::into_duration(engine.alerts_gc_ms),
       .common = false},
      {.name = "alerts.per-alertname-limit",
       .value = "N",
       .help = "Most firing alerts of one name; 0 is any (0).",
       .set = cli::into_count(engine.alerts_per_name_max),
       .common = false},
      {.name = "silences.max-silences",
       .value = "N",
       .help = "Most silences, ended ones too; 0 is any (0).",
       .set = cli::into_count(engine.silence_limits.count_max),
       .common = false},
      {.name = "silences.max-silence-size-bytes",
       .value = "N",
       .help = "Largest silence; 0 is any (0).",
       .set = cli::into_count(engine.silence_limits.bytes_max),
       .common = false},
      {.name = "dispatch.start-delay",
       .value = "D",
       .help = "How long nothing is sent after the start (0s).",
       .set = cli::into_duration(engine.dispatch.start_delay_ms),
       .common = false},
  };
}

}  // namespace

cli::Command serve_command() {
  auto options = std::make_shared<Options>();
  std::vector<cli::Flag> flags = {
      {.name = "config.file",
       .value = "FILE",
       .help = "The configuration (alertmanager.yml).",
       .set = cli::into_text(options->service.config_file)},
      {.name = "storage.path",
       .value = "DIR",
       .help = "Where alerts, silences and the notification log are kept "
               "(data).",
       .set = cli::into_text(options->service.storage_path)},
      {.name = "web.listen-address",
       .value = "ADDR",
       .help = "host:port, :port, unix:/path or fd:N; may be repeated "
               "(127.0.0.1:9093).",
       .set = cli::into_texts(options->listen)},
      {.name = "web.external-url",
       .value = "URL",
       .help = "How people reach this server; made of host name and port by "
               "default.",
       .set = cli::into_text(options->service.external_url)},
      {.name = "web.route-prefix",
       .value = "PATH",
       .help = "Where everything is served; the path of the external URL by "
               "default.",
       .set = [options](std::string_view text) -> Status {
         options->route_prefix = text;
         options->has_prefix = true;
         return {};
       },
       .common = false},
      {.name = "enable-feature",
       .value = "LIST",
       .help = "classic-mode or utf8-strict-mode: one grammar of matchers "
               "instead of both.",
       .set = cli::into_text(options->features),
       .common = false},
      {.name = "cluster.listen-address",
       .value = "ADDR",
       .help = "Must be empty: clusters are not available.",
       .set = cli::into_text(options->cluster),
       .common = false},
  };
  options->service.config_file = "alertmanager.yml";
  options->service.storage_path = "data";
  for (cli::Flag& flag : state_flags(*options))
    flags.push_back(std::move(flag));
  flags.push_back(service::run_dir_flag(options->process, "prom-alert"));
  flags.push_back(service::ready_flag(options->process));
  for (cli::Flag& flag : service::log_flags(options->process))
    flags.push_back(std::move(flag));
  return {.name = "serve",
          .summary = "serve Alertmanager's API and notify",
          .flags = std::move(flags),
          .examples = {{"prom-alert serve --config.file alertmanager.yml "
                        "--storage.path /var/lib/prom-alert",
                        "SIGHUP or POST /-/reload reads the configuration "
                        "again, SIGTERM ends"}},
          .run = [options](cli::Io& io) { return serve(*options, io); }};
}

}  // namespace prom::alert
