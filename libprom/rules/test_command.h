// prom-rules test: unit tests of rules, in promtool's format.
#pragma once

#include <string>
#include <vector>

#include "libprom/cli/command.h"

namespace prom::rules {

struct TestOptions {
  std::vector<std::string> files;
  std::vector<std::string> features;
  std::string run;  // only tests whose name matches this regular expression
  bool json = false;
};

// 0: all tests passed; 1: some did not; 78 for a file that is no test.
cli::Exit test(const TestOptions& options, cli::Io& io);

}  // namespace prom::rules
