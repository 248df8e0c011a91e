// The writing end of a stream: arenas that are preallocated and written from
// front to back.  Used by the store's writer only, on one thread.
//
// A new arena begins where the stream ends at that moment.  Its name carries
// that position, and the arena of a position is the one with the greatest
// start not above it.  So an arena that filled up and an arena whose disk
// failed are left in the same way, and no byte that was published ever moves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/file.h"
#include "libprom/store/format.h"

namespace prom::store {

struct StreamOptions {
  std::string directory;
  std::string name;  // "log", "index"
  std::uint64_t store_id = 0;
  // The first arena is this long; each further one doubles the stream, up to
  // arena_bytes_max.
  std::uint64_t arena_bytes_min = kArenaBytesMin;
  std::uint64_t arena_bytes_max = kArenaBytesMax;
  // False: names and data need not survive a power loss.
  bool durable = true;
};

class StreamWriter {
 public:
  // Continues the stream at `end`.  Arenas that begin behind it hold nothing
  // that was published, and are removed.
  static Result<StreamWriter> open(os::FileSystem& files,
                                   const StreamOptions& options, Position end);

  [[nodiscard]] Position end() const { return end_; }
  // Bytes that can still be written without a new arena.
  [[nodiscard]] std::uint64_t room() const;

  // Makes sure that `bytes` fit behind end() in one arena, if need be by
  // starting a new one.  On failure (disk full) nothing has changed.
  Status reserve(std::uint64_t bytes);

  // REQUIRES: bytes.size() <= room().  On failure end() stays, and the next
  // write goes to the same place.
  Status write(std::string_view bytes);

  // Everything written is on the disk.  When the disk refuses, what was
  // written since the last sync goes to a new arena instead; a file whose sync
  // failed is never synced again.  When that fails too, the stream stays
  // broken: only what was published before can be read.
  Status sync();

  // Bytes written that no sync has covered yet.
  [[nodiscard]] std::uint64_t unsynced_bytes() const {
    return unsynced_.size();
  }
  [[nodiscard]] std::uint64_t arenas_replaced() const { return replaced_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return written_; }

 private:
  StreamWriter(os::FileSystem& files, StreamOptions options, Position end)
      : files_(&files), options_(std::move(options)), end_(end) {}
  Status create_arena(Position start, std::string_view content,
                      std::uint64_t bytes);
  Status create_file(Position start, std::string_view content,
                     std::uint64_t size);

  os::FileSystem* files_;
  StreamOptions options_;
  Position end_;
  std::unique_ptr<os::File> file_;  // null until the first arena
  Position start_ = 0;
  std::uint64_t size_ = 0;
  std::string unsynced_;  // copy of [end_ - size, end_); only when durable
  bool dirty_ = false;
  Status broken_;  // a sync failed and so did its replacement: for good
  std::uint64_t replaced_ = 0;
  std::uint64_t written_ = 0;
};

// "log.0000000000000040", and back; nullopt for other names.
std::string arena_name(std::string_view stream, Position start);
std::optional<Position> arena_start(std::string_view stream,
                                    std::string_view file_name);

}  // namespace prom::store
