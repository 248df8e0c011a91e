// Scrapes as they came, in a file: what each target answered and when, so that
// the same can be taken apart again.  prom-record(5) describes the format.
//
// A body is compressed against the one before of the same target, of which it
// usually repeats nearly everything.  One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/config/targets.h"
#include "libprom/exposition/format.h"
#include "libprom/os/file.h"

namespace prom::scrape {

// A target as it stands in a recording: its URL is without user info.
struct RecordedTarget {
  std::string job;
  config::Target spec;
};

// One scrape.  Without an error there is a body.
struct RecordedScrape {
  std::uint32_t target = 0;  // its number; see RecordingReader::target
  std::int64_t t_ms = 0;
  std::int64_t duration_ns = 0;
  std::optional<Error> error = {};
  exposition::Format format = exposition::Format::kText;
  std::string body = {};
};

class RecordingWriter {
 public:
  // Creates the file; kBadData when there is one already.
  static Result<RecordingWriter> create(const std::string& path);

  // `source` tells targets apart.  After a failure nothing more is written.
  Status write(std::uint64_t source, const std::string& job,
               const config::Target& spec, const RecordedScrape& scrape);
  // The target is gone: its last body is forgotten.
  void forget(std::uint64_t source);
  // Writes what is buffered, and the end.
  Status close();

 private:
  struct Known {
    std::uint32_t number = 0;
    config::Target spec;
    std::string body;  // the last one, when it is kept
  };

  explicit RecordingWriter(std::unique_ptr<os::File> file);
  std::uint32_t number_of(std::uint64_t source, const std::string& job,
                          const config::Target& spec);
  void append_body(Known& known, const RecordedScrape& scrape);
  void append_frame();
  Status flush();

  std::unique_ptr<os::File> file_;
  std::uint64_t written_ = 0;
  std::string buffer_;
  std::string frame_;  // being made
  std::unordered_map<std::uint64_t, Known> targets_;
  std::uint32_t targets_made_ = 0;
  std::uint64_t history_bytes_ = 0;
  std::int64_t last_ms_ = 0;
  std::uint64_t scrapes_ = 0;
  bool failed_ = false;
};

class RecordingReader {
 public:
  // kBadData when the file is no recording.
  static Result<RecordingReader> open(const std::string& path);

  // The next scrape, or false at the end.  kCorrupt for a damaged file and one
  // that is cut off; what came before is good.
  Result<bool> next(RecordedScrape& into);
  // REQUIRES: the number of a scrape that next() gave.
  [[nodiscard]] const RecordedTarget& target(std::uint32_t number) const {
    return targets_[number];
  }

 private:
  explicit RecordingReader(std::unique_ptr<os::File> file);
  Result<std::string_view> next_frame();
  Status fill(std::size_t size);
  Status read_target(std::string_view payload);
  Status read_scrape(std::string_view payload, RecordedScrape& into);
  [[nodiscard]] std::unexpected<Error> corrupt(const std::string& what) const;

  std::unique_ptr<os::File> file_;
  std::uint64_t file_at_ = 0;  // where buffer_ ends in the file
  std::string buffer_;
  std::size_t buffer_at_ = 0;
  std::uint64_t frame_at_ = 0;  // of the current frame, for messages
  std::vector<RecordedTarget> targets_;
  std::vector<std::string> bodies_;  // the last ones, by target
  std::uint64_t history_bytes_ = 0;
  std::int64_t last_ms_ = 0;
  std::uint64_t scrapes_ = 0;
};

}  // namespace prom::scrape
