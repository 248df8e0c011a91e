#include "libprom/rules/check_command.h"

#include "libprom/cli/diagnostics.h"
#include "libprom/config/load.h"
#include "libprom/os/file.h"
#include "libprom/rules/load.h"

namespace prom::rules {

promql::ParseOptions parse_options(const std::vector<std::string>& features) {
  promql::ParseOptions options;
  for (const std::string& feature : features) options.enable(feature);
  return options;
}

Result<std::vector<std::string>> rule_paths(
    const std::vector<std::string>& files, const std::string& config_file) {
  std::vector<std::string> paths = files;
  if (!config_file.empty()) {
    auto config = config::load_prometheus(config_file);
    if (!config) return fail(config::to_error(config.error()));
    for (std::string& path : config::expand_rule_files(*config))
      paths.push_back(std::move(path));
  }
  for (const std::string& path : paths)
    if (path != "-" && !os::exists(path))
      return fail(Code::kMissing, "no such file: " + path);
  return paths;
}

cli::Exit check(const CheckOptions& options, cli::Io& io) {
  if (options.files.empty() && options.config_file.empty()) {
    io.complain("which FILE? see prom-rules check --help");
    return cli::Exit::kUsage;
  }
  const auto paths = rule_paths(options.files, options.config_file);
  if (!paths) {
    io.complain(paths.error().message);
    return cli::exit_for(paths.error().code);
  }
  const LoadedRules loaded = load_rule_files(
      *paths, {.parse = parse_options(options.features)}, !options.no_lint);
  bool has_findings = false;
  for (const LoadedFile& file : loaded.files) {
    cli::show(file.errors, io.err, io.color);
    cli::show(file.findings, io.err, io.color);
    has_findings = has_findings || !file.findings.empty();
    std::string line = file.path + ": ";
    if (!file.errors.empty()) {
      line += std::to_string(file.errors.size()) +
              (file.errors.size() == 1 ? " error" : " errors");
    } else {
      line += std::to_string(file.rule_count) +
              (file.rule_count == 1 ? " rule" : " rules");
    }
    io.out.write(line + "\n");
  }
  if (loaded.has_errors()) return cli::Exit::kNo;
  return has_findings ? cli::Exit::kLint : cli::Exit::kOk;
}

}  // namespace prom::rules
