// prom-rules check: everything that is wrong in rule files, at once.
#pragma once

#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/cli/command.h"
#include "libprom/promql/parser.h"

namespace prom::rules {

struct CheckOptions {
  std::vector<std::string> files;
  std::string config_file;
  std::vector<std::string> features;
  bool no_lint = false;
};

// 0: all is well; 1: errors; 3: only findings of the linter.
cli::Exit check(const CheckOptions& options, cli::Io& io);

// The parts of the language that --enable-feature turns on.
promql::ParseOptions parse_options(const std::vector<std::string>& features);

// FILE arguments, or what rule_files of the configuration match.
Result<std::vector<std::string>> rule_paths(
    const std::vector<std::string>& files, const std::string& config_file);

}  // namespace prom::rules
