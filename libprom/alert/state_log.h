// The state of prom-alert on disk: one append-only file of checksummed
// records.  What commit() confirmed survives the end of the process and of the
// power.  Starting reads the file from its beginning; from time to time it is
// rewritten with only what still counts.
//
// File: 16 bytes of magic, then records, each
//   marker, size, kind, CRC32C of these three, CRC32C of the payload (5 × u32,
//   little-endian), payload.
// A damaged record costs itself: its size is under a checksum of its own, and
// where that is damaged, too, the next marker with a good checksum is sought.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::alert {

enum class RecordKind : std::uint32_t {
  kAlert = 1,
  kSilence = 2,
  kNotification = 3,
};

struct Record {
  RecordKind kind = RecordKind::kAlert;
  std::string payload;
};

struct Damage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// Largest payload; larger ones are refused and read as damage.
constexpr std::uint32_t kRecordBytesMax = 16U << 20U;

// One process (the caller holds the directory's lock), one thread.
class StateLog {
 public:
  using OnRecord = std::function<void(RecordKind, std::string_view payload)>;

  // Opens or creates DIRECTORY/alerts.log and gives every whole record to
  // `on_record`, in order.  A cut last record, what a crash leaves behind, is
  // dropped.  Damaged bytes are kept beside it in alerts.log.damaged-<offset>
  // and reported by damage().
  static Result<std::unique_ptr<StateLog>> open(os::FileSystem& files,
                                                const std::string& directory,
                                                const OnRecord& on_record);

  // Notes a record; nothing is written before commit().
  void add(RecordKind kind, std::string_view payload);
  // Writes and syncs what was noted.  After a failure the file is not trusted
  // any more: commits fail until rewrite() made a new one.
  Status commit();
  // Replaces the file by one with exactly these records, in one step.  What
  // was noted but not committed must be among them.
  Status rewrite(const std::vector<Record>& records);

  // Whether so much of the file is outdated that rewrite() is worth it.
  [[nodiscard]] bool wants_rewrite() const;
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] const std::vector<Damage>& damage() const { return damage_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  StateLog(os::FileSystem& files, std::string path)
      : files_(files), path_(std::move(path)) {}
  Status load(const OnRecord& on_record);
  Status reopen();

  os::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<os::File> file_;
  std::uint64_t size_ = 0;       // of what is written
  std::uint64_t base_size_ = 0;  // after the last rewrite
  std::string pending_;
  bool broken_ = false;
  bool stale_ = false;  // damaged: a new file is better
  std::vector<Damage> damage_;
};

// Gives every whole record of DIRECTORY/alerts.log to `on_record` and changes
// nothing.  kMissing when there is no such file.
Status read_state_log(const std::string& directory,
                      const StateLog::OnRecord& on_record);

}  // namespace prom::alert
