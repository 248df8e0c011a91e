// What the command line of prom-discover says.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/service/options.h"

namespace prom::discover {

struct Options {
  std::string config_file;
  std::string job;  // "": all
  std::string output = "jsonl";
  bool once = false;
  bool trace_relabel = false;
  // Changes of a job are gathered this long, so that a burst is one line.
  std::int64_t batch_ms = 5000;
  service::Options service;
};

}  // namespace prom::discover
