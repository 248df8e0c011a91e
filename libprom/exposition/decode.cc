// From a record that a Scanner has checked to labels, exemplars and metadata.
#include <algorithm>
#include <cassert>
#include <memory>

#include "libprom/base/number.h"
#include "libprom/exposition/scan.h"
#include "libprom/exposition/scanner.h"
#include "libprom/exposition/text.h"

namespace prom::exposition {
namespace {

bool is_separator(char c) {
  return c == ' ' || c == '\t' || c == ',' || c == '=' || c == '{';
}

// Walks what a Scanner has found to be well formed, so it checks nothing.
// Values that have to be changed are kept in `store`, which never grows beyond
// what was reserved: views into it stay.
class Walker {
 public:
  explicit Walker(std::string_view text) : rest_(text) {
    constexpr std::size_t kFloatBytesMax = 32;
    store_.reserve(text.size() + kFloatBytesMax);
  }

  // The bare name at the front; empty before a brace.
  std::string_view bare() {
    const char* const begin = std::to_address(rest_.begin());
    const char* const end = std::to_address(rest_.end());
    return take(static_cast<std::size_t>(
        scan::name_end<scan::Name::kMetric>(begin, end) - begin));
  }
  // Goes to the next name or value; false at the closing brace or the end.
  bool more() {
    while (!rest_.empty() && is_separator(rest_[0])) rest_.remove_prefix(1);
    return !rest_.empty() && rest_[0] != '}';
  }
  std::string_view name() { return rest_[0] == '"' ? quoted() : bare(); }
  // Whether a value follows the name that was just read.
  bool has_value() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t'))
      rest_.remove_prefix(1);
    return !rest_.empty() && rest_[0] == '=';
  }
  std::string_view quoted() {
    rest_.remove_prefix(1);
    std::size_t size = 0;
    bool escaped = false;
    for (; rest_[size] != '"'; ++size) {
      if (rest_[size] == '\\') {
        escaped = true;
        ++size;
      }
    }
    const std::string_view raw = take(size);
    rest_.remove_prefix(1);
    return escaped ? keep_unescaped(raw) : raw;
  }
  std::string_view canonical(std::string_view number) {
    const std::optional<double> value = parse_float(number);
    if (!value) return number;
    const std::size_t from = store_.size();
    append_canonical_float(store_, *value);
    return std::string_view(store_).substr(from);
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view keep_unescaped(std::string_view raw);

  std::string_view rest_;
  std::string store_;
};

// Appends `raw` with \\, \n and, where quotes are escaped, \" replaced; other
// escapes stand for themselves.
void append_unescaped(std::string& out, std::string_view raw,
                      bool with_quotes) {
  std::size_t i = std::min(raw.find('\\'), raw.size());
  out += raw.substr(0, i);
  for (; i < raw.size(); ++i) {
    const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == '\\' || next == 'n' || (next == '"' && with_quotes)) {
      out += next == 'n' ? '\n' : next;
      ++i;
    } else {
      out += raw[i];
    }
  }
}

std::string_view Walker::keep_unescaped(std::string_view raw) {
  const std::size_t from = store_.size();
  append_unescaped(store_, raw, true);
  return std::string_view(store_).substr(from);
}

}  // namespace

Labels labels_of(std::string_view series, Canonical canonical) {
  Walker walker(series);
  std::vector<LabelView> labels;
  const std::string_view metric = walker.bare();
  if (!metric.empty()) labels.push_back({kMetricName, metric});
  while (walker.more()) {
    const std::string_view name = walker.name();
    if (!walker.has_value()) {
      labels.push_back({kMetricName, name});
      continue;
    }
    walker.more();  // to the value
    std::string_view value = walker.quoted();
    if ((canonical == Canonical::kLe && name == "le") ||
        (canonical == Canonical::kQuantile && name == "quantile"))
      value = walker.canonical(value);
    labels.push_back({name, value});
  }
  return Labels::from(std::move(labels));
}

std::vector<std::string> empty_labels_of(std::string_view series) {
  std::vector<std::string> names;
  if (series.find("\"\"") == std::string_view::npos) return names;
  Walker walker(series);
  walker.bare();
  while (walker.more()) {
    const std::string_view name = walker.name();
    if (!walker.has_value()) continue;
    walker.more();  // to the value
    if (walker.quoted().empty()) names.emplace_back(name);
  }
  return names;
}

Exemplar exemplar_of(const Record& record) {
  assert(!record.exemplar.empty());
  Walker walker(record.exemplar);
  std::vector<LabelView> labels;
  while (walker.more()) {
    const std::string_view name = walker.name();
    walker.more();
    labels.push_back({name, walker.quoted()});
  }
  Exemplar exemplar;
  exemplar.labels = Labels::from(std::move(labels));
  // The pipe dialect's scanner has read the number and the time.
  if (record.kind == Record::Kind::kExemplar) {
    exemplar.value = record.value;
    exemplar.t_ms = record.t_ms;
    return exemplar;
  }
  // What is left: "} value" or "} value timestamp".
  const std::string sample = "x" + std::string(walker.rest().substr(1)) + "\n";
  Scanner scanner(sample, Format::kOpenMetrics);
  Record rest;
  if (scanner.next(rest)) {
    exemplar.value = rest.value;
    if (rest.has_timestamp) exemplar.t_ms = rest.t_ms;
  }
  return exemplar;
}

void metadata_of(const Record& record, Format format, Metadata& into) {
  into.family.clear();
  append_unescaped(into.family, record.family, true);
  into.type = MetricType::kUnknown;
  into.text.clear();
  switch (record.kind) {
    case Record::Kind::kType:
      into.kind = Metadata::Kind::kType;
      into.type = record.type;
      break;
    case Record::Kind::kHelp:
      into.kind = Metadata::Kind::kHelp;
      append_unescaped(into.text, record.text, format == Format::kOpenMetrics);
      break;
    default:
      into.kind = Metadata::Kind::kUnit;
      into.text = record.text;
  }
}

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::kUnknown:
      return "unknown";
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case MetricType::kSummary:
      return "summary";
    case MetricType::kInfo:
      return "info";
    case MetricType::kStateset:
      return "stateset";
  }
  return "unknown";
}

MetricType metric_type(std::string_view word) {
  for (auto type = MetricType::kUnknown; type <= MetricType::kStateset;
       type = static_cast<MetricType>(static_cast<int>(type) + 1)) {
    if (to_string(type) == word) return type;
  }
  return MetricType::kUnknown;
}

Format detect_format(std::string_view body) {
  if (body.starts_with(kPipeBegin)) return Format::kPipe;
  std::string_view last = body;
  if (last.ends_with('\n')) last.remove_suffix(1);
  return last == "# EOF" || last.ends_with("\n# EOF") ? Format::kOpenMetrics
                                                      : Format::kText;
}

}  // namespace prom::exposition
