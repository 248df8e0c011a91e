#include "libprom/exposition/scanner.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "libprom/base/diagnostic.h"
#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/exposition/scan.h"
#include "libprom/model/sample.h"

namespace prom::exposition {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr std::array<double, 23> kPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Reads a decimal number whose value is one exact operation on two exact
// doubles (Clinger's fast path): digits below 2^53 and a power of ten up to
// 10^22.  Nearly all numbers of an exposition are.  Returns its end, or null
// when the number is of another kind or longer.
const char* read_simple_number(const char* at, const char* end, double& value) {
  constexpr std::ptrdiff_t kDigitsMax = 18;
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  const char* const whole = at;
  for (; at != end && is_digit(*at); ++at)
    digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
  std::ptrdiff_t count = at - whole;
  std::ptrdiff_t exponent = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    for (; at != end && is_digit(*at); ++at)
      digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
    exponent = fraction - at;
    count -= exponent;
  }
  if (count == 0 || count > kDigitsMax || digits >= 1ULL << 53U) return nullptr;
  if (at != end && (*at == 'e' || *at == 'E')) {
    if (++at == end) return nullptr;
    const bool down = *at == '-';
    if (*at == '-' || *at == '+') ++at;
    if (end - at < 2 || !is_digit(at[0]) || !is_digit(at[1])) return nullptr;
    const std::ptrdiff_t power = (at[0] - '0') * 10 + (at[1] - '0');
    exponent += down ? -power : power;
    at += 2;
  }
  value = static_cast<double>(digits);
  if (exponent < 0) {
    if (exponent < -22) return nullptr;
    value /= kPowersOfTen[static_cast<std::size_t>(-exponent)];
  } else if (exponent > 0) {
    if (exponent > 22) return nullptr;
    value *= kPowersOfTen[static_cast<std::size_t>(exponent)];
  }
  if (negative) value = -value;
  return at;
}

}  // namespace

Scanner::Scanner(std::string_view input, Format format,
                 std::uint32_t first_line)
    : begin_(input.data()),
      at_(input.data()),
      end_(input.data() + input.size()),
      format_(format),
      first_line_(first_line) {}

bool Scanner::next(Record& record) {
  record.begin = at_;
  record.kind = Record::Kind::kNothing;
  record.has_timestamp = false;
  record.exemplar = {};
  record.histogram = {};
  newlines_ = 0;
  const bool ok = format_ == Format::kOpenMetrics
                      ? read_open_metrics_record(record)
                      : read_text_record(record);
  if (!ok) return false;
  if (at_ - record.begin > static_cast<std::ptrdiff_t>(kRecordBytesMax))
    return complain("line longer than 1 MiB", record.begin);
  record.end = at_;
  record.newlines = newlines_;
  return true;
}

bool Scanner::read_tail(std::size_t offset, Record& record) {
  at_ = begin_ + offset;
  newlines_ = 0;
  record.has_timestamp = false;
  record.exemplar = {};
  record.histogram = {};
  // Anything but a blank may belong to the series.
  if (at_ == end_ || (*at_ != ' ' && *at_ != '\t')) return false;
  const bool ok = format_ == Format::kOpenMetrics
                      ? read_open_metrics_tail(record)
                      : read_text_tail(record);
  record.end = at_;
  record.newlines = newlines_;
  return ok;
}

Error Scanner::error_at(const char* where, std::string_view what) const {
  const std::string_view input(begin_, static_cast<std::size_t>(end_ - begin_));
  const TextPosition position =
      position_of(input, static_cast<std::size_t>(where - begin_));
  return Error{Code::kBadData, std::to_string(position.line + first_line_ - 1) +
                                   ":" + std::to_string(position.column) +
                                   ": " + std::string(what)};
}

bool Scanner::complain(const char* what, const char* where) {
  what_ = what;
  where_ = where;
  return false;
}

bool Scanner::complain(const char* what, std::string_view where) {
  return complain(what, std::to_address(where.begin()));
}

bool Scanner::skip(char c) {
  if (!looking_at(c)) return false;
  ++at_;
  return true;
}

void Scanner::skip_blanks() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
}

bool Scanner::finish_line(Record& record) {
  if (at_ != end_) {
    if (*at_ != '\n') return complain("expected the end of the line");
    ++at_;
    ++newlines_;
  }
  record.end = at_;
  return true;
}

// --- quoted strings

bool Scanner::read_quoted(std::string_view& inside, bool newline_allowed) {
  const char* const opening = at_;
  if (!skip('"')) return complain("expected a quoted string");
  const char* const from = at_;
  at_ = scan::quotes_end(from, end_);
  if (at_ == end_ || *at_ != '"') {
    if (!read_quoted_rest(opening, from, newline_allowed)) return false;
  }
  inside = {from, static_cast<std::size_t>(at_ - from)};
  ++at_;
  return true;
}

// Goes on from the first byte that is not plain to the closing quote.
bool Scanner::read_quoted_rest(const char* opening, const char* from,
                               bool newline_allowed) {
  bool ascii = true;
  while (at_ != end_ && *at_ != '"') {
    if (*at_ == '\n') {
      if (!newline_allowed)
        return complain("newline in a quoted string", opening);
      ++newlines_;
    } else if (*at_ == '\\') {
      // Any escape is taken; the unknown ones stand for themselves.
      if (end_ - at_ < 2 || at_[1] == '\n')
        return complain("backslash at the end of a line");
      ++at_;
    }
    ascii = ascii && (static_cast<unsigned char>(*at_) & 0x80U) == 0;
    ++at_;
    at_ = scan::quotes_end(at_, end_);
  }
  if (at_ == end_) return complain("a quoted string does not end", opening);
  if (!ascii && !is_valid_utf8({from, static_cast<std::size_t>(at_ - from)}))
    return complain("invalid UTF-8", opening);
  return true;
}

