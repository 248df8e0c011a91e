// Writes the directory chunks/ of a block: chunks one behind the other, in
// segments of a limited size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/chunk.h"
#include "libprom/tsdb/chunk_files.h"
#include "libprom/tsdb/output_file.h"

namespace prom::tsdb {

// One thread.  After a failure nothing but the destructor may be called.
class ChunkWriter {
 public:
  // `directory` exists and is empty.
  ChunkWriter(os::FileSystem& files, std::string directory,
              std::uint64_t segment_bytes_max)
      : files_(files),
        directory_(std::move(directory)),
        segment_bytes_max_(segment_bytes_max) {}

  // References ascend.
  Result<ChunkRef> add(Encoding encoding, std::string_view bytes);
  Status finish();

 private:
  Status begin_segment();

  os::FileSystem& files_;
  const std::string directory_;
  const std::uint64_t segment_bytes_max_;
  std::optional<OutputFile> segment_;
  std::uint32_t segments_ = 0;
};

}  // namespace prom::tsdb
