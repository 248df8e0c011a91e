#include "libprom/promql/series_description.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/model/sample.h"
#include "libprom/promql/literals.h"
#include "libprom/promql/parser_internal.h"

namespace prom::promql {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Reads one description front to back.  A rule returns false once it has
// failed; the first failure is kept.
class SeriesReader {
 public:
  explicit SeriesReader(std::string_view text) : text_(text) {}

  Parsed<SeriesDescription> read();

 private:
  bool items(std::vector<SequenceItem>& into);
  bool item(SequenceItem& into);
  bool omitted(SequenceItem& into);
  bool floats(SequenceItem& into);
  bool histograms(SequenceItem& into);
  bool repetition(std::size_t extra, std::size_t& count);

  bool histogram(HistogramDescription& into);
  bool descriptor(HistogramDescription& into, std::set<std::string>& seen);
  bool value_of(const std::string& key, HistogramDescription& into);
  bool bucket_list(std::vector<double>& into);
  bool hint(HistogramDescription& into);

  bool number(double& into);         // digits, Inf or NaN
  bool signed_number(double& into);  // the same after an optional sign
  bool integer(std::int32_t& into);
  std::string_view word();
  std::string_view digits_and_more();

  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool accept(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  bool skip_blanks() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ > begin;
  }
  bool unexpected_here(std::string_view context, std::string_view expected);
  bool fail_at(std::size_t at, std::string message);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  Diagnostics diagnostics_;
};

bool SeriesReader::fail_at(std::size_t at, std::string message) {
  Diagnostic diagnostic;
  const TextPosition position = position_of(text_, at);
  diagnostic.line = position.line;
  diagnostic.column = position.column;
  diagnostic.message = std::move(message);
  diagnostics_.push_back(std::move(diagnostic));
  return false;
}

bool SeriesReader::unexpected_here(std::string_view context,
                                   std::string_view expected) {
  std::string what = "end of input";
  if (at_ < text_.size()) {
    const CodePoint c = decode_utf8(text_.substr(at_));
    what = quote(text_.substr(at_, c.size));
  }
  std::string message = "unexpected " + what + " in " + std::string(context);
  if (!expected.empty()) message += ", expected " + std::string(expected);
  return fail_at(at_, std::move(message));
}

Parsed<SeriesDescription> SeriesReader::read() {
  SeriesDescription description;
  // A brace belongs to the name only without space between: the values may
  // begin with a histogram.
  std::size_t name_end = 0;
  while (name_end < text_.size() &&
         (is_alpha(text_[name_end]) || is_digit(text_[name_end]) ||
          text_[name_end] == ':')) {
    ++name_end;
  }
  const bool has_braces = name_end < text_.size() && text_[name_end] == '{';
  Parser parser(has_braces ? text_ : text_.substr(0, name_end), {});
  auto labels = parser.metric_prefix(at_);
  if (!labels) return std::unexpected(std::move(labels).error());
  description.labels = *std::move(labels);
  if (!items(description.items)) return std::unexpected(diagnostics_);
  return description;
}

bool SeriesReader::items(std::vector<SequenceItem>& into) {
  while (at_ < text_.size()) {
    if (!skip_blanks()) return unexpected_here("series values", "");
    if (at_ == text_.size()) return true;
    SequenceItem next;
    if (!item(next)) return false;
    values_ += next.count;
    if (values_ > kSeriesValuesMax) {
      return fail_at(at_, "series has more than " +
                              std::to_string(kSeriesValuesMax) + " values");
    }
    into.push_back(std::move(next));
  }
  return true;
}

bool SeriesReader::item(SequenceItem& into) {
  const char c = peek();
  if (c == '_') return omitted(into);
  if (c == '{' && peek(1) == '{') return histograms(into);
  if (is_alpha(c)) {
    const std::size_t begin = at_;
    const std::string_view name = word();
    if (name == "stale") {
      into.kind = SequenceItem::Kind::kFloat;
      into.value = stale_nan();
      return true;
    }
    at_ = begin;
    const std::string folded = lowered(name);
    if (folded != "inf" && folded != "nan") {
      return fail_at(begin, "unexpected identifier " + quote(name) +
                                " in series values, expected number or "
                                "\"stale\"");
    }
  } else if (c != '+' && c != '-' && c != '.' && !is_digit(c)) {
    const CodePoint rune = decode_utf8(text_.substr(at_));
    std::string shown = quote(text_.substr(at_, rune.size));
    shown.front() = '\'';
    shown.back() = '\'';
    return fail_at(at_, "unexpected character in series sequence: " + shown);
  }
  return floats(into);
}

// How often, after the `x`.  `extra` is the value that is there anyway.
bool SeriesReader::repetition(std::size_t extra, std::size_t& count) {
  const std::size_t begin = at_;
  const std::string_view digits = digits_and_more();
  const auto times = parse_uint(digits);
  if (!times) {
    return fail_at(begin,
                   "invalid repetition in series values: strconv.ParseUint: "
                   "parsing " +
                       quote(digits) + ": invalid syntax");
  }
  if (*times > kSeriesValuesMax) {
    return fail_at(begin, "series has more than " +
                              std::to_string(kSeriesValuesMax) + " values");
  }
  count = static_cast<std::size_t>(*times) + extra;
  return true;
}

bool SeriesReader::omitted(SequenceItem& into) {
  ++at_;
  into.kind = SequenceItem::Kind::kOmitted;
  return !accept("x") || repetition(0, into.count);
}

bool SeriesReader::floats(SequenceItem& into) {
  into.kind = SequenceItem::Kind::kFloat;
  if (!signed_number(into.value)) return false;
  const bool changes = peek() == '+' || peek() == '-';
  if (changes && !signed_number(into.increment)) return false;
  if (accept("x")) return repetition(1, into.count);
  return !changes || unexpected_here("series values", "");
}

// -- Histograms

bool SeriesReader::histograms(SequenceItem& into) {
  into.kind = SequenceItem::Kind::kHistogram;
  if (!histogram(into.histogram)) return false;
  const char sign = peek();
  if (sign == '+' || sign == '-') {
    ++at_;
    into.histogram_change = sign == '+' ? SequenceItem::Change::kAdd
                                        : SequenceItem::Change::kSubtract;
    if (!histogram(into.histogram_increment)) return false;
  }
  if (accept("x")) return repetition(1, into.count);
  return into.histogram_change == SequenceItem::Change::kNone ||
         unexpected_here("series values", "");
}

bool SeriesReader::histogram(HistogramDescription& into) {
  if (!accept("{{")) return unexpected_here("series values", "");
  std::set<std::string> seen;
  skip_blanks();
  while (!accept("}}")) {
    if (!descriptor(into, seen)) return false;
    if (!skip_blanks() && peek() != '}') {
      return unexpected_here(
          "histogram description",
          "histogram description key, e.g. buckets:[5 10 7]");
    }
  }
  return true;
}

bool SeriesReader::descriptor(HistogramDescription& into,
                              std::set<std::string>& seen) {
  constexpr std::array<std::string_view, 11> kKeys = {"sum",
                                                      "count",
                                                      "schema",
                                                      "offset",
                                                      "n_offset",
                                                      "buckets",
                                                      "n_buckets",
                                                      "z_bucket",
                                                      "z_bucket_w",
                                                      "custom_values",
                                                      "counter_reset_hint"};
  const std::size_t begin = at_;
  if (!is_alpha(peek())) {
    return unexpected_here("histogram description",
                           "histogram description key, e.g. buckets:[5 10 7]");
  }
  const std::string key = lowered(word());
  if (std::ranges::find(kKeys, key) == kKeys.end())
    return fail_at(begin, "bad histogram descriptor found: " + quote(key));
  if (!accept(":"))
    return fail_at(begin, "missing `:` for histogram descriptor");
  if (!seen.insert(key).second) {
    return fail_at(begin, "duplicate key " + quote(key) + " in histogram");
  }
  return value_of(key, into);
}

bool SeriesReader::value_of(const std::string& key,
                            HistogramDescription& into) {
  if (key == "sum") return signed_number(into.sum);
  if (key == "count") return signed_number(into.count);
  if (key == "schema") return integer(into.schema);
  if (key == "offset") return integer(into.offset);
  if (key == "n_offset") return integer(into.negative_offset);
  if (key == "z_bucket") return signed_number(into.zero_count);
  if (key == "z_bucket_w") return number(into.zero_threshold);
  if (key == "buckets") return bucket_list(into.buckets);
  if (key == "n_buckets") return bucket_list(into.negative_buckets);
  if (key == "custom_values") return bucket_list(into.custom_values);
  return hint(into);
}

bool SeriesReader::bucket_list(std::vector<double>& into) {
  if (!accept("[")) return unexpected_here("histogram description", "\"[\"");
  do {
    skip_blanks();
    double value = 0;
    if (!signed_number(value)) return false;
    into.push_back(value);
    const bool blank = skip_blanks();
    if (accept("]")) return true;
    if (!blank) break;
  } while (into.size() < kSeriesValuesMax);
  return unexpected_here("buckets description", "number or \"]\"");
}

bool SeriesReader::hint(HistogramDescription& into) {
  constexpr std::array<std::pair<std::string_view, CounterResetHint>, 4>
      kHints = {{{"unknown", CounterResetHint::kUnknown},
                 {"reset", CounterResetHint::kReset},
                 {"not_reset", CounterResetHint::kNotReset},
                 {"gauge", CounterResetHint::kGauge}}};
  const std::size_t begin = at_;
  const std::string name = lowered(word());
  for (const auto& [known, value] : kHints) {
    if (name != known) continue;
    into.counter_reset_hint = value;
    return true;
  }
  return fail_at(begin, "bad histogram descriptor found: " + quote(name));
}

// -- Numbers and words

std::string_view SeriesReader::word() {
  const std::size_t begin = at_;
  while (is_alpha(peek())) ++at_;
  return text_.substr(begin, at_ - begin);
}

// Everything that can be part of a number; hexadecimal is not among it, since
// 0x3 is zero, four times.
std::string_view SeriesReader::digits_and_more() {
  const std::size_t begin = at_;
  bool after_exponent = false;
  while (is_digit(peek()) || peek() == '.' || peek() == '_' || peek() == 'e' ||
         peek() == 'E' ||
         (after_exponent && (peek() == '+' || peek() == '-'))) {
    after_exponent = peek() == 'e' || peek() == 'E';
    ++at_;
  }
  return text_.substr(begin, at_ - begin);
}

bool SeriesReader::number(double& into) {
  const std::size_t begin = at_;
  if (is_alpha(peek())) {
    const std::string name = lowered(word());
    if (name == "inf" || name == "nan") {
      into = *parse_float(name);
      return true;
    }
    return fail_at(begin, "bad number syntax: " + quote(name));
  }
  const std::string_view digits = digits_and_more();
  const bool ends = !is_alpha(peek()) || peek() == 'x';
  if (digits.empty() || !ends)
    return fail_at(begin, "bad number syntax: " + quote(digits));
  const auto value = number_value(digits);
  if (!value) return fail_at(begin, value.error());
  into = *value;
  return true;
}

bool SeriesReader::signed_number(double& into) {
  const bool negative = peek() == '-';
  if (negative || peek() == '+') ++at_;
  if (!number(into)) return false;
  if (negative) into = -into;
  return true;
}

bool SeriesReader::integer(std::int32_t& into) {
  const std::size_t begin = at_;
  if (peek() == '-') ++at_;
  while (is_digit(peek())) ++at_;
  const std::string_view digits = text_.substr(begin, at_ - begin);
  const auto value = parse_int(digits);
  if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
      *value > std::numeric_limits<std::int32_t>::max()) {
    return fail_at(begin, "bad number syntax: " + quote(digits));
  }
  into = static_cast<std::int32_t>(*value);
  return true;
}

}  // namespace

Parsed<SeriesDescription> parse_series_description(std::string_view text) {
  return SeriesReader(text).read();
}

}  // namespace prom::promql
