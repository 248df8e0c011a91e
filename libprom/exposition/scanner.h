// Walks exposition text record by record: a record is a line, or several when
// a quoted string holds a newline, which the text format allows.  It checks
// the whole syntax of a record and decodes numbers, but copies nothing; Parser
// and TargetParser make labels and metadata of records.
//
// The grammar is that of Prometheus 3.14, where each format has its own
// strictness: in text blanks may stand almost anywhere, in OpenMetrics exactly
// one space stands where one must.  A record means the same wherever it
// stands, but for the type: `le` of a histogram and `quantile` of a summary
// are made canonical, and which it is says the last TYPE before, as upstream
// has it.  TargetParser relies on this.
//
// Stricter than upstream's parser, as strict as its scrape loop: names are
// UTF-8 and not empty, no label comes twice, none is called __name__.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/exposition/format.h"
#include "libprom/model/labels.h"

namespace prom::exposition {

// No record may be longer: the store and the wire refuse longer label sets.
constexpr std::size_t kRecordBytesMax = 1ULL << 20U;

// Which label is a number to be written in canonical form.
// kEncoded: the text is no line of an exposition, but Labels::encoded().
// kEncodedWithEmpty: that, and the names of labels with an empty value, each
// behind its length as a varint.
enum class Canonical : std::uint8_t {
  kNone,
  kLe,
  kQuantile,
  kEncoded,
  kEncodedWithEmpty,
};

// Views point into the input.
struct Record {
  enum class Kind : std::uint8_t {
    kNothing,  // a blank line or a comment
    kHelp,
    kType,
    kUnit,
    kSample,
    kStale,     // pipe: a sample whose value is the stale NaN
    kStart,     // pipe: when the counter of a series started
    kExemplar,  // pipe: one of a series
    kBegin,     // pipe: the first line
    kEnd,       // the last line of OpenMetrics and the pipe dialect
  };
  Kind kind = Kind::kNothing;
  // kSample, kStale
  bool has_timestamp = false;
  bool has_le = false;  // there is a label with this name
  bool has_quantile = false;
  MetricType type = MetricType::kUnknown;  // kType
  std::uint32_t newlines = 0;              // in the record, its own included
  const char* begin = nullptr;
  const char* end = nullptr;  // behind the newline
  std::string_view series;    // name{labels} as written
  double value = 0;
  std::int64_t t_ms = 0;
  std::int64_t start_ms = 0;   // kStart: 0 for unknown
  std::string_view histogram;  // pipe: in place of a value; empty: none
  std::string_view exemplar;   // from its brace to the end; empty: none
  // kHelp, kType, kUnit: as written, without the quotes of a quoted name.
  std::string_view family;
  std::string_view text;
};

class Scanner {
 public:
  // Borrows `input`, whose last line need not end in a newline; that line has
  // the number `first_line` in errors.
  explicit Scanner(std::string_view input, Format format,
                   std::uint32_t first_line = 1);

  [[nodiscard]] bool done() const { return at_ == end_; }
  // Reads the record that begins where the last one ended.  False on malformed
  // input: see error().  REQUIRES: !done().
  bool next(Record& record);
  // Goes on at this offset, the beginning of a record.
  void seek(std::size_t offset) { at_ = begin_ + offset; }
  [[nodiscard]] std::size_t offset() const {
    return static_cast<std::size_t>(at_ - begin_);
  }

  // Reads what follows the series of a sample, from the blank on; `record`
  // gets value, timestamp, exemplar and end.  False when it is not plainly
  // that: the record must then be read as a whole.
  bool read_tail(std::size_t offset, Record& record);

  // REQUIRES: next() returned false.  kBadData, "line:column: reason".
  [[nodiscard]] Error error() const { return error_at(where_, what_); }
  [[nodiscard]] Error error_at(const char* where, std::string_view what) const;

 private:
  // Each takes its piece of a record from at_, or complains and returns false.
  bool complain(const char* what) { return complain(what, at_); }
  bool complain(const char* what, const char* where);
  bool complain(const char* what, std::string_view where);
  [[nodiscard]] bool looking_at(char c) const {
    return at_ != end_ && *at_ == c;
  }
  bool skip(char c);
  void skip_blanks();

  // What both grammars have.
  template <bool kOpenMetrics>
  bool read_series(Record& record);
  template <bool kOpenMetrics>
  bool read_labels(Record& record, bool has_name);
  bool read_quoted(std::string_view& inside, bool newline_allowed);
  bool read_quoted_rest(const char* opening, const char* from,
                        bool newline_allowed);
  bool read_quoted_name(std::string_view& inside, bool newline_allowed);
  bool read_label_name(std::string_view& name);
  bool note_label(std::string_view name, Record& record);
  bool check_label_names();
  bool read_family(Record& record);
  template <bool kOpenMetrics>
  bool read_number(double& value);
  bool finish_line(Record& record);

  bool read_text_record(Record& record);
  bool read_text_comment(Record& record);
  bool read_text_metadata(Record& record);
  bool read_text_tail(Record& record);
  bool read_text_timestamp(Record& record);
  bool read_stale(Record& record);
  bool read_start(Record& record);
  bool read_pipe_exemplar(Record& record);
  bool read_integer(std::int64_t& value);
  bool read_histogram(Record& record);

  bool read_open_metrics_record(Record& record);
  bool read_open_metrics_comment(Record& record);
  bool read_open_metrics_tail(Record& record);
  bool read_open_metrics_timestamp(std::int64_t& t_ms);
  bool read_exemplar(Record& record);
  bool read_exemplar_labels();

  const char* begin_;
  const char* at_;
  const char* end_;
  Format format_;
  std::uint32_t first_line_;
  const char* what_ = nullptr;  // the error
  const char* where_ = nullptr;
  std::uint32_t newlines_ = 0;            // of this record, so far
  std::vector<std::string_view> labels_;  // names in this record
};

// The labels of a series that a Scanner has read.
Labels labels_of(std::string_view series, Canonical canonical);
// The names of labels whose value is empty, which Labels cannot hold.
std::vector<std::string> empty_labels_of(std::string_view series);
// What applies to a record under the type that was seen last.
inline Canonical canonical_of(const Record& record, MetricType type) {
  if (record.has_le && type == MetricType::kHistogram) return Canonical::kLe;
  if (record.has_quantile && type == MetricType::kSummary)
    return Canonical::kQuantile;
  return Canonical::kNone;
}
// The exemplar of a record that has one.
Exemplar exemplar_of(const Record& record);
// Of a kHelp, kType or kUnit record.
void metadata_of(const Record& record, Format format, Metadata& into);

}  // namespace prom::exposition
