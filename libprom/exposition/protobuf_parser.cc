#include "libprom/exposition/protobuf_parser.h"

#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>

#include <boost/unordered/unordered_flat_map.hpp>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"
#include "libprom/base/utf8.h"
#include "libprom/exposition/custom_buckets.h"
#include "libprom/exposition/protobuf_message.h"
#include "libprom/exposition/scanner.h"
#include "libprom/exposition/text.h"
#include "libprom/model/histogram_codec.h"

namespace prom::exposition {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Text of series that a body may make; it repeats labels for each bucket.
constexpr std::size_t kExpansionBytesMax = 256ULL << 20U;
constexpr std::size_t kMetricsFree = 1000;

std::uint64_t random_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32U | device();
}

struct HashOf {
  using is_avalanching = void;
  std::size_t operator()(const Hash128& hash) const { return hash.low; }
};

MetricType type_of(ProtobufType type) {
  switch (type) {
    case ProtobufType::kCounter:
      return MetricType::kCounter;
    case ProtobufType::kGauge:
      return MetricType::kGauge;
    case ProtobufType::kSummary:
      return MetricType::kSummary;
    case ProtobufType::kUntyped:
      return MetricType::kUnknown;
    case ProtobufType::kHistogram:
      return MetricType::kHistogram;
    case ProtobufType::kGaugeHistogram:
      return MetricType::kGaugeHistogram;
  }
  return MetricType::kUnknown;
}

bool is_histogram(ProtobufType type) {
  return type == ProtobufType::kHistogram ||
         type == ProtobufType::kGaugeHistogram;
}

// Which series a metric has, in upstream's order.
struct Shape {
  bool native = false;     // one histogram
  bool converted = false;  // one with custom buckets, behind the classic form
  bool classic = false;    // or the series of a summary
};

// Makes the series of a metric that was not seen before.
class SeriesMaker {
 public:
  SeriesMaker(const ProtobufFamily& family, const ProtobufMetric& metric,
              SeriesTable& table, std::vector<std::uint32_t>& refs)
      : family_(family), metric_(metric), table_(table), refs_(refs) {}

  Status read_labels() {
    labels_.push_back({kMetricName, {}});
    for (const std::string_view bytes : metric_.labels) {
      const auto label = read_label(bytes);
      if (!label) return fail(label.error());
      if (label->name.empty() || label->name == kMetricName ||
          !is_valid_utf8(label->name) || !is_valid_utf8(label->value))
        return wrong("invalid label \"" + printable(label->name) + "\"");
      for (const LabelView& before : labels_) {
        if (before.name == label->name)
          return wrong("label \"" + printable(label->name) + "\" twice");
      }
      labels_.push_back({label->name, label->value});
    }
    return {};
  }

  Status add(const Shape& shape) {
    if (shape.native) add_series("");
    if (shape.classic) {
      const bool summary = family_.type == ProtobufType::kSummary;
      const std::string_view name = summary ? "quantile" : "le";
      for (const LabelView& label : labels_) {
        if (label.name == name)
          return wrong("label \"" + std::string(name) + "\" twice");
      }
      add_series("_count");
      add_series("_sum");
      if (summary) {
        for (const ProtobufQuantile& quantile : metric_.quantiles)
          add_series("", name, quantile.quantile);
      } else {
        add_buckets(name);
      }
    }
    if (shape.converted || (!shape.native && !shape.classic)) add_series("");
    return {};
  }

