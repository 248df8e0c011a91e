#include "libprom/scrape/targets_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/cli/table.h"
#include "libprom/http/client.h"
#include "libprom/http/target.h"
#include "libprom/os/file.h"
#include "libprom/scrape/run.h"

namespace prom::scrape {
namespace {

using cli::Exit;
using nlohmann::json;

constexpr std::uint64_t kAnswerBytesMax = 1ULL << 30U;

struct TargetsOptions {
  std::string run_dir;
  std::string url;
  std::string job;
  std::string state = "active";
  std::string output;  // "": a table
  bool down = false;
};

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

// "12 s", "3 m": from `t` to `now_ms` or the other way round.
std::string distance(const std::string& t, std::int64_t now_ms, bool ago) {
  const auto t_ms = parse_rfc3339_ms(t);
  if (!t_ms || *t_ms <= 0) return "never";
  const std::int64_t ms =
      std::max<std::int64_t>(ago ? now_ms - *t_ms : *t_ms - now_ms, 0);
  if (ms >= kMinuteMs) return format_duration(ms / 1000 * 1000);
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1fs",
                      static_cast<double>(ms) / 1e3);
  return text.data();
}

std::string milliseconds(const json& target) {
  const auto seconds = target.find("lastScrapeDuration");
  if (seconds == target.end() || !seconds->is_number()) return "";
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1fms",
                      seconds->get<double>() * 1e3);
  return text.data();
}

std::string labels_of(const json& target, const char* name) {
  std::string text;
  const auto labels = target.find(name);
  if (labels == target.end() || !labels->is_object()) return text;
  for (const auto& [label, value] : labels->items()) {
    if (!value.is_string()) continue;
    text += text.empty() ? "" : ", ";
    text += label + "=" + value.get<std::string>();
  }
  return text;
}

void write_active(const std::vector<json>& targets, cli::Io& io) {
  using Align = cli::Table::Align;
  cli::Table table({{.title = "job"},
                    {.title = "instance"},
                    {.title = "health"},
                    {.title = "last", .align = Align::kRight},
                    {.title = "took", .align = Align::kRight},
                    {.title = "samples", .align = Align::kRight},
                    {.title = "next", .align = Align::kRight},
                    {.title = "error"}});
  const std::int64_t now_ms = io.clock.wall_ms();
  for (const json& target : targets) {
    const auto labels = target.find("labels");
    std::string instance;
    if (labels != target.end() && labels->is_object())
      instance = text_of(*labels, "instance");
    if (instance.empty()) instance = text_of(target, "scrapeUrl");
    const std::string last = text_of(target, "lastScrape");
    const bool was_scraped = text_of(target, "health") != "unknown";
    const auto samples = target.find("lastScrapeSamples");
    const std::string next = text_of(target, "nextScrape");
    table.add({text_of(target, "scrapePool"), instance,
               text_of(target, "health"),
               was_scraped ? distance(last, now_ms, true) + " ago" : "never",
               was_scraped ? milliseconds(target) : "",
               was_scraped && samples != target.end() && samples->is_number()
                   ? std::to_string(samples->get<std::int64_t>())
                   : "",
               next.empty() ? "" : "in " + distance(next, now_ms, false),
               text_of(target, "lastError")});
  }
  table.write(io.out, 0, io.color);
}

void write_dropped(const std::vector<json>& targets, cli::Io& io) {
  cli::Table table({{.title = "job"}, {.title = "discovered labels"}});
  for (const json& target : targets)
    table.add(
        {text_of(target, "scrapePool"), labels_of(target, "discoveredLabels")});
  table.write(io.out, 0, io.color);
}

// A member of the answer's data that is a list of objects.
std::vector<json> list_of(const json& answer, const char* name) {
  std::vector<json> list;
  const auto data = answer.find("data");
  if (data == answer.end() || !data->is_object()) return list;
  const auto found = data->find(name);
  if (found == data->end() || !found->is_array()) return list;
  for (const json& one : *found)
    if (one.is_object()) list.push_back(one);
  return list;
}

