// prom-rules run: the daemon.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/service/options.h"

namespace prom::rules {

struct RunOptions {
  std::string config_file;
  std::vector<std::string> files;  // besides those of the configuration
  std::string store;
  std::string state;
  std::string samples = "-";
  std::string alerts;  // "": the configuration's Alertmanagers; -, FILE, URL
  std::string external_url;
  std::vector<std::string> features;
  bool wire = false;
  bool without_writer = false;
  std::int64_t resend_delay_ms = 60'000;
  std::int64_t outage_tolerance_ms = 60 * 60'000LL;
  std::int64_t for_grace_ms = 10 * 60'000LL;
  std::uint64_t concurrent_evals = 4;
  std::uint64_t queue_capacity = 10'000;
  service::Options service;
};

cli::Exit run(const RunOptions& given, cli::Io& io);

}  // namespace prom::rules
