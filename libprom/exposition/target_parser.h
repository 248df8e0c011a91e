// One target's expositions, one after the other.
//
// Four of five lines of a scrape are those of the scrape before, byte for
// byte.  So the parser keeps the previous body and a table of its lines, runs
// over both bodies to the first difference, and parses only a value that
// changed.  When lines appear, vanish or change their labels it goes on line
// by line and finds its place again at the next series that it knows.  The
// result is exactly that of a Parser on the whole body; a fuzz target holds
// the two together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"
#include "libprom/exposition/series_table.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

// Series are known by a dense number, the ref, which stays the same for the
// life of the parser: the same series text always has the same ref.  (A series
// with `le` or `quantile` has another one under another TYPE, where its labels
// are others.)  Memory: the body, 16 bytes a line, and for each series that
// was ever seen its text and 20 bytes.  One thread.
class TargetParser {
 public:
  struct Entry {
    std::uint32_t ref = 0;
    bool has_timestamp = false;
    double value = 0;
    std::int64_t t_ms = 0;  // valid when has_timestamp
  };
  struct ExemplarEntry {
    std::uint32_t entry = 0;  // index into entries()
    Exemplar exemplar;
  };

  // Exemplars are decoded only if asked for: they cost the repeat scrape.
  explicit TargetParser(bool want_exemplars = false)
      : want_exemplars_(want_exemplars) {}

  // Takes the body, which becomes the "previous body" of the next call.  On
  // failure entries() is empty and what was known stays known.
  Status parse(std::string body, Format format);

  // In the order of the lines.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Refs are below this; it only grows until forget().
  [[nodiscard]] std::size_t series_count() const { return table_.size(); }
  [[nodiscard]] Labels labels(std::uint32_t ref) const;
  // In the order of the lines.
  [[nodiscard]] const std::vector<Metadata>& metadata() const {
    return metadata_;
  }
  // Counts up whenever metadata() changes.
  [[nodiscard]] std::uint64_t metadata_version() const {
    return metadata_version_;
  }
  [[nodiscard]] const std::vector<ExemplarEntry>& exemplars() const {
    return exemplars_;
  }
  // Drops everything that is known; refs begin at 0 again.
  void forget();

 private:
  static constexpr std::uint32_t kNoSample = UINT32_MAX;

  // A record of the previous body.
  struct Line {
    std::uint32_t size = 0;     // bytes, with the newline
    std::uint32_t tail_at = 0;  // where its series ends; 0: read it whole
    std::uint32_t ref = kNoSample;
    Record::Kind kind = Record::Kind::kNothing;
    MetricType type = MetricType::kUnknown;  // in force behind it
    bool has_le = false;
    bool has_quantile = false;
  };
  class Rebuild;

  bool update_values();
  Status rebuild();
  void collect_metadata();
  void collect_exemplars();
  void drop_body();

  const bool want_exemplars_;
  SeriesTable table_;
  Format format_ = Format::kText;
  std::string body_;
  std::vector<Line> lines_;  // of body_, unless a parse failed
  std::vector<Entry> entries_;
  std::vector<Metadata> metadata_;
  std::uint64_t metadata_version_ = 0;
  std::vector<ExemplarEntry> exemplars_;

  // During parse(): the body before, and how far both are dealt with.
  std::string previous_;
  std::size_t at_ = 0;
  std::size_t previous_at_ = 0;
  std::size_t line_ = 0;
  std::size_t entry_ = 0;
};

}  // namespace prom::exposition