 private:
  Status wrong(const std::string& what) const {
    return fail(Code::kBadData,
                "metric \"" + printable(family_.name) + "\": " + what);
  }
  void add_buckets(std::string_view name) {
    for (const ProtobufBucket& bucket : metric_.histogram.buckets) {
      add_series("_bucket", name, bucket.upper_bound);
      if (bucket.upper_bound == kInfinity) return;
    }
    add_series("_bucket", name, kInfinity);
  }
  void add_series(std::string_view suffix) {
    const std::string name = std::string(family_.name).append(suffix);
    labels_[0].value = name;
    const Labels labels = Labels::from(labels_);
    if (labels.size() == labels_.size()) {
      refs_.push_back(
          table_.find_or_add(labels.encoded(), Canonical::kEncoded));
      return;
    }
    std::string text;
    append_varint(text, labels.encoded().size());
    text += labels.encoded();
    for (const LabelView& label : labels_) {
      if (!label.value.empty()) continue;
      append_varint(text, label.name.size());
      text += label.name;
    }
    refs_.push_back(table_.find_or_add(text, Canonical::kEncodedWithEmpty));
  }
  void add_series(std::string_view suffix, std::string_view label,
                  double bound) {
    std::string value;
    append_canonical_float(value, bound);
    labels_.push_back({label, value});
    add_series(suffix);
    labels_.pop_back();
  }

  const ProtobufFamily& family_;
  const ProtobufMetric& metric_;
  SeriesTable& table_;
  std::vector<std::uint32_t>& refs_;
  std::vector<LabelView> labels_;
};

// Puts the samples of a metric behind one another.
class EntryWriter {
 public:
  EntryWriter(const ProtobufMetric& metric, bool want_exemplars,
              std::span<const std::uint32_t> refs, TargetScrape& into)
      : metric_(metric),
        want_exemplars_(want_exemplars),
        refs_(refs),
        into_(into) {}

  void add(double value) {
    into_.entries.push_back({.ref = refs_[at_++],
                             .has_timestamp = metric_.t_ms != 0,
                             .value = value,
                             .t_ms = metric_.t_ms});
    note_start();
  }
  void add(FloatHistogram histogram) {
    const auto number = static_cast<std::uint32_t>(into_.histograms.size());
    add(histogram.sum);
    into_.entries.back().histogram = number;
    into_.histograms.push_back(std::move(histogram));
  }
  // Of the sample added last.  Without a time only where that is given by the
  // scrape; what cannot be read is no sample's fault.
  void add_exemplar(std::string_view bytes, bool needs_time) {
    if (!want_exemplars_ || bytes.empty()) return;
    auto exemplar = read_exemplar(bytes);
    if (!exemplar || (needs_time && !exemplar->t_ms)) return;
    for (const auto& [name, value] : exemplar->labels) {
      if (!is_valid_utf8(name) || !is_valid_utf8(value)) return;
    }
    into_.exemplars.push_back(
        {static_cast<std::uint32_t>(into_.entries.size() - 1),
         std::move(*exemplar)});
  }
  // Of a histogram that is one sample: its own, else those of its buckets.
  void add_histogram_exemplars() {
    for (const std::string_view bytes : metric_.histogram.exemplars)
      add_exemplar(bytes, true);
    if (!metric_.histogram.exemplars.empty()) return;
    for (const ProtobufBucket& bucket : metric_.histogram.buckets)
      add_exemplar(bucket.exemplar, true);
  }
  void add_classic() {
    const ProtobufHistogram& h = metric_.histogram;
    add(h.count);
    add(h.sum);
    for (const ProtobufBucket& bucket : h.buckets) {
      add(bucket.cumulative_count);
      add_exemplar(bucket.exemplar, false);
      if (bucket.upper_bound == kInfinity) return;
    }
    add(h.count);
  }

 private:
  void note_start() {
    if (metric_.start_ms == 0 && into_.starts.empty()) return;
    into_.starts.resize(into_.entries.size(), 0);
    into_.starts.back() = metric_.start_ms;
  }

  const ProtobufMetric& metric_;
  const bool want_exemplars_;
  const std::span<const std::uint32_t> refs_;
  std::size_t at_ = 0;
  TargetScrape& into_;
};

