// What was sent to whom and how it went, one JSON line an attempt, in
// STORAGE/history.jsonl.  For people and `prom-alert history`; nothing that
// prom-alert does depends on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libprom/alert/dispatcher.h"
#include "libprom/base/result.h"
#include "libprom/os/file.h"

namespace prom::alert {

// At this size the file becomes history.jsonl.1, replacing the one before.
constexpr std::uint64_t kHistoryBytesMax = 16ULL << 20U;

class History {
 public:
  static Result<History> open(const std::string& directory);

  // Failures to write are logged, once per kind, and otherwise ignored.
  void add(const Delivery& delivery, const Outcome& outcome,
           std::int64_t now_ms, std::int64_t took_ms);

 private:
  explicit History(std::string path) : path_(std::move(path)) {}
  Status reopen();

  std::string path_;
  os::Fd fd_;
  std::uint64_t size_ = 0;
  bool complained_ = false;
};

// One line of the file.
std::string history_line(const Delivery& delivery, const Outcome& outcome,
                         std::int64_t now_ms, std::int64_t took_ms);

}  // namespace prom::alert
