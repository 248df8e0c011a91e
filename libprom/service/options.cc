#include "libprom/service/options.h"

#include <cstdlib>

#include "libprom/base/number.h"
#include "libprom/os/log.h"

namespace prom::service {
namespace {

constexpr std::string_view kGroup = "Service";
constexpr std::uint64_t kDescriptorMax = 65'535;

cli::Setter into_descriptor(std::int64_t& into) {
  return [&into](std::string_view text) -> Status {
    const auto fd = parse_uint(text);
    if (!fd || *fd > kDescriptorMax)
      return fail(Code::kUsage, "not a descriptor");
    into = static_cast<std::int64_t>(*fd);
    return {};
  };
}

cli::Flag make_flag(std::string name, std::string value, std::string help,
                    cli::Setter set) {
  return {.name = std::move(name),
          .value = std::move(value),
          .help = std::move(help),
          .set = std::move(set),
          .group = std::string(kGroup),
          .common = false};
}

}  // namespace

cli::Flag run_dir_flag(Options& into, std::string_view tool) {
  return make_flag("run-dir", "DIR",
                   "Keep " + std::string(tool) +
                       ".prom, our own metrics, in DIR (default $RUNDIR).",
                   cli::into_text(into.run_dir));
}

cli::Flag ready_flag(Options& into) {
  return make_flag("ready-fd", "N",
                   "Write a newline to descriptor N once ready.",
                   into_descriptor(into.ready_fd));
}

std::vector<cli::Flag> log_flags(Options& into) {
  return {
      make_flag("log.level", "LEVEL",
                "debug, info, warn or error (default info).",
                cli::into_text(into.log_level)),
      make_flag("log.format", "FORMAT", "auto, logfmt or json (default auto).",
                cli::into_text(into.log_format))};
}

std::vector<cli::Flag> flags(Options& into, std::string_view tool) {
  std::vector<cli::Flag> all = {
      run_dir_flag(into, tool),
      make_flag("listen", "ADDRESS",
                "Serve our own metrics at http://ADDRESS/metrics.",
                cli::into_text(into.listen)),
      ready_flag(into)};
  for (cli::Flag& flag : log_flags(into)) all.push_back(std::move(flag));
  return all;
}

Status resolve(Options& options) {
  if (const char* directory = std::getenv("RUNDIR");
      options.run_dir.empty() && directory != nullptr)
    options.run_dir = directory;
  const auto level = os::parse_log_level(options.log_level);
  if (!level) return fail(level.error());
  const auto format = os::parse_log_format(options.log_format);
  if (!format) return fail(format.error());
  os::configure_log({.level = *level, .format = *format});
  return {};
}

}  // namespace prom::service
