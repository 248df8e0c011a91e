#include <unistd.h>

#include <csignal>

#include "libprom/alert/api.h"
#include "libprom/alert/command_internal.h"
#include "libprom/alert/external_url.h"
#include "libprom/alert/service.h"
#include "libprom/base/number.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/http/server.h"
#include "libprom/os/log.h"
#include "libprom/os/notify.h"
#include "libprom/os/signals.h"

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
  std::string log_level = "info";
  std::string log_format = "auto";
  std::int64_t ready_fd = -1;
};

std::string host_name() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

Status resolve(Options& options) {
  auto mode = parse_features(options.features);
  if (!mode) return fail(std::move(mode).error());
  options.service.engine.matcher_mode = *mode;
  if (!options.cluster.empty())
    return fail(Code::kUsage,
                "--cluster.listen-address: clusters are not available; give "
                "it an empty value or leave it out");
  auto level = os::parse_log_level(options.log_level);
  if (!level) return fail(std::move(level).error());
  auto format = os::parse_log_format(options.log_format);
  if (!format) return fail(std::move(format).error());
  os::configure_log({.level = *level, .format = *format});
  if (options.listen.empty()) options.listen = {"127.0.0.1:9093"};
  auto url = external_url(options.service.external_url, options.listen.front(),
                          host_name());
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

void reload(Service& service) {
  os::notify_manager("RELOADING=1");
  Diagnostics findings;
  const Status done = service.reload(findings);
  log_findings(findings);
  if (done) {
    os::log_info("configuration loaded");
  } else {
    os::log_error("reload failed, the old configuration stays",
                  {{"err", done.error().message}});
  }
  os::notify_manager("READY=1");
}

// Until a signal asks to end.
void loop(Service& service, os::Signals& signals) {
  while (true) {
    service.turn(-1, {signals.fd()});
    while (const auto signal = signals.next()) {
      if (*signal != SIGHUP) return;
      reload(service);
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
  auto signals = os::Signals::collect({SIGTERM, SIGINT, SIGHUP});
  if (!signals) return report(io, signals.error());
  Service service(options.service, io.clock);
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
  os::announce_ready(static_cast<int>(options.ready_fd));
  loop(service, *signals);
  os::notify_manager("STOPPING=1");
  os::log_info("stopping");
  for (const auto& server : servers) server->stop();
  drain(service);
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
      {.name = "log.level",
       .value = "LEVEL",
       .help = "debug, info, warn or error (info).",
       .set = cli::into_text(options->log_level)},
      {.name = "log.format",
       .value = "FORMAT",
       .help = "auto, logfmt or json (auto).",
       .set = cli::into_text(options->log_format),
       .common = false},
      {.name = "ready-fd",
       .value = "N",
       .help = "Write a newline here once everything listens.",
       .set = [options](std::string_view text) -> Status {
         const auto fd = parse_int(text);
         if (!fd || *fd < 0)
           return fail(Code::kUsage, "not a descriptor: " + std::string(text));
         options->ready_fd = *fd;
         return {};
       }}};
  options->service.config_file = "alertmanager.yml";
  options->service.storage_path = "data";
  for (cli::Flag& flag : state_flags(*options))
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
