#include <algorithm>

#include "libprom/alert/command_internal.h"
#include "libprom/alert/engine.h"
#include "libprom/alert/plan.h"
#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/config/load.h"

namespace prom::alert {
namespace {

struct Options {
  std::string config_file = "alertmanager.yml";
  std::string storage_path = "data";
  std::string features;
  std::vector<std::string> labels;
};

std::string ago(std::int64_t now_ms, std::int64_t then_ms) {
  return then_ms <= now_ms ? format_duration(now_ms - then_ms) + " ago"
                           : "in " + format_duration(then_ms - now_ms);
}

void explain_integration(const Engine& engine, const std::string& group_key,
                         const Integration& integration, const RouteNode& route,
                         const Alert& alert, Now now, os::Output& out) {
  out.write("    " + integration.key() + ": ");
  const LogEntry* entry =
      engine.log().find(group_key + ":" + integration.key());
  if (entry == nullptr) {
    out.write("was not told about this group\n");
    return;
  }
  const bool firing = entry->firing.contains(alert.labels.hash());
  const bool resolved = entry->resolved.contains(alert.labels.hash());
  out.write("told " + ago(now.wall_ms, entry->sent_at_ms));
  out.write(firing     ? ", that this alert fires"
            : resolved ? ", that this alert is resolved"
                       : ", not about this alert");
  if (firing)
    out.write(
        "; again " +
        ago(now.wall_ms, entry->sent_at_ms + route.options.repeat_interval_ms));
  out.write("\n");
}

void explain_route(const Engine& engine, const RouteNode& route,
                   const Alert& alert, Now now, os::Output& out) {
  const Plan& plan = *engine.dispatcher().plan();
  const std::string key =
      route.key + ":" + format_label_set(route.group_labels(alert.labels));
  out.write("  route " + route.id + "\n    receiver " + route.options.receiver +
            ", group " + format_label_set(route.group_labels(alert.labels)) +
            "\n");
  const auto& muting = route.options.mute_time_intervals;
  for (const std::string& name : plan.intervals.containing(muting, now.wall_ms))
    out.write("    muted now by time interval " + name + "\n");
  const auto& active = route.options.active_time_intervals;
  if (!active.empty() && plan.intervals.containing(active, now.wall_ms).empty())
    out.write("    not active now: outside of its time intervals\n");
  const auto receiver = plan.receivers.find(route.options.receiver);
  if (receiver == plan.receivers.end() || receiver->second.empty()) {
    out.write("    the receiver has no integrations: nobody is told\n");
    return;
  }
  for (const auto& integration : receiver->second)
    explain_integration(engine, key, *integration, route, alert, now, out);
}

void explain_alert(const Engine& engine, const Alert& alert, Now now,
                   os::Output& out) {
  out.write(alert.labels.to_string() + "\n");
  out.write(alert.resolved_at(now.wall_ms)
                ? "  resolved " + ago(now.wall_ms, alert.ends_at_ms) + "\n"
                : "  firing since " + format_rfc3339(alert.starts_at_ms) +
                      ", until " + format_rfc3339(alert.ends_at_ms) +
                      (alert.is_timeout ? " unless refreshed\n" : "\n"));
  for (const std::string& id :
       engine.silences().silenced_by(alert.labels, now.wall_ms)) {
    const Silence& silence = *engine.silences().find(id);
    out.write("  silenced by " + id + " " + to_string(silence.matchers) +
              " until " + format_rfc3339(silence.ends_at_ms) + " (" +
              printable(silence.created_by) + ": " +
              printable(silence.comment) + ")\n");
  }
  if (const auto source =
          engine.inhibitor().inhibited_by(alert.labels, now.wall_ms))
    out.write("  inhibited by " +
              engine.alerts().at(*source)->labels.to_string() + "\n");
  for (const RouteNode* route :
       match_routes(engine.dispatcher().plan()->routes, alert.labels))
    explain_route(engine, *route, alert, now, out);
}

cli::Exit explain(const Options& options, cli::Io& io) {
  auto mode = parse_features(options.features);
  if (!mode) return report(io, mode.error());
  LabelMatchers matchers;
  for (const std::string& word : options.labels) {
    const bool bare = word.find_first_of("=~") == std::string::npos;
    auto matcher =
        parse_matcher(bare ? "alertname=\"" + word + "\"" : word, *mode);
    if (!matcher) return report(io, {Code::kUsage, matcher.error().message});
    matchers.push_back(std::move(*matcher));
  }
  auto config = config::load_alertmanager(options.config_file);
  if (!config)
    return report(io, config::to_error(config.error()), config.error());
  auto compiled = compile(*config, *mode);
  if (!compiled)
    return report(io, config::to_error(compiled.error()), compiled.error());
  Engine engine({.matcher_mode = *mode});
  if (Status read = engine.read_state(options.storage_path); !read)
    return report(io, read.error());
  const Now now{.wall_ms = io.clock.wall_ms(),
                .steady_ms = io.clock.monotonic_ns() / 1'000'000};
  engine.set_plan(compiled->plan, compiled->inhibit_rules, now);
  std::vector<AlertPtr> found;
  for (const auto& [fingerprint, alert] : engine.alerts())
    if (matches_all(matchers, alert->labels)) found.push_back(alert);
  std::sort(found.begin(), found.end(),
            [](const AlertPtr& a, const AlertPtr& b) {
              return a->labels.encoded() < b->labels.encoded();
            });
  for (const AlertPtr& alert : found)
    explain_alert(engine, *alert, now, io.out);
  if (!found.empty()) return cli::Exit::kOk;
  io.complain("no such alert was received");
  return cli::Exit::kNo;
}

}  // namespace

cli::Command explain_command() {
  auto options = std::make_shared<Options>();
  return {.name = "explain",
          .summary = "say why alerts were or were not notified",
          .description =
              "Reads the state that a server keeps, also while it runs, and "
              "says of each alert where it is routed, what silences or "
              "inhibits it, and when each receiver was told what.",
          .flags = {{.name = "config.file",
                     .value = "FILE",
                     .help = "The configuration (alertmanager.yml).",
                     .set = cli::into_text(options->config_file)},
                    {.name = "storage.path",
                     .value = "DIR",
                     .help = "The state to read (data).",
                     .set = cli::into_text(options->storage_path)},
                    {.name = "enable-feature",
                     .value = "LIST",
                     .help = "classic-mode or utf8-strict-mode.",
                     .set = cli::into_text(options->features),
                     .common = false}},
          .positionals = {{.name = "MATCHER",
                           .help = "label=value, !=, =~ or !~; a bare word is "
                                   "an alert's name.",
                           .set = cli::into_texts(options->labels),
                           .count_max = cli::kMany}},
          .examples = {{"prom-alert explain --config.file alertmanager.yml "
                        "--storage.path data DbDown",
                        "why was I (not) paged"}},
          .run = [options](cli::Io& io) { return explain(*options, io); }};
}

}  // namespace prom::alert
