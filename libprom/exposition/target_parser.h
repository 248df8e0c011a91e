// One target's expositions, one after the other.
//
// Four of five lines of a scrape are those of the scrape before, byte for
// byte.  So the parser keeps the previous body and a table of its lines, runs
// over both bodies to the first difference, and parses only a value that
// changed.  When lines appear, vanish or change their labels it goes on line
// by line and finds its place again at the next series that it knows.  The
// result is exactly that of a Parser on the whole body; a fuzz target holds
// the two together.  Protobuf is parsed whole, with series known by the bytes
// of their metrics (protobuf_parser.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/classic_converter.h"
#include "libprom/exposition/format.h"
#include "libprom/exposition/protobuf_parser.h"
#include "libprom/exposition/series_table.h"
#include "libprom/exposition/start_times.h"
#include "libprom/exposition/target_scrape.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

// Series are known by a dense number, the ref, which stays the same for the
// life of the parser: the same series text always has the same ref.  (A series
// with `le` or `quantile` has another one under another TYPE, where its labels
// are others.)  Memory: the body, 16 bytes a line, and for each series that
// was ever seen its text and 20 bytes.  One thread.
class TargetParser {
 public:
  using Entry = TargetEntry;
  using ExemplarEntry = TargetExemplar;

  // Exemplars are decoded only if asked for: they cost the repeat scrape.
  explicit TargetParser(bool want_exemplars = false)
      : want_exemplars_(want_exemplars) {}

  // Takes the body, which becomes the "previous body" of the next call.  On
  // failure entries() has what stands before the error, only to be counted,
  // and what was known stays known.
  Status parse(std::string body, Format format,
               const HistogramOptions& options = {});

  // In the order of the lines.
  [[nodiscard]] const std::vector<Entry>& entries() const {
    return scrape().entries;
  }
  // The caller may change them, and take them.
  [[nodiscard]] std::vector<FloatHistogram>& histograms() {
    return made_.histograms;
  }
  // Empty, or one for each entry: when its counter started, 0 where unknown.
  [[nodiscard]] const std::vector<std::int64_t>& starts() const {
    return scrape().starts;
  }
  // Refs are below this; it only grows until forget().
  [[nodiscard]] std::size_t series_count() const { return table_.size(); }
  [[nodiscard]] Labels labels(std::uint32_t ref) const;
  // The names that stand there with an empty value: not labels of the series,
  // but with honor_labels they take the target's away.
  [[nodiscard]] std::vector<std::string> empty_labels(std::uint32_t ref) const;
  // In the order of the lines.
  [[nodiscard]] const std::vector<Metadata>& metadata() const {
    return lines_scrape_.metadata;
  }
  // Counts up whenever metadata() changes.
  [[nodiscard]] std::uint64_t metadata_version() const {
    return metadata_version_;
  }
  [[nodiscard]] const std::vector<ExemplarEntry>& exemplars() const {
    return scrape().exemplars;
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
  Status parse_lines(std::string body, Format format);
  Status parse_protobuf(std::string_view body, const HistogramOptions& options);
  void classify_series(bool want_starts, bool want_conversion);
  [[nodiscard]] const TargetScrape& scrape() const {
    return is_made_ ? made_ : lines_scrape_;
  }

  const bool want_exemplars_;
  SeriesTable table_;
  Format format_ = Format::kText;
  std::string body_;
  std::vector<Line> lines_;  // of body_, unless a parse failed
  std::uint64_t metadata_version_ = 0;
  TargetScrape lines_scrape_;  // as the lines of body_ have it

  // Out of protobuf, or with histograms converted.
  bool is_made_ = false;
  TargetScrape made_;
  ProtobufParser protobuf_;

  // Of series on the lines: what is worked out once.
  bool lines_changed_ = false;  // since classify_series
  bool classified_starts_ = false;
  bool classified_conversion_ = false;
  std::vector<bool> classified_;  // by ref
  StartTimes start_times_;
  ClassicConverter converter_;

  // During parse(): the body before, and how far both are dealt with.
  std::string previous_;
  std::size_t at_ = 0;
  std::size_t previous_at_ = 0;
  std::size_t line_ = 0;
  std::size_t entry_ = 0;
};

}  // namespace prom::exposition
