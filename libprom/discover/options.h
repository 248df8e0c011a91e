// What the command line of prom-discover says.
#pragma once

#include <cstdint>
#include <string>

namespace prom::discover {

struct Options {
  std::string config_file;
  std::string job;  // "": all
  std::string output = "jsonl";
  bool once = false;
  bool trace_relabel = false;
  // Changes of a job are gathered this long, so that a burst is one line.
  std::int64_t batch_ms = 5000;
  std::string run_dir;
  std::string listen;
  std::int64_t ready_fd = -1;
  std::string log_level = "info";
  std::string log_format = "auto";
};

}  // namespace prom::discover