Result<std::string> ask(const TargetsOptions& options) {
  http::Request request;
  const std::string path = "/api/v1/targets?state=" + options.state +
                           "&scrapePool=" + http::percent_encode(options.job);
  request.body_bytes_max = kAnswerBytesMax;
  if (options.url.empty()) {
    auto connection = std::make_shared<http::ClientOptions>();
    connection->unix_socket = os::join_path(options.run_dir, kSocketName);
    request.url = "http://localhost" + path;
    request.options = std::move(connection);
  } else {
    request.url = options.url;
    if (request.url.find("://") == std::string::npos)
      request.url.insert(0, "http://");
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += path;
  }
  auto response =
      http::fetch(std::move(request), http::AddressPolicy::allow_all());
  const std::string where = options.url.empty()
                                ? os::join_path(options.run_dir, kSocketName)
                                : http::safe_url(options.url);
  if (!response) return fail(std::move(response).error().in(where));
  if (response->status != 200) {
    const json answer = json::parse(response->body, nullptr, false);
    const std::string why =
        answer.is_object() ? text_of(answer, "error") : std::string();
    return fail(
        Code::kUnavailable,
        where + ": " + printable(why.empty() ? response->status_text : why));
  }
  return std::move(response->body);
}

Exit targets(TargetsOptions options, cli::Io& io) {
  if (options.state != "active" && options.state != "dropped" &&
      options.state != "any") {
    io.complain("--state is active, dropped or any");
    return Exit::kUsage;
  }
  if (!options.output.empty() && options.output != "table" &&
      options.output != "json") {
    io.complain("--output is table or json");
    return Exit::kUsage;
  }
  if (options.run_dir.empty()) {
    const char* const from_environment = std::getenv("RUNDIR");
    if (from_environment != nullptr) options.run_dir = from_environment;
  }
  if (options.url.empty() && options.run_dir.empty()) {
    io.complain("neither --run-dir nor RUNDIR nor --url says whom to ask");
    return Exit::kUsage;
  }
  auto body = ask(options);
  if (!body) {
    io.complain(body.error().message);
    return cli::exit_for(body.error().code);
  }
  const json answer = json::parse(*body, nullptr, false);
  if (!answer.is_object()) {
    io.complain("the answer is no JSON object");
    return Exit::kBadData;
  }
  std::vector<json> active = list_of(answer, "activeTargets");
  const auto is_up = [](const json& target) {
    return text_of(target, "health") == "up";
  };
  const bool all_up = std::ranges::all_of(active, is_up);
  if (options.output == "json") {
    io.out.write(*body);
  } else {
    if (options.down) std::erase_if(active, is_up);
    if (options.state != "dropped") write_active(active, io);
    if (options.state == "any") io.out.write("\n");
    if (options.state != "active")
      write_dropped(list_of(answer, "droppedTargets"), io);
  }
  return options.down && !all_up ? Exit::kNo : Exit::kOk;
}

}  // namespace

cli::Command targets_subcommand() {
  const auto options = std::make_shared<TargetsOptions>();
  return {
      .name = "targets",
      .summary = "show how the targets of a running prom-scrape are",
      .description =
          "Asks the prom-scrape that keeps its socket in RUNDIR, or a URL, "
          "for the health of its targets, their last errors, and when they "
          "are scraped.  A Prometheus server answers as well.",
      .flags =
          {{.name = "run-dir",
            .value = "DIR",
            .help = "The directory that the running prom-scrape was "
                    "given (default $RUNDIR).",
            .set = cli::into_text(options->run_dir)},
           {.name = "url",
            .value = "URL",
            .help = "Ask the --listen address of a prom-scrape, or a "
                    "Prometheus server.",
            .set = cli::into_text(options->url)},
           {.name = "job",
            .value = "NAME",
            .help = "Only this job.",
            .set = cli::into_text(options->job)},
           {.name = "state",
            .value = "STATE",
            .help = "active (default), dropped or any.",
            .set = cli::into_text(options->state),
            .complete = cli::one_of(
                {{.text = "active"}, {.text = "dropped"}, {.text = "any"}})},
           {.name = "down",
            .help = "Show only those that are not up; exit 1 when there "
                    "are some.",
            .set = cli::into_switch(options->down)},
           {.name = "output",
            .short_name = "o",
            .value = "FORMAT",
            .help = "table (default) or json, as GET /api/v1/targets "
                    "answers.",
            .set = cli::into_text(options->output),
            .complete = cli::one_of({{.text = "table"}, {.text = "json"}})}},
      .examples = {{"prom-scrape targets --run-dir /run/prom --down",
                    "exit 1 when a target is not up"}},
      .run = [options](cli::Io& io) { return targets(*options, io); }};
}

}  // namespace prom::scrape
