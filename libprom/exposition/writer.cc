#include "libprom/exposition/writer.h"

#include <cassert>
#include <cstdlib>

#include "libprom/base/number.h"
#include "libprom/exposition/text.h"
#include "libprom/model/histogram_text.h"
#include "libprom/model/sample.h"

namespace prom::exposition {
namespace {

std::string_view text_type(MetricType type) {
  switch (type) {
    case MetricType::kUnknown:
      return "untyped";
    case MetricType::kInfo:
    case MetricType::kStateset:
      return "gauge";
    case MetricType::kGaugeHistogram:
      return "histogram";
    case MetricType::kCounter:
    case MetricType::kGauge:
    case MetricType::kHistogram:
    case MetricType::kSummary:
      return to_string(type);
  }
  return "untyped";
}

// Seconds with three decimals, or none for a whole second.  Readers multiply
// by 1000 and cut off, so where the nearest double is a little too small,
// which it is far from our time, half a millisecond is added.
void append_seconds(std::string& out, std::int64_t t_ms) {
  const std::size_t begin = out.size();
  if (t_ms < 0) out += '-';
  const std::uint64_t magnitude = t_ms < 0
                                      ? 0 - static_cast<std::uint64_t>(t_ms)
                                      : static_cast<std::uint64_t>(t_ms);
  append_int(out, static_cast<std::int64_t>(magnitude / 1000));
  const auto fraction = static_cast<unsigned>(magnitude % 1000);
  if (fraction == 0) return;
  out += '.';
  out += static_cast<char>('0' + fraction / 100);
  out += static_cast<char>('0' + fraction / 10 % 10);
  out += static_cast<char>('0' + fraction % 10);
  const double read = std::strtod(out.c_str() + begin, nullptr) * 1000;
  if (static_cast<std::int64_t>(read) != t_ms) out += '5';
}

void append_number(std::string& out, double value, Format format) {
  if (format == Format::kOpenMetrics) {
    append_canonical_float(out, value);
  } else if (format == Format::kText) {
    append_float_go_g(out, value);
  } else {
    append_float(out, value);  // a million is 1000000, for awk and people
  }
}

}  // namespace

Writer::Writer(std::string& out, Format format) : out_(out), format_(format) {
  if (format_ != Format::kPipe) return;
  out_ += kPipeBegin;
  out_ += '\n';
}

void Writer::metadata(const Metadata& metadata) {
  const bool open_metrics = format_ == Format::kOpenMetrics;
  switch (metadata.kind) {
    case Metadata::Kind::kHelp:
      append_help(out_, metadata.family, metadata.text,
                  open_metrics ? HelpEscape::kOpenMetrics : HelpEscape::kText);
      return;
    case Metadata::Kind::kType:
      append_type(
          out_, metadata.family,
          open_metrics ? to_string(metadata.type) : text_type(metadata.type));
      return;
    case Metadata::Kind::kUnit:
      if (!open_metrics || metadata.text.empty() ||
          !metadata.family.ends_with("_" + metadata.text))
        return;
      append_unit(out_, metadata.family, metadata.text);
      return;
  }
}

void Writer::append_timestamp(std::int64_t t_ms) {
  out_ += ' ';
  if (format_ == Format::kOpenMetrics) {
    append_seconds(out_, t_ms);
  } else {
    append_int(out_, t_ms);
  }
}

void Writer::sample(const Labels& labels, double value,
                    std::optional<std::int64_t> t_ms,
                    const Exemplar* exemplar) {
  assert(t_ms || format_ != Format::kPipe);
  assert(exemplar == nullptr || format_ == Format::kOpenMetrics);
  const bool is_stale = is_stale_nan(value);
  if (is_stale && format_ != Format::kPipe) return;
  if (is_stale) out_ += kPipeStale;
  append_series(out_, labels.metric_name(), labels);
  if (!is_stale) {
    out_ += ' ';
    append_number(out_, value, format_);
  }
  if (t_ms) append_timestamp(*t_ms);
  if (exemplar != nullptr) {
    out_ += " # ";
    append_label_set(out_, exemplar->labels);
    out_ += ' ';
    append_number(out_, exemplar->value, format_);
    if (exemplar->t_ms) append_timestamp(*exemplar->t_ms);
  }
  out_ += '\n';
}

void Writer::sample(const Labels& labels, const FloatHistogram& histogram,
                    std::int64_t t_ms) {
  if (format_ != Format::kPipe) return;
  append_series(out_, labels.metric_name(), labels);
  out_ += ' ';
  append_histogram_text(out_, histogram);
  append_timestamp(t_ms);
  out_ += '\n';
}

void Writer::start(const Labels& labels, std::int64_t start_ms,
                   std::int64_t t_ms) {
  if (format_ != Format::kPipe) return;
  out_ += kPipeStart;
  append_series(out_, labels.metric_name(), labels);
  append_timestamp(start_ms);
  append_timestamp(t_ms);
  out_ += '\n';
}

void Writer::exemplar(const Labels& labels, const Exemplar& exemplar) {
  if (format_ != Format::kPipe || !exemplar.t_ms) return;
  out_ += kPipeExemplar;
  append_series(out_, labels.metric_name(), labels);
  out_ += ' ';
  append_label_set(out_, exemplar.labels);
  out_ += ' ';
  append_number(out_, exemplar.value, format_);
  append_timestamp(*exemplar.t_ms);
  out_ += '\n';
}

void Writer::finish() {
  if (format_ == Format::kOpenMetrics) out_ += "# EOF\n";
  if (format_ != Format::kPipe) return;
  out_ += kPipeEnd;
  out_ += '\n';
}

}  // namespace prom::exposition
