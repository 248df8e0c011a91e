// prom-store backup and restore: a store as it is at one moment, as one file or
// stream, taken beside a running writer.  Blocks never change, and of the head
// everything up to one commit is copied, so a backup is what a reader sees.
//
// The stream is LZ4 frames with checksums.  Inside, text lines with bytes
// between them:
//
//   prom-backup 1
//   generation NUMBER STORE-ID CREATED LOG-END     for each one of the head
//   file SIZE RESERVE PATH                         then SIZE bytes, then
//   crc 0123abcd                                   CRC-32C of the bytes
//   end FILES BYTES
//
// RESERVE is how large the file is in the store: what was preallocated behind
// the bytes is not copied.  PATH is below the store.  prom-store(1) describes
// it too.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/base/result.h"
#include "libprom/cli/command.h"
#include "libprom/os/file.h"

namespace prom::store {

constexpr std::string_view kBackupMagic = "prom-backup 1\n";
// Of one line of the stream.
constexpr std::size_t kBackupLineMax = 4096;

struct BackupOptions {
  std::string store;
  std::string out = "-";
};
cli::Exit run_backup(const BackupOptions& options, os::FileSystem& files,
                     cli::Io& io);

struct RestoreOptions {
  std::string store;  // must not be there, or be an empty directory
  std::string in = "-";
};
// kNo when all was restored and what was restored is damaged, as it was when
// the backup was made.  After any other failure nothing is left behind.
cli::Exit run_restore(const RestoreOptions& options, os::FileSystem& files,
                      cli::Io& io);

// The subcommands with their flags.
cli::Command backup_command();
cli::Command restore_command();

}  // namespace prom::store
