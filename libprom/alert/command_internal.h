// The subcommands of prom-alert, one file each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/alert/matcher.h"
#include "libprom/base/diagnostic.h"
#include "libprom/base/result.h"
#include "libprom/cli/command.h"
#include "libprom/model/labels.h"

namespace prom::alert {

cli::Command serve_command();
cli::Command send_command();
cli::Command check_command();
cli::Command routes_command();
cli::Command alerts_command();
cli::Command silence_command();
cli::Command history_command();
cli::Command explain_command();

// Shows the findings and turns the error into an exit code.
cli::Exit report(cli::Io& io, const Error& error, const Diagnostics& findings);
// The same without findings.
cli::Exit report(cli::Io& io, const Error& error);

// "classic-mode,…" as upstream's --enable-feature.  kUsage for unknown words.
Result<MatcherMode> parse_features(std::string_view list);

// "a=b" pairs from the command line.  kUsage for anything else.
Result<Labels> parse_label_arguments(const std::vector<std::string>& arguments);

// A running server: "http://host:port/prefix" or "unix:/path".
struct Remote {
  std::string url;
  // Sends a request to `path` ("/api/v2/alerts?…").  kUnavailable when there
  // is no answer, kBadData with the server's words for a refusal.
  [[nodiscard]] Result<std::string> call(const std::string& method,
                                         const std::string& path,
                                         std::string body = {}) const;
};
// The flag --url with $PROM_ALERT_URL as its default.
cli::Flag url_flag(std::string& into);

// Reads standard input line by line, each up to a megabyte; empty lines are
// left out.  Stops at the first failure of `each`, which gets the line's
// number.
Status for_each_line(int fd,
                     const std::function<Status(std::size_t number,
                                                std::string_view line)>& each);

}  // namespace prom::alert
