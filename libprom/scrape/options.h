// The command line of prom-scrape, as typed.  command.cc fills it in, run.cc
// makes something of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/service/options.h"

namespace prom::scrape {

struct Options {
  std::vector<std::string> urls;
  std::string config_file;
  std::string job;      // only this one; the job label of URLs
  std::string targets;  // FILE or "-"; "": a pipe on standard input
  std::uint64_t count = 0;
  bool once = false;
  std::int64_t interval_ms = 0;
  std::int64_t timeout_ms = 0;
  bool wire = false;
  bool native_histograms = false;  // ask URLs for protobuf

  std::string record;       // keep what targets answer in this file
  std::string replay;       // take it from there instead
  double replay_speed = 0;  // times as fast as recorded; 0: at once

  std::vector<std::string> allow, deny;  // address ranges
  std::uint64_t body_bytes_max = 0;      // without a configuration
  std::uint64_t samples_max = 0;
  std::uint64_t queue_bytes_max = 64ULL << 20U;

  service::Options service;
};

}  // namespace prom::scrape