bool Scanner::read_quoted_name(std::string_view& inside, bool newline_allowed) {
  const char* const opening = at_;
  if (!read_quoted(inside, newline_allowed)) return false;
  if (inside.empty()) return complain("empty name", opening);
  if (std::memchr(inside.data(), 0, inside.size()) != nullptr)
    return complain("zero byte in a name", opening);
  return true;
}

// --- series

bool Scanner::note_label(std::string_view name, Record& record) {
  if (name.size() == 2 && name == "le") {
    record.has_le = true;
  } else if (name.size() == 8) {
    if (name == kMetricName) return complain("the metric has two names", name);
    if (name == "quantile") record.has_quantile = true;
  }
  labels_.push_back(name);
  return true;
}

// Clients write labels in order; only others pay for sorting.
bool Scanner::check_label_names() {
  const auto falls = [](std::string_view a, std::string_view b) {
    return a >= b;
  };
  if (std::ranges::adjacent_find(labels_, falls) == labels_.end()) return true;
  const std::string_view where = labels_.front();
  std::ranges::sort(labels_);
  const auto twice = std::ranges::adjacent_find(labels_);
  if (twice == labels_.end()) return true;
  return complain("a label comes twice", where);
}

bool Scanner::read_label_name(std::string_view& name) {
  const char* const from = at_;
  if (at_ != end_ && !is_digit(*at_))
    at_ = scan::name_end<scan::Name::kLabel>(at_, end_);
  name = {from, static_cast<std::size_t>(at_ - from)};
  return !name.empty() || complain("expected label name");
}

template <bool kOpenMetrics>
bool Scanner::read_labels(Record& record, bool has_name) {
  const auto blanks = [](Scanner& scanner) {
    if constexpr (!kOpenMetrics) scanner.skip_blanks();
  };
  for (;;) {
    blanks(*this);
    if (skip('}')) break;
    std::string_view name;
    const bool in_quotes = looking_at('"');
    if (in_quotes) {
      if (!read_quoted_name(name, true)) return false;
    } else if (!read_label_name(name)) {
      return false;
    }
    blanks(*this);
    if (in_quotes && (looking_at(',') || looking_at('}'))) {
      if (has_name) return complain("the metric has two names", name);
      has_name = true;
      skip(',');
      continue;
    }
    if (!note_label(name, record)) return false;
    if (!skip('=')) return complain("expected equal");
    blanks(*this);
    std::string_view value;
    if (!looking_at('"')) return complain("expected label value");
    if (!read_quoted(value, !kOpenMetrics)) return false;
    blanks(*this);
    // Text does without the comma, as upstream's parser.
    if (!skip(',') && kOpenMetrics && !looking_at('}'))
      return complain("expected comma or brace close");
  }
  if (!has_name) return complain("metric name not set", record.begin);
  return check_label_names();
}

template <bool kOpenMetrics>
bool Scanner::read_series(Record& record) {
  const char* const from = at_;
  record.has_le = false;
  record.has_quantile = false;
  labels_.clear();
  if (at_ == end_ || is_digit(*at_))
    return complain("expected a metric name or a comment");
  at_ = scan::name_end<scan::Name::kMetric>(at_, end_);
  const bool has_name = at_ != from;
  const char* series_end = at_;
  if constexpr (!kOpenMetrics) {
    if (has_name) skip_blanks();
  }
  if (skip('{')) {
    if (!read_labels<kOpenMetrics>(record, has_name)) return false;
    series_end = at_;
  } else if (!has_name) {
    return complain("expected a metric name or a comment");
  } else {
    at_ = series_end;
  }
  record.series = {from, static_cast<std::size_t>(series_end - from)};
  return true;
}
template bool Scanner::read_series<true>(Record& record);
template bool Scanner::read_series<false>(Record& record);

// The metric family behind HELP, TYPE or UNIT.
bool Scanner::read_family(Record& record) {
  if (looking_at('"')) return read_quoted_name(record.family, true);
  const char* const from = at_;
  if (at_ != end_ && !is_digit(*at_))
    at_ = scan::name_end<scan::Name::kMetric>(at_, end_);
  if (at_ == from) return complain("expected metric name");
  record.family = {from, static_cast<std::size_t>(at_ - from)};
  return true;
}

// --- numbers

template <bool kOpenMetrics>
bool Scanner::read_number(double& value) {
  const auto ends = [](char c) {
    return c == ' ' || c == '\n' || (!kOpenMetrics && (c == '\t' || c == '{'));
  };
  const char* const simple = read_simple_number(at_, end_, value);
  if (simple != nullptr && (simple == end_ || ends(*simple))) {
    at_ = simple;
    return true;
  }
  const char* const stop = std::find_if(at_, end_, ends);
  const std::string_view token(at_, static_cast<std::size_t>(stop - at_));
  if (token.empty()) return complain("expected a value");
  // Upstream keeps to the floats of Go before 1.13.
  if (token.find_first_of("pP_") != std::string_view::npos)
    return complain("unsupported character in float");
  const std::optional<double> parsed = parse_float(token);
  if (!parsed) return complain("not a number");
  value = *parsed != *parsed ? normal_nan() : *parsed;
  at_ = stop;
  return true;
}
template bool Scanner::read_number<true>(double& value);
template bool Scanner::read_number<false>(double& value);

}  // namespace prom::exposition
