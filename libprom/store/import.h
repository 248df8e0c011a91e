// prom-store import: files of other formats, and Prometheus' own data, into
// blocks of a store.  Beside a running writer; all or nothing of the text files
// and of each Prometheus directory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/cli/command.h"
#include "libprom/os/file.h"
#include "libprom/store/import_format.h"

namespace prom::store {

struct ImportOptions {
  std::string store;
  std::vector<std::string> paths;  // "-": standard input
  ImportFormat format = ImportFormat::kAuto;
  std::uint64_t memory_bytes = 128ULL << 20U;  // for sorting
  bool skip_bad = false;  // import the rest of an input with errors
};

cli::Exit run_import(const ImportOptions& options, os::FileSystem& files,
                     cli::Io& io);

// The subcommand with its flags.
cli::Command import_command();

}  // namespace prom::store
