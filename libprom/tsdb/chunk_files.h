// The directory chunks/ of a block: segment files, mapped, in which the index
// points at chunks by segment and offset.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/os/map.h"

namespace prom::tsdb {

// Segment number, counted from 0, in the upper 32 bits; offset in the lower.
using ChunkRef = std::uint64_t;

constexpr std::uint32_t kSegmentMagic = 0x85BD40DD;
constexpr std::uint8_t kSegmentVersion = 1;
constexpr std::size_t kSegmentHeaderBytes = 8;

struct ChunkBytes {
  std::uint8_t encoding = 0;
  Bytes bytes;
};

// Threads may share it.
class ChunkFiles {
 public:
  // Maps every segment.  kMissing when a file vanishes meanwhile.
  static Result<ChunkFiles> open(const std::string& directory);

  // The chunk at `ref`, its checksum verified; valid as long as this object.
  // kCorrupt names file and offset.
  [[nodiscard]] Result<ChunkBytes> read(ChunkRef ref) const;
  // "…/chunks/000001: chunk at 8", for messages.
  [[nodiscard]] std::string place(ChunkRef ref) const;

 private:
  struct Segment {
    std::string path;
    os::MappedFile file;
  };
  std::vector<Segment> segments_;
};

}  // namespace prom::tsdb
