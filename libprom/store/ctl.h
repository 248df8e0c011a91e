// The counters of a generation of the head: one page, the only kind that is
// ever stored to through a mapping.  They publish what the writer has put into
// the arenas: they are the last thing that an append changes and the first
// thing that a reader loads.  The format is specified in prom-head(5).
//
// A generation exists once its counters do.  The newest one is written; the
// others are closed and never change again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/file.h"
#include "libprom/os/map.h"
#include "libprom/store/format.h"

namespace prom::store {

// A position and its own check in one word, so that it is loaded and stored in
// one piece and a flipped bit is noticed.  Positions are multiples of 8 below
// 2^51.
std::uint64_t seal_position(Position position);
std::optional<Position> open_position(std::uint64_t sealed);

// Thread-safe: the counters are atomics.
class Ctl {
 public:
  // Creates the counters, whole or not at all, in a directory that exists.
  // `store_id` is random, and the same for all generations.
  static Status create(os::FileSystem& files, const std::string& store,
                       std::uint64_t generation, std::uint64_t store_id,
                       std::int64_t now_ms);
  // kMissing when there is no such generation; kConfig when it is of a version
  // or has features that this program does not know; kCorrupt when it is
  // damaged.
  static Result<std::shared_ptr<Ctl>> open(const std::string& store,
                                           std::uint64_t generation,
                                           os::MappedFile::Access access);

  [[nodiscard]] std::uint64_t store_id() const { return store_id_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] std::int64_t created_ms() const { return created_ms_; }

  // Where the published log ends; nullopt when the word is damaged.
  [[nodiscard]] std::optional<Position> log_end() const;
  // Everything before it is on the disk; nullopt when the word is damaged.
  [[nodiscard]] std::optional<Position> synced_end() const;
  // The boot in which log_end was last stored.
  [[nodiscard]] std::uint64_t boot() const;

  // REQUIRES: opened with kReadWrite, by the holder of LOCK.
  void publish(Position log_end);
  void set_synced(Position log_end);
  void set_boot(std::uint64_t boot);

 private:
  explicit Ctl(os::MappedFile file);
  [[nodiscard]] const std::atomic<std::uint64_t>& word(std::size_t i) const;

  os::MappedFile file_;
  std::uint64_t store_id_ = 0;
  std::uint64_t generation_ = 0;
  std::int64_t created_ms_ = 0;
};

// STORE/ctl for the first generation, and with it the mark of a store;
// STORE/head/<generation>/ctl for the others.
std::string ctl_path(const std::string& store, std::uint64_t generation);
std::string lock_path(const std::string& store);
// STORE/head/<generation>
std::string head_path(const std::string& store, std::uint64_t generation);
// Of all generations that are on the disk, ascending.  kMissing when there is
// no store.
Result<std::vector<std::uint64_t>> list_generations(const std::string& store);

}  // namespace prom::store
