// `prom-export host`: prints the host's metrics once, or serves them.
#pragma once

#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/service/options.h"

namespace prom::exports {

struct HostOptions {
  std::vector<std::string> collect;     // only these; empty: all
  std::vector<std::string> no_collect;  // not these
  std::string listen;                   // serve here instead of printing
  std::string output;                   // replace this file instead
  service::Options service;             // of --listen
  std::string proc = "/proc";
  std::string sys = "/sys";
  std::string root;
  std::string text_directory;
  std::string disks_excluded;
  std::string interfaces_excluded;
  std::string mounts_excluded;
  std::string file_systems_excluded;

  HostOptions();  // node_exporter's defaults
};

cli::Exit run_host(const HostOptions& given, cli::Io& io);

}  // namespace prom::exports
