// The reading end of a stream: arenas mapped read-only, all at once, so that a
// generation that is removed stays readable for who has it open.  Used by every
// reader of the store, also by the writer when it opens.
//
// Everything that comes out has been checked against its checksum.  What does
// not pass is an Error with file and offset, never bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/fault.h"
#include "libprom/os/map.h"
#include "libprom/store/format.h"

namespace prom::store {

// A record whose checksum was right.  Bytes live as long as the reader.
struct Record {
  Position position = kNowhere;
  RecordHeader header{};
  Bytes body;  // behind the header, with padding

  [[nodiscard]] Position next() const { return position + header.size; }
};

// Thread-safe.
class StreamReader {
 public:
  // Lists and maps the arenas.
  static Result<std::unique_ptr<StreamReader>> open(
      const std::string& directory, std::string stream, std::uint64_t store_id);

  // Notices arenas that were added since.  Not while others read.
  Status refresh();

  // The record at `position`.  kCorrupt or kIo with file and offset otherwise.
  [[nodiscard]] Result<Record> record(Position position) const;
  // Without checking its checksum: for records that were checked before, or
  // that guard their parts one by one.  The header's size is checked.
  [[nodiscard]] Result<Record> unchecked_record(Position position) const;

  // The first position from `position` on at which there is a record with a
  // right checksum; `end` if there is none before it.
  [[nodiscard]] Position resync(Position position, Position end) const;

  // First position that no arena holds.
  [[nodiscard]] Position capacity_end() const;
  // First position of the oldest arena; kFirstPosition when there is none.
  [[nodiscard]] Position begin() const;

  // "STORE/head/…/log.0000000000000040 at 4096"
  [[nodiscard]] std::string describe(Position position) const;

  struct ArenaInfo {
    std::string path;
    Position start = 0;
    std::uint64_t size = 0;  // bytes of the file
  };
  [[nodiscard]] std::vector<ArenaInfo> arenas() const;

 private:
  struct Arena {
    std::string path;
    Position start = 0;
    Position limit = 0;           // start of the next, or of its own end
    std::uint64_t file_size = 0;  // when listed
    os::MappedFile file;
    os::FaultGuard guard;
    Status status;
  };
  StreamReader(std::string directory, std::string stream,
               std::uint64_t store_id)
      : directory_(std::move(directory)),
        stream_(std::move(stream)),
        store_id_(store_id) {}
  Arena* arena_of(Position position) const;
  void map(Arena& arena) const;
  std::unexpected<Error> damaged(const Arena& arena, Position position,
                                 std::string_view what) const;

  std::string directory_;
  std::string stream_;
  std::uint64_t store_id_;
  std::vector<std::unique_ptr<Arena>> arenas_;  // ascending by start
};

}  // namespace prom::store
