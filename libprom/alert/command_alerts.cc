#include "libprom/alert/api_json.h"
#include "libprom/alert/command_internal.h"
#include "libprom/base/duration.h"
#include "libprom/base/utf8.h"
#include "libprom/http/target.h"

namespace prom::alert {
namespace {

struct Options {
  std::string url;
  std::string format = "text";
  std::string receiver;
  bool all = false;
  std::vector<std::string> matchers;
};

cli::Exit list(const Options& options, cli::Io& io) {
  std::string path = "/api/v2/alerts?active=true";
  const std::string others = options.all ? "true" : "false";
  path += "&silenced=" + others + "&inhibited=" + others;
  if (!options.receiver.empty())
    path += "&receiver=" + http::percent_encode(options.receiver);
  for (const std::string& word : options.matchers) {
    const bool bare = word.find_first_of("=~") == std::string::npos;
    path += "&filter=" +
            http::percent_encode(bare ? "alertname=\"" + word + "\"" : word);
  }
  auto answer = Remote{options.url}.call("GET", path);
  if (!answer) return report(io, answer.error());
  if (options.format == "json") {
    io.out.write(*answer);
    return cli::Exit::kOk;
  }
  auto alerts = read_listed_alerts(*answer);
  if (!alerts) return report(io, alerts.error());
  for (const ListedAlert& listed : *alerts)
    io.out.write(listed.state + "  since " +
                 format_rfc3339(listed.alert.starts_at_ms) + "  " +
                 listed.alert.labels.to_string() + "\n");
  return cli::Exit::kOk;
}

}  // namespace

cli::Command alerts_command() {
  auto options = std::make_shared<Options>();
  return {.name = "alerts",
          .summary = "list the alerts of a server",
          .flags = {url_flag(options->url),
                    {.name = "all",
                     .help = "Also those that are silenced or inhibited.",
                     .set = cli::into_switch(options->all)},
                    {.name = "receiver",
                     .short_name = "r",
                     .value = "REGEX",
                     .help = "Only those for these receivers.",
                     .set = cli::into_text(options->receiver)},
                    {.name = "output",
                     .short_name = "o",
                     .value = "FORMAT",
                     .help = "text or json (text).",
                     .set = cli::into_text(options->format)}},
          .positionals = {{.name = "MATCHER",
                           .help = "label=value, !=, =~ or !~; a bare word is "
                                   "an alert's name.",
                           .set = cli::into_texts(options->matchers),
                           .count_max = cli::kMany}},
          .run = [options](cli::Io& io) { return list(*options, io); }};
}

}  // namespace prom::alert
