#include "libprom/alert/api_json.h"
#include "libprom/alert/command_internal.h"
#include "libprom/alert/external_url.h"
#include "libprom/alert/intake.h"
#include "libprom/alert/service.h"
#include "libprom/os/log.h"

namespace prom::alert {
namespace {

// Alerts of one POST.
constexpr std::size_t kBatchMax = 500;
constexpr std::size_t kAlertsMax = 100'000;

struct Options {
  std::string config_file;
  std::string storage_path;
  std::string url;  // $PROM_ALERT_URL or the usual one, unless it was given
  bool has_url = false;
  std::string external_url = "http://localhost:9093";
  std::string features;
  std::int64_t timeout_ms = 30'000;
};

Result<std::vector<Alert>> read_input(int fd) {
  std::vector<Alert> alerts;
  const Status read = for_each_line(
      fd, [&](std::size_t number, std::string_view line) -> Status {
        auto alert = read_alert_line(line);
        if (!alert)
          return fail(std::move(alert).error().in("standard input, line " +
                                                  std::to_string(number)));
        if (alerts.size() == kAlertsMax)
          return fail(Code::kLimit, "more than 100000 alerts");
        alerts.push_back(std::move(*alert));
        return {};
      });
  if (!read) return fail(read.error());
  return alerts;
}

cli::Exit post_all(const Options& options, const std::vector<Alert>& alerts,
                   cli::Io& io) {
  for (std::size_t begin = 0; begin < alerts.size(); begin += kBatchMax) {
    std::string body;
    JsonWriter json(body);
    json.begin_array();
    for (std::size_t i = begin; i < alerts.size() && i < begin + kBatchMax; ++i)
      write_posted_alert(json, alerts[i]);
    json.end_array();
    auto answer =
        Remote{options.url}.call("POST", "/api/v2/alerts", std::move(body));
    if (!answer) return report(io, answer.error());
  }
  return cli::Exit::kOk;
}

// One run of the whole machinery, without a server: what is due is sent, what
// cannot be sent stays due for the next run.
cli::Exit notify_once(const Options& options, std::vector<Alert> alerts,
                      cli::Io& io) {
  ServiceOptions chosen{.config_file = options.config_file,
                        .storage_path = options.storage_path,
                        .external_url = {},
                        .engine = {}};
  auto mode = parse_features(options.features);
  if (!mode) return report(io, mode.error());
  chosen.engine.matcher_mode = *mode;
  auto url = external_url(options.external_url, "", "");
  if (!url) return report(io, url.error());
  chosen.external_url = std::move(*url);

  os::configure_log({.level = os::LogLevel::kWarn, .format = {}});
  Service service(std::move(chosen), io.clock);
  Diagnostics findings;
  if (Status opened = service.open(findings); !opened)
    return report(io, opened.error(), findings);
  Intake intake = take_in(std::move(alerts),
                          service.loaded()->config.global.resolve_timeout_ms,
                          *mode, service.now().wall_ms);
  const auto stored = service.with_engine([&](Engine& engine, Now now) {
    auto refused = engine.put(std::move(intake.valid), now);
    engine.hurry(now);
    return refused;
  });
  if (!stored) return report(io, stored.error());

  const std::int64_t until = service.now().steady_ms + options.timeout_ms;
  const auto open = [&] {
    return service.look([](const Engine& engine, Now) {
      return engine.dispatcher().open_deliveries();
    });
  };
  do {
    const std::int64_t left = until - service.now().steady_ms;
    if (left <= 0) break;
    service.turn(left, {});
  } while (open() > 0 || service.sending() > 0);
  const std::size_t undelivered = open();
  const Status kept = service.with_engine([](Engine& engine, Now now) {
    engine.collect_alerts(now);
    return engine.compact(now);
  });
  if (!kept) return report(io, kept.error());
  for (const std::string& error : intake.errors) io.complain(error);
  if (undelivered > 0 || service.failed() > 0) {
    io.complain(
        "not every notification was delivered; the next run tries "
        "again");
    return cli::Exit::kUnavailable;
  }
  return intake.errors.empty() ? cli::Exit::kOk : cli::Exit::kBadData;
}

cli::Exit send(const Options& options, cli::Io& io) {
  if (!options.config_file.empty() && options.has_url) {
    io.complain("give either --config.file or --url");
    return cli::Exit::kUsage;
  }
  if (!options.config_file.empty() && options.storage_path.empty()) {
    io.complain("--config.file needs --storage.path, to know what was sent");
    return cli::Exit::kUsage;
  }
  auto alerts = read_input(io.in_fd);
  if (!alerts) return report(io, alerts.error());
  if (options.config_file.empty()) return post_all(options, *alerts, io);
  return notify_once(options, std::move(*alerts), io);
}

}  // namespace

cli::Command send_command() {
  auto options = std::make_shared<Options>();
  cli::Flag url = url_flag(options->url);
  url.set = [options, set = url.set](std::string_view text) {
    options->has_url = true;
    return set(text);
  };
  return {
      .name = "send",
      .summary = "take alerts from standard input",
      .description =
          "Reads alerts as JSON lines (the objects of API v2) and either "
          "posts them to a server or, with --config.file, notifies the "
          "receivers itself. Without a server behind it nothing waits: new "
          "alerts are sent at once, changes after the group interval, "
          "repetitions after the repeat interval, resolved ones when their "
          "end has passed, all judged by the state in --storage.path.",
      .flags = {{.name = "config.file",
                 .value = "FILE",
                 .help = "Notify by this configuration.",
                 .set = cli::into_text(options->config_file)},
                {.name = "storage.path",
                 .value = "DIR",
                 .help = "State of earlier runs; needed with --config.file.",
                 .set = cli::into_text(options->storage_path)},
                std::move(url),
                {.name = "timeout",
                 .value = "D",
                 .help = "How long deliveries are tried (30s).",
                 .set = cli::into_duration(options->timeout_ms)},
                {.name = "web.external-url",
                 .value = "URL",
                 .help = "For links in notifications (http://localhost:9093).",
                 .set = cli::into_text(options->external_url)},
                {.name = "enable-feature",
                 .value = "LIST",
                 .help = "classic-mode or utf8-strict-mode.",
                 .set = cli::into_text(options->features),
                 .common = false}},
      .examples = {{"prom-rules eval rules.yml | prom-alert send "
                    "--config.file alertmanager.yml --storage.path state",
                    "from cron"}},
      .run = [options](cli::Io& io) { return send(*options, io); }};
}

}  // namespace prom::alert
