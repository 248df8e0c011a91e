// prom-rules eval: evaluates rules once, for cron.  What must be known from
// run to run is in a state file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/cli/command.h"

namespace prom::rules {

struct EvalOptions {
  std::vector<std::string> files;
  std::string config_file;
  std::string store;    // -S
  std::string time;     // --time; "" is now
  std::string state;    // --state; "" is beside the store
  std::string samples;  // --samples: "-" or FILE; "" appends to the store
  std::string alerts = "-";
  std::string external_url;
  std::vector<std::string> features;
};

// 0: all rules were evaluated; 1: some failed; else what kept it from working.
cli::Exit eval(const EvalOptions& options, cli::Io& io);

// The store that is meant: `given`, $PROM_STORE, ./prom-data.
std::string store_path(const std::string& given);
// The state file that is meant: `given`, or STORE.rules.
std::string state_path(const std::string& given, const std::string& store);

}  // namespace prom::rules
