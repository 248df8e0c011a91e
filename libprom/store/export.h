// prom-store export: samples of a store as text, OpenMetrics, JSON lines, CSV,
// or blocks of a Prometheus data directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/os/file.h"
#include "libprom/store/export_format.h"

namespace prom::store {

struct ExportOptions {
  std::string store;
  ExportFormat format = ExportFormat::kText;
  std::vector<std::string> matches = {};  // selectors; none: everything
  std::string start = {};                 // times as text; "": open
  std::string end = {};
  std::string out = "-";  // of tsdb: the directory that blocks are put into
};

cli::Exit run_export(const ExportOptions& options, os::FileSystem& files,
                     cli::Io& io);

// The subcommand with its flags.
cli::Command export_command();

}  // namespace prom::store
