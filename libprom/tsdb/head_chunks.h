// The directory chunks_head/: full chunks of series that the server still has
// in its head, each with its series, times and checksum, in files of 128 MiB.
//
// The server appends to the last file, allocates space ahead and may cut it
// again, so that nothing is mapped: headers are read once, samples when they
// are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/samples.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/meta.h"
#include "libprom/tsdb/wal_record.h"

namespace prom::tsdb {

struct HeadChunk {
  HeadRef series = 0;
  TimeRange range;
  std::uint32_t file = 0;
  std::uint32_t offset = 0;  // of its bytes, behind the header
  std::uint32_t size = 0;
  std::uint8_t encoding = 0;
  bool is_late = false;  // of samples that came out of order
};

// Threads may share it.
class HeadChunks {
 public:
  // Opens the files as long as they are now.  An absent directory is an empty
  // one; kBusy when files vanish meanwhile: try again.
  static Result<HeadChunks> open(const std::string& directory);

  // Visits the chunks, checksums verified, in the order in which they were
  // written.  What cannot be read of a file is told in `damage`, with file and
  // offset; a chunk that is torn at the end of the last file is no damage.
  void scan(const std::function<void(const HeadChunk&)>& visit,
            std::vector<Error>& damage) const;

  // As decode_chunk().
  Status read(const HeadChunk& chunk, Samples& into) const;

 private:
  struct OpenFile {
    std::string path;
    std::unique_ptr<os::File> file;
    std::uint64_t size = 0;
  };
  Status scan_file(std::uint32_t number,
                   const std::function<void(const HeadChunk&)>& visit) const;

  std::vector<OpenFile> files_;
};

}  // namespace prom::tsdb
