// Exposition text to samples: the Prometheus text format 0.0.4 and 1.0.0
// (quoted UTF-8 names), OpenMetrics 1.0, and the pipe dialect of the text
// format that our own tools exchange (prom-wire(5)).
//
// Parser walks any input once.  TargetParser (target_parser.h) is for a target
// that is scraped again and again: it keeps the previous body and parses only
// what changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"
#include "libprom/exposition/scanner.h"
#include "libprom/exposition/target_parser.h"
#include "libprom/model/histogram.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

// Views point into the input.
struct Sample {
  std::string_view series;  // as written: name{labels}
  double value = 0;         // the stale NaN for `# STALE`
  std::optional<std::int64_t> t_ms;
  bool has_exemplar = false;
  bool is_histogram = false;  // pipe: see Parser::histogram
  std::uint32_t line = 0;     // 1-based
};

class Parser {
 public:
  enum class Item {
    kSample,
    kMetadata,
    kStart,     // pipe: see start_ms()
    kExemplar,  // pipe: of labels(), see exemplar()
    kEnd,
  };

  // What a piece of input leaves to the next one.
  struct Continuation {
    MetricType type = MetricType::kUnknown;  // of the last TYPE
    std::uint32_t line = 1;                  // number of the next line
    bool begun = false;  // pipe: "# prom-samples v1" was seen
    bool ended = false;  // "# EOF" or "# prom-samples end" was the last line
  };

  // Borrows `input`, which is all there is: OpenMetrics and the pipe dialect
  // must end as they have to.
  Parser(std::string_view input, Format format);
  // A piece of a longer input, which ends with the end of a line.  At its end
  // next() returns kEnd and continuation() is for the next piece; whether the
  // input was cut is known when there is none: !continuation().ended.
  Parser(std::string_view piece, Format format, const Continuation& before);

  // kBadData with "line:column: reason" on the first malformed line; the
  // parser then stays there.
  Result<Item> next();

  // Of the item that next() returned last.
  [[nodiscard]] const Sample& sample() const { return sample_; }
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  // Name and labels of the sample, with le and quantile in canonical form.
  [[nodiscard]] Labels labels() const;
  // REQUIRES: sample().has_exemplar, or kExemplar.
  [[nodiscard]] Exemplar exemplar() const;
  // REQUIRES: sample().is_histogram.
  [[nodiscard]] const FloatHistogram& histogram() const { return histogram_; }
  // kStart: from sample().t_ms on the counter of labels() is one that started
  // then; 0 for unknown.
  [[nodiscard]] std::int64_t start_ms() const { return record_.start_ms; }

  [[nodiscard]] const Continuation& continuation() const { return state_; }

 private:
  Result<Item> end();
  Status read_histogram();

  Scanner scanner_;
  Format format_;
  bool whole_;  // nothing follows the input
  Continuation state_;
  Record record_;
  Sample sample_;
  FloatHistogram histogram_;
  Metadata metadata_;
};

// Where "# EOF" and the first and last line of the pipe dialect may stand;
// null when a record of this kind may, else what is wrong.  Shared with
// TargetParser.
const char* check_frame(Format format, Record::Kind kind,
                        Parser::Continuation& state);

}  // namespace prom::exposition
