// The text format, versions 0.0.4 and 1.0.0, and the pipe dialect of it.
#include <algorithm>
#include <cstring>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/exposition/scanner.h"
#include "libprom/model/histogram_text.h"
#include "libprom/model/sample.h"

namespace prom::exposition {
namespace {

const char* line_end(const char* at, const char* end) {
  if (at == end) return end;
  const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
  return found == nullptr ? end : static_cast<const char*>(found);
}

std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

bool Scanner::read_text_record(Record& record) {
  skip_blanks();
  if (at_ == end_ || *at_ == '\n') return finish_line(record);
  if (*at_ == '#') return read_text_comment(record);
  record.kind = Record::Kind::kSample;
  return read_series<false>(record) && read_text_tail(record);
}

bool Scanner::read_text_comment(Record& record) {
  const char* const stop = line_end(at_, end_);
  const std::string_view line = between(at_, stop);
  if (format_ == Format::kPipe) {
    if (line.starts_with(kPipeStale)) return read_stale(record);
    if (line.starts_with(kPipeStart)) return read_start(record);
    if (line.starts_with(kPipeExemplar)) return read_pipe_exemplar(record);
    if (line == kPipeBegin) record.kind = Record::Kind::kBegin;
    if (line == kPipeEnd) record.kind = Record::Kind::kEnd;
  }
  const char* at = std::find_if_not(at_ + 1, stop, is_blank);
  // HELP and TYPE need a blank on either side; else it is a comment.
  const bool is_metadata =
      at != at_ + 1 && stop - at > 4 && is_blank(at[4]) &&
      (std::memcmp(at, "HELP", 4) == 0 || std::memcmp(at, "TYPE", 4) == 0);
  if (is_metadata) {
    record.kind = *at == 'H' ? Record::Kind::kHelp : Record::Kind::kType;
    at_ = std::find_if_not(at + 4, stop, is_blank);
    return read_text_metadata(record);
  }
  at_ = stop;
  return finish_line(record);
}

bool Scanner::read_text_metadata(Record& record) {
  if (!read_family(record)) return false;
  const char* const stop = line_end(at_, end_);
  // One byte separates; what is only blanks is no text.
  const bool has_text = std::find_if_not(at_, stop, is_blank) != stop;
  record.text = has_text ? between(at_ + 1, stop) : std::string_view();
  if (record.kind == Record::Kind::kHelp) {
    if (!is_valid_utf8(record.text)) return complain("invalid UTF-8");
  } else if (record.text == "counter") {
    record.type = MetricType::kCounter;
  } else if (record.text == "gauge") {
    record.type = MetricType::kGauge;
  } else if (record.text == "histogram") {
    record.type = MetricType::kHistogram;
  } else if (record.text == "summary") {
    record.type = MetricType::kSummary;
  } else if (record.text == "untyped") {
    record.type = MetricType::kUnknown;
  } else {
    return complain("invalid metric type");
  }
  at_ = stop;
  return finish_line(record);
}

bool Scanner::read_text_tail(Record& record) {
  skip_blanks();
  if (at_ == end_ || *at_ == '\n')
    return complain("expected value after metric");
  const bool is_histogram = format_ == Format::kPipe && *at_ == '{';
  if (is_histogram ? !read_histogram(record)
                   : !read_number<false>(record.value))
    return false;
  skip_blanks();
  if (at_ != end_ && *at_ != '\n' && !read_text_timestamp(record)) return false;
  return finish_line(record);
}

bool Scanner::read_text_timestamp(Record& record) {
  record.has_timestamp = read_integer(record.t_ms);
  return record.has_timestamp;
}

// Milliseconds since 1970, and blanks.
bool Scanner::read_integer(std::int64_t& value) {
  const char* const from = at_;
  if (format_ == Format::kPipe) skip('-');
  at_ =
      std::find_if_not(at_, end_, [](char c) { return c >= '0' && c <= '9'; });
  const std::optional<std::int64_t> parsed = parse_int(between(from, at_));
  if (!parsed) return complain("expected a timestamp in milliseconds", from);
  value = *parsed;
  skip_blanks();
  return true;
}

// {{…}}; what is in it is the parser's to read.
bool Scanner::read_histogram(Record& record) {
  const std::string_view rest = between(at_, line_end(at_, end_));
  const std::size_t close = rest.find(kHistogramClosing);
  if (!rest.starts_with(kHistogramOpening) || close == std::string_view::npos)
    return complain("expected a number or a histogram");
  record.histogram = rest.substr(0, close + kHistogramClosing.size());
  at_ += record.histogram.size();
  return true;
}

// # START name{labels} start timestamp
bool Scanner::read_start(Record& record) {
  at_ += kPipeStart.size();
  record.kind = Record::Kind::kStart;
  if (!read_series<false>(record)) return false;
  skip_blanks();
  if (!read_integer(record.start_ms)) return false;
  if (!read_text_timestamp(record)) return false;
  return finish_line(record);
}

// # EXEMPLAR name{labels} {labels} value timestamp
bool Scanner::read_pipe_exemplar(Record& record) {
  at_ += kPipeExemplar.size();
  record.kind = Record::Kind::kExemplar;
  if (!read_series<false>(record)) return false;
  skip_blanks();
  const char* const from = at_;
  if (!looking_at('{')) return complain("expected the labels of an exemplar");
  if (!read_exemplar_labels()) return false;
  record.exemplar = between(from, at_);
  skip_blanks();
  if (!read_number<false>(record.value)) return false;
  skip_blanks();
  if (!read_text_timestamp(record)) return false;
  return finish_line(record);
}

// # STALE name{labels} timestamp
bool Scanner::read_stale(Record& record) {
  at_ += kPipeStale.size();
  record.kind = Record::Kind::kStale;
  if (!read_series<false>(record)) return false;
  skip_blanks();
  if (!read_text_timestamp(record)) return false;
  record.value = stale_nan();
  return finish_line(record);
}

}  // namespace prom::exposition