// What identifies a metric and its series.
void make_key(const ProtobufFamily& family, const ProtobufMetric& metric,
              const Shape& shape, std::string& key) {
  key.clear();
  append_varint(key, family.name.size());
  key += family.name;
  key += static_cast<char>(family.type);
  key += static_cast<char>((shape.native ? 1 : 0) | (shape.classic ? 2 : 0) |
                           (shape.converted ? 4 : 0));
  append_varint(key, metric.labels.size());
  for (const std::string_view label : metric.labels) {
    append_varint(key, label.size());
    key += label;
  }
  if (!shape.classic) return;
  for (const ProtobufQuantile& quantile : metric.quantiles)
    append_le(key, quantile.quantile);
  for (const ProtobufBucket& bucket : metric.histogram.buckets)
    append_le(key, bucket.upper_bound);
}

void add_metadata(const ProtobufFamily& family, TargetScrape& into) {
  using Kind = Metadata::Kind;
  const std::string name(family.name);
  into.metadata.push_back(
      {.kind = Kind::kHelp, .family = name, .text = std::string(family.help)});
  if (!family.unit.empty() && is_valid_utf8(family.unit))
    into.metadata.push_back({.kind = Kind::kUnit,
                             .family = name,
                             .text = std::string(family.unit)});
  into.metadata.push_back({.kind = Kind::kType,
                           .family = name,
                           .type = type_of(family.type),
                           .text = {}});
}

Status check_family(const ProtobufFamily& family) {
  if (family.name.empty() || !is_valid_utf8(family.name))
    return fail(Code::kBadData,
                "invalid metric name \"" + printable(family.name) + "\"");
  if (!is_valid_utf8(family.help))
    return fail(Code::kBadData,
                "invalid help of metric \"" + std::string(family.name) + "\"");
  return {};
}

}  // namespace

// Metrics by their bytes, each with the refs of its series.
struct ProtobufParser::Known {
  struct Metric {
    std::uint32_t first_ref = 0;  // in refs
    std::uint32_t ref_count = 0;
  };
  Status take_metric(const HistogramOptions& options, bool want_exemplars,
                     SeriesTable& table, TargetScrape& into);
  Status make_shape(const HistogramOptions& options);
  Result<FloatHistogram> convert();
  Result<std::span<const std::uint32_t>> refs_of(SeriesTable& table);

  const std::uint64_t seed = random_seed();
  boost::unordered_flat_map<Hash128, Metric, HashOf> metrics;
  std::vector<std::uint32_t> refs;
  std::size_t expansion_left = 0;  // of this body

  // Reused from metric to metric.
  ProtobufFamily family;
  ProtobufMetric metric;
  Shape shape;
  std::optional<FloatHistogram> histogram;
  CustomBuckets custom;
  std::string key;
};

ProtobufParser::ProtobufParser() : known_(std::make_unique<Known>()) {}
ProtobufParser::~ProtobufParser() = default;

void ProtobufParser::forget() {
  known_->metrics.clear();
  known_->refs.clear();
}

Status ProtobufParser::parse(std::string_view body,
                             const HistogramOptions& options,
                             bool want_exemplars, SeriesTable& table,
                             TargetScrape& into) {
  Known& known = *known_;
  // The same series may come as ever new bytes.
  if (known.metrics.size() > 2 * table.size() + kMetricsFree) forget();
  known.expansion_left = kExpansionBytesMax;
  while (!body.empty()) {
    if (Status read = read_family(body, known.family); !read) return read;
    // A family without metrics says nothing.
    if (known.family.metrics.empty()) continue;
    if (Status sound = check_family(known.family); !sound) return sound;
    add_metadata(known.family, into);
    for (const std::string_view bytes : known.family.metrics) {
      Status taken = read_metric(bytes, known.family.type, known.metric);
      if (taken)
        taken = known.take_metric(options, want_exemplars, table, into);
      if (!taken) return taken;
      if (into.entries.size() > kProtobufEntriesMax)
        return fail(Code::kLimit, "more than " +
                                      std::to_string(kProtobufEntriesMax) +
                                      " samples in a scrape");
    }
  }
  return {};
}

