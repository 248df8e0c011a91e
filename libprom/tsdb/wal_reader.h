// The records of a write-ahead log's segment: pages of 32 KiB with fragments
// of records, each under a checksum, compressed by snappy or zstd or not.
//
// The server may be writing the last segment.  It is read up to the size it
// had when it was opened, and what is torn on its last page is its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::tsdb {

constexpr std::size_t kWalPageBytes = 32U << 10U;
// Of one record, compressed or not.
constexpr std::size_t kWalRecordBytesMax = 256U << 20U;

// A segment that was open before the server could delete it.
struct WalSegment {
  std::string path;
  std::uint64_t number = 0;
  std::unique_ptr<os::File> file;
  std::uint64_t size = 0;
  bool is_last = false;  // of a log that may be written to
};

// The log as it is now: the newest checkpoint's segments, then those after it.
// Opens all of them.  An absent directory is an empty log; kBusy when files
// vanish meanwhile: try again.
Result<std::vector<WalSegment>> open_wal(const std::string& directory);

class WalReader {
 public:
  // Borrows the segment.
  explicit WalReader(const WalSegment& segment) : segment_(segment) {}

  // The next record, valid until the next call; nothing at the end.  After
  // kCorrupt or kLimit, which name file and offset, reading goes on with the
  // next record that begins on a later page.
  Result<std::optional<Bytes>> next();

 private:
  struct Fragment {
    unsigned type = 0;
    Bytes data;
  };

  // Nothing at the end of the segment.
  Result<std::optional<Fragment>> next_fragment();
  Status fill();
  // Goes to the page behind the fragment that was read last.
  std::unexpected<Error> bad(const std::string& what);

  const WalSegment& segment_;
  std::vector<std::byte> buffer_;  // whole pages
  std::uint64_t buffer_offset_ = 0;
  std::uint64_t at_ = 0;  // next byte of the file
  std::uint64_t fragment_at_ = 0;
  std::string packed_;
  std::string unpacked_;
};

}  // namespace prom::tsdb
