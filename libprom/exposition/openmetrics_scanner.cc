// OpenMetrics 1.0 and 0.0.1, as Prometheus reads it: one space where one must
// be, none elsewhere.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "libprom/base/utf8.h"
#include "libprom/exposition/scanner.h"

namespace prom::exposition {
namespace {

struct TypeName {
  std::string_view name;
  MetricType type;
};
constexpr TypeName kTypes[] = {
    {"counter", MetricType::kCounter},
    {"gauge", MetricType::kGauge},
    {"histogram", MetricType::kHistogram},
    {"gaugehistogram", MetricType::kGaugeHistogram},
    {"summary", MetricType::kSummary},
    {"info", MetricType::kInfo},
    {"stateset", MetricType::kStateset},
    {"unknown", MetricType::kUnknown},
};

// A unit is the last word of the family's name.
bool is_unit_of(std::string_view unit, std::string_view family) {
  if (unit.empty()) return true;
  return family.size() > unit.size() && family.ends_with(unit) &&
         family[family.size() - unit.size() - 1] == '_';
}

std::int64_t to_milliseconds(double seconds) {
  const double ms = seconds * 1000;
  if (ms >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (ms < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(ms);
}

}  // namespace

bool Scanner::read_open_metrics_record(Record& record) {
  if (*at_ == '#') return read_open_metrics_comment(record);
  record.kind = Record::Kind::kSample;
  return read_series<true>(record) && read_open_metrics_tail(record);
}

bool Scanner::read_open_metrics_comment(Record& record) {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (rest.starts_with("# EOF")) {
    record.kind = Record::Kind::kEnd;
    at_ += 5;
    if (!done() && *at_ != '\n') return complain("unexpected data after # EOF");
    return finish_line(record);
  }
  if (rest.starts_with("# HELP ")) {
    record.kind = Record::Kind::kHelp;
  } else if (rest.starts_with("# TYPE ")) {
    record.kind = Record::Kind::kType;
  } else if (rest.starts_with("# UNIT ")) {
    record.kind = Record::Kind::kUnit;
  } else {
    return complain("a comment is HELP, TYPE, UNIT or EOF");
  }
  at_ += 7;
  if (!read_family(record)) return false;
  if (!skip(' ')) return complain("expected text after the metric name");
  const char* const stop = std::find(at_, end_, '\n');
  if (stop == end_) return complain("data does not end with # EOF", end_);
  record.text = {at_, static_cast<std::size_t>(stop - at_)};
  if (record.kind == Record::Kind::kHelp && !is_valid_utf8(record.text))
    return complain("invalid UTF-8");
  if (record.kind == Record::Kind::kUnit &&
      !(is_valid_utf8(record.text) && is_unit_of(record.text, record.family)))
    return complain("the unit is not the suffix of the metric name");
  if (record.kind == Record::Kind::kType) {
    const auto* const type =
        std::ranges::find(kTypes, record.text, &TypeName::name);
    if (type == std::end(kTypes)) return complain("invalid metric type");
    record.type = type->type;
  }
  at_ = stop;
  return finish_line(record);
}

bool Scanner::read_open_metrics_tail(Record& record) {
  if (!skip(' ')) return complain("expected a space and a value");
  if (!read_number<true>(record.value)) return false;
  const auto at_exemplar = [this] {
    return end_ - at_ >= 4 && std::memcmp(at_, " # {", 4) == 0;
  };
  if (looking_at(' ') && !at_exemplar()) {
    ++at_;
    if (!read_open_metrics_timestamp(record.t_ms)) return false;
    record.has_timestamp = true;
  }
  if (at_exemplar() && !read_exemplar(record)) return false;
  if (done()) return complain("data does not end with # EOF");
  return finish_line(record);
}

bool Scanner::read_open_metrics_timestamp(std::int64_t& t_ms) {
  const char* const from = at_;
  double seconds = 0;
  if (!read_number<true>(seconds)) return false;
  if (!std::isfinite(seconds)) return complain("invalid timestamp", from);
  t_ms = to_milliseconds(seconds);
  return true;
}

//  # {labels} value [timestamp]
bool Scanner::read_exemplar(Record& record) {
  at_ += 3;
  const char* const from = at_;
  if (!read_exemplar_labels()) return false;
  if (!skip(' ')) return complain("expected value after exemplar labels");
  double value = 0;
  if (!read_number<true>(value)) return false;
  if (skip(' ')) {
    std::int64_t t_ms = 0;
    if (!read_open_metrics_timestamp(t_ms)) return false;
  }
  record.exemplar = {from, static_cast<std::size_t>(at_ - from)};
  if (record.exemplar.find('\0') != std::string_view::npos)
    return complain("zero byte in an exemplar", from);
  return true;
}

// In braces.
bool Scanner::read_exemplar_labels() {
  ++at_;
  while (!skip('}')) {
    std::string_view name;
    const bool read =
        looking_at('"') ? read_quoted_name(name, false) : read_label_name(name);
    if (!read) return false;
    if (!skip('=')) return complain("expected equal");
    std::string_view value;
    if (!looking_at('"')) return complain("expected label value");
    if (!read_quoted(value, false)) return false;
    if (!skip(',') && !looking_at('}'))
      return complain("expected comma or brace close");
  }
  return true;
}

}  // namespace prom::exposition
