// A Prometheus data directory as one snapshot: its blocks, the chunks of its
// head and its write-ahead logs.  prom-query --tsdb and prom-store import
// read it; the Prometheus server may be running, writing, compacting and
// deleting meanwhile.  Nothing is ever written there and no lock is taken.
//
// What is open stays readable after the server deletes it: blocks are mapped,
// files of the head are read through descriptors.  Mapped files are complete
// before they get their name, so that they are never cut under us; files that
// grow or are cut (logs, head chunks) are only read(2), up to the size they
// had when they were opened.
//
// The formats: tsdb/docs/format of prometheus/prometheus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/block.h"

namespace prom::tsdb {

class Head;

struct Exemplar {
  Labels labels;
  double value = 0;
  std::int64_t t_ms = 0;
};

// What a log says about a series; "" where it says nothing.
struct SeriesMetadata {
  std::string type;  // counter, gauge, histogram, …
  std::string unit;
  std::string help;
};

// The series that some matchers accept, in ascending order of their labels.
// Keeps the directory's snapshot alive.  Threads may share it.
class Selection {
 public:
  ~Selection();
  Selection(Selection&&) noexcept;
  Selection& operator=(Selection&&) noexcept;

  [[nodiscard]] std::size_t size() const { return series_.size(); }
  // Valid as long as the selection.
  [[nodiscard]] const Labels& labels(std::size_t series) const {
    return series_[series].labels;
  }

  // Appends the samples of one series within the times of the selection,
  // ascending and without duplicates, but no end_series().  Where blocks and
  // head hold the same time, the sample of the older block counts; what was
  // deleted is left out.  A chunk that cannot be read costs itself only and is
  // told in `damage`, with file and offset.
  void read(std::size_t series, Samples& into,
            std::vector<Error>& damage) const;

  // Of the write-ahead log; blocks have neither.
  [[nodiscard]] std::vector<Exemplar> exemplars(std::size_t series) const;
  [[nodiscard]] SeriesMetadata metadata(std::size_t series) const;

 private:
  friend class DataDirectory;
  struct Part {
    std::uint32_t place = 0;   // of the block; kHeadPlace for the head
    std::uint32_t series = 0;  // id in the block, number in the head
  };
  struct Entry {
    Labels labels;
    std::vector<Part> parts;
  };
  Selection();

  TimeRange range_;
  std::vector<std::shared_ptr<const Block>> blocks_;
  std::shared_ptr<const Head> head_;
  std::int64_t head_begin_ms_ = 0;
  std::vector<Entry> series_;
};

// Immutable once open; threads may share it.
class DataDirectory {
 public:
  // `path` is a data directory, a snapshot, or a single block.  kMissing when
  // it is none of them.  Blocks and logs that are damaged cost themselves only
  // and are told by warnings().  Takes the time to read the write-ahead log
  // once; blocks are opened when a query first needs them.
  static Result<std::shared_ptr<const DataDirectory>> open(
      const std::string& path);
  ~DataDirectory();

  // In ascending order of their first time.
  [[nodiscard]] const std::vector<std::shared_ptr<const Block>>& blocks()
      const {
    return blocks_;
  }
  // First and last time of all samples; min_ms > max_ms when there are none.
  [[nodiscard]] TimeRange span() const;
  // What is missing although the directory is open: "wal/00000012: bad
  // checksum at 65536; the rest of the file is left out".
  [[nodiscard]] const std::vector<std::string>& warnings() const {
    return warnings_;
  }

  // Series with samples in the range, or that may have some.  Blocks whose
  // index is damaged are told in `damage` and left out.
  [[nodiscard]] Result<Selection> select(const Matchers& matchers,
                                         TimeRange range,
                                         std::vector<Error>& damage) const;
  // Sorted, at most `limit`.
  [[nodiscard]] Result<std::vector<std::string>> label_names(
      const Matchers& matchers, TimeRange range, std::size_t limit) const;
  [[nodiscard]] Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, TimeRange range,
      std::size_t limit) const;

 private:
  DataDirectory();
  Status open_blocks(const std::string& path);
  Status walk(const Matchers& matchers, TimeRange range,
              const std::function<void(const Labels&)>& visit) const;

  std::vector<std::shared_ptr<const Block>> blocks_;
  std::shared_ptr<const Head> head_;
  std::vector<std::string> warnings_;
};

}  // namespace prom::tsdb