// Decides what is made of a metric, and makes the histogram.
Status ProtobufParser::Known::make_shape(const HistogramOptions& options) {
  shape = Shape();
  histogram.reset();
  if (family.type == ProtobufType::kSummary) shape.classic = true;
  if (!is_histogram(family.type)) return {};
  ProtobufHistogram& h = metric.histogram;
  shape.native = options.native && h.has_native;
  shape.classic =
      !shape.native || (options.always_classic && !h.buckets.empty());
  if (shape.native) {
    if (Status admitted = admit(h.native); !admitted)
      return fail(std::move(admitted).error().in(
          "histogram \"" + std::string(family.name) + "\""));
    histogram = std::move(h.native);
    histogram->compact();
  } else if (options.convert_classic) {
    auto converted = convert();
    // What cannot be converted stays what it is.
    shape.converted = converted.has_value();
    shape.classic = !shape.converted || options.always_classic;
    if (converted) histogram = std::move(*converted);
  }
  if (histogram && family.type == ProtobufType::kGaugeHistogram)
    histogram->counter_reset_hint = CounterResetHint::kGauge;
  return {};
}

Status ProtobufParser::Known::take_metric(const HistogramOptions& options,
                                          bool want_exemplars,
                                          SeriesTable& table,
                                          TargetScrape& into) {
  if (Status made = make_shape(options); !made) return made;
  const auto its_refs = refs_of(table);
  if (!its_refs) return fail(its_refs.error());
  EntryWriter out(metric, want_exemplars, *its_refs, into);
  if (shape.native) {
    out.add(std::move(*histogram));
    out.add_histogram_exemplars();
  }
  if (family.type == ProtobufType::kSummary) {
    out.add(metric.summary_count);
    out.add(metric.summary_sum);
    for (const ProtobufQuantile& quantile : metric.quantiles)
      out.add(quantile.value);
  } else if (shape.classic) {
    out.add_classic();
  } else if (!is_histogram(family.type)) {
    out.add(metric.value);
    out.add_exemplar(metric.exemplar, false);
  }
  if (shape.converted) {
    out.add(std::move(*histogram));
    out.add_histogram_exemplars();
  }
  return {};
}

Result<FloatHistogram> ProtobufParser::Known::convert() {
  const ProtobufHistogram& h = metric.histogram;
  custom.clear();
  custom.set_count(h.count);
  custom.set_sum(h.sum);
  for (const ProtobufBucket& bucket : h.buckets)
    custom.add_bucket(bucket.upper_bound, bucket.cumulative_count);
  return custom.convert();
}

Result<std::span<const std::uint32_t>> ProtobufParser::Known::refs_of(
    SeriesTable& table) {
  make_key(family, metric, shape, key);
  const Hash128 hash = hash128(key, seed);
  const auto refs_at = [&](const Metric& one) {
    return std::span<const std::uint32_t>(refs).subspan(one.first_ref,
                                                        one.ref_count);
  };
  if (const auto at = metrics.find(hash); at != metrics.end())
    return refs_at(at->second);
  // Each series repeats the labels, which are in the body once.
  const std::size_t expansion = key.size() * (3 + metric.quantiles.size() +
                                              metric.histogram.buckets.size());
  if (key.size() > kRecordBytesMax || expansion > expansion_left)
    return fail(Code::kLimit, "metric \"" + printable(family.name) +
                                  "\": too many or too long labels");
  expansion_left -= expansion;
  Metric added;
  added.first_ref = static_cast<std::uint32_t>(refs.size());
  SeriesMaker maker(family, metric, table, refs);
  Status made = maker.read_labels();
  if (made) made = maker.add(shape);
  if (!made) {
    refs.resize(added.first_ref);
    return fail(std::move(made).error());
  }
  added.ref_count = static_cast<std::uint32_t>(refs.size()) - added.first_ref;
  metrics.emplace(hash, added);
  return refs_at(added);
}

}  // namespace prom::exposition
