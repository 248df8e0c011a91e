#include "libprom/alert/command.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "libprom/alert/command_internal.h"
#include "libprom/cli/diagnostics.h"
#include "libprom/http/client.h"
#include "libprom/os/file.h"

namespace prom::alert {
namespace {

constexpr std::size_t kLineBytesMax = 1U << 20U;
constexpr std::uint64_t kAnswerBytesMax = 256ULL << 20U;
constexpr std::string_view kDefaultUrl = "http://127.0.0.1:9093";

// The API answers refusals as a JSON string or as {"code":…,"message":…};
// either is shown without its wrapping where that is easy.
std::string refusal(const http::Response& response) {
  std::string_view body = response.body;
  while (body.ends_with('\n')) body.remove_suffix(1);
  if (body.size() >= 2 && body.starts_with('"') && body.ends_with('"'))
    body = body.substr(1, body.size() - 2);
  return response.status_text + (body.empty() ? "" : ": ") + std::string(body);
}

}  // namespace

cli::Command command() {
  return {.name = "prom-alert",
          .summary = "groups, silences and notifies alerts",
          .description =
              "Takes alerts, groups and routes them by alertmanager.yml, holds "
              "back what is silenced or inhibited and notifies receivers: as a "
              "server with Alertmanager's API, or once, from a pipe.",
          .subcommands = {serve_command(), send_command(), check_command(),
                          routes_command(), alerts_command(), silence_command(),
                          history_command(), explain_command()},
          .examples = {
              {"prom-alert serve --config.file alertmanager.yml --storage.path "
               "/var/lib/prom-alert",
               "run as Alertmanager's replacement"},
              {"prom-rules eval rules.yml | prom-alert send --config.file "
               "alertmanager.yml --storage.path state",
               "notify from cron, without a server"},
              {"prom-alert routes test --config.file alertmanager.yml "
               "severity=page",
               "see who would be told"}}};
}

cli::Exit report(cli::Io& io, const Error& error, const Diagnostics& findings) {
  cli::show(findings, io.err, io.color);
  if (findings.empty()) io.complain(error.message);
  return cli::exit_for(error.code);
}

cli::Exit report(cli::Io& io, const Error& error) {
  return report(io, error, {});
}

Result<MatcherMode> parse_features(std::string_view list) {
  bool classic = false;
  bool strict = false;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size()
                                                       : comma + 1);
    if (word == "classic-mode") {
      classic = true;
    } else if (word == "utf8-strict-mode") {
      strict = true;
    } else {
      return fail(Code::kUsage, "unknown feature " + std::string(word) +
                                    " (known: classic-mode, utf8-strict-mode)");
    }
  }
  if (classic && strict)
    return fail(Code::kUsage,
                "classic-mode and utf8-strict-mode exclude one another");
  if (classic) return MatcherMode::kClassic;
  return strict ? MatcherMode::kUtf8 : MatcherMode::kFallback;
}

Result<Labels> parse_label_arguments(
    const std::vector<std::string>& arguments) {
  std::vector<LabelView> views;
  for (const std::string& argument : arguments) {
    const std::size_t equal = argument.find('=');
    if (equal == std::string::npos || equal == 0)
      return fail(Code::kUsage, "expected label=value, not " + argument);
    std::string_view value = std::string_view(argument).substr(equal + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    views.push_back({std::string_view(argument).substr(0, equal), value});
  }
  return Labels::from(views);
}

cli::Flag url_flag(std::string& into) {
  const char* given = std::getenv("PROM_ALERT_URL");
  into = given != nullptr ? given : kDefaultUrl;
  return {.name = "url",
          .value = "URL",
          .help =
              "The server to talk to: http://host:port or unix:/path "
              "($PROM_ALERT_URL, else http://127.0.0.1:9093).",
          .set = cli::into_text(into)};
}

Result<std::string> Remote::call(const std::string& method,
                                 const std::string& path,
                                 std::string body) const {
  http::Request request;
  request.method = method;
  auto options = std::make_shared<http::ClientOptions>();
  if (url.starts_with("unix:")) {
    options->unix_socket = url.substr(5);
    request.url = "http://localhost" + path;
  } else {
    std::string base = url;
    while (base.ends_with('/')) base.pop_back();
    request.url = base + path;
  }
  request.options = std::move(options);
  if (method == "POST")
    request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  request.timeout_ms = 30'000;
  request.body_bytes_max = kAnswerBytesMax;
  auto response =
      http::fetch(std::move(request), http::AddressPolicy::allow_all());
  if (!response) return fail(std::move(response).error());
  if (response->status / 100 == 2) return std::move(response->body);
  return fail(response->status == 404 ? Code::kMissing : Code::kBadData,
              refusal(*response));
}

Status for_each_line(
    int fd, const std::function<Status(std::size_t, std::string_view)>& each) {
  std::string rest;
  std::size_t number = 0;
  char chunk[65536];
  while (true) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(os::system_error("read standard input", errno));
    rest.append(chunk, static_cast<std::size_t>(got));
    if (got == 0 && !rest.empty() && !rest.ends_with('\n')) rest += '\n';
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos;
         begin = end + 1, end = rest.find('\n', begin)) {
      ++number;
      const std::string_view line =
          std::string_view(rest).substr(begin, end - begin);
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (Status done = each(number, line); !done) return done;
    }
    rest.erase(0, begin);
    if (rest.size() > kLineBytesMax)
      return fail(Code::kLimit, "a line of more than 1 MiB");
    if (got == 0) return {};
  }
}

}  // namespace prom::alert
