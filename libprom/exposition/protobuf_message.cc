#include "libprom/exposition/protobuf_message.h"

#include <algorithm>
#include <memory>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "libprom/model/histogram_codec.h"

namespace prom::exposition {
namespace {

using protozero::data_view;
using protozero::pbf_reader;
using protozero::pbf_wire_type;

// Counts from here on are not exact in a double.
constexpr std::uint64_t kExactMax = 1ULL << 53U;

constexpr std::uint32_t key(protozero::pbf_tag_type tag, pbf_wire_type type) {
  return protozero::tag_and_type(tag, type);
}
constexpr auto kVarint = pbf_wire_type::varint;
constexpr auto kFixed64 = pbf_wire_type::fixed64;
constexpr auto kBytes = pbf_wire_type::length_delimited;

std::string_view text(const data_view& view) {
  return {view.data(), view.size()};
}

std::int64_t read_timestamp(pbf_reader in) {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kVarint):
        seconds = in.get_int64();
        break;
      case key(2, kVarint):
        nanoseconds = in.get_int32();
        break;
      default:
        in.skip();
    }
  }
  // Beyond it there are no milliseconds.
  constexpr std::int64_t kSecondsMax = INT64_MAX / 1000 - 1;
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return 0;
  return seconds * 1000 + nanoseconds / 1'000'000;
}

void read_counter(pbf_reader in, ProtobufMetric& into) {
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kFixed64):
        into.value = in.get_double();
        break;
      case key(2, kBytes):
        into.exemplar = text(in.get_view());
        break;
      case key(3, kBytes):
        into.start_ms = read_timestamp(in.get_message());
        break;
      default:
        in.skip();
    }
  }
}

void read_value(pbf_reader in, ProtobufMetric& into) {
  while (in.next()) {
    if (in.tag_and_type() == key(1, kFixed64)) {
      into.value = in.get_double();
    } else {
      in.skip();
    }
  }
}

ProtobufQuantile read_quantile(pbf_reader in) {
  ProtobufQuantile quantile;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kFixed64):
        quantile.quantile = in.get_double();
        break;
      case key(2, kFixed64):
        quantile.value = in.get_double();
        break;
      default:
        in.skip();
    }
  }
  return quantile;
}

void read_summary(pbf_reader in, ProtobufMetric& into) {
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kVarint):
        into.summary_count = static_cast<double>(in.get_uint64());
        break;
      case key(2, kFixed64):
        into.summary_sum = in.get_double();
        break;
      case key(3, kBytes):
        into.quantiles.push_back(read_quantile(in.get_message()));
        break;
      case key(4, kBytes):
        into.start_ms = read_timestamp(in.get_message());
        break;
      default:
        in.skip();
    }
  }
}

ProtobufBucket read_bucket(pbf_reader in) {
  ProtobufBucket bucket;
  double float_count = 0;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kVarint):
        bucket.cumulative_count = static_cast<double>(in.get_uint64());
        break;
      case key(2, kFixed64):
        bucket.upper_bound = in.get_double();
        break;
      case key(3, kBytes):
        bucket.exemplar = text(in.get_view());
        break;
      case key(4, kFixed64):
        float_count = in.get_double();
        break;
      default:
        in.skip();
    }
  }
  if (float_count != 0) bucket.cumulative_count = float_count;
  return bucket;
}

BucketSpan read_span(pbf_reader in) {
  BucketSpan span;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kVarint):
        span.offset = in.get_sint32();
        break;
      case key(2, kVarint):
        span.length = in.get_uint32();
        break;
      default:
        in.skip();
    }
  }
  return span;
}

// One side of a native histogram.
struct Side {
  std::vector<BucketSpan> spans;
  std::vector<double> counts;  // of floats
  std::vector<double> whole;   // of integers, out of their differences
  std::uint64_t last = 0;      // wraps round as upstream's sum does

  void add_delta(std::int64_t delta) {
    last += static_cast<std::uint64_t>(delta);
    whole.push_back(static_cast<double>(static_cast<std::int64_t>(last)));
  }
  // False when there are more than a histogram may have.
  [[nodiscard]] bool fits() const {
    return spans.size() <= kHistogramBucketsMax &&
           counts.size() <= kHistogramBucketsMax &&
           whole.size() <= kHistogramBucketsMax;
  }
};

// Repeated numbers come packed, or one by one.
bool read_side(pbf_reader& in, protozero::pbf_tag_type spans, Side& side) {
  const auto tag = in.tag();
  if (in.tag_and_type() == key(spans, kBytes)) {
    side.spans.push_back(read_span(in.get_message()));
  } else if (tag == spans + 1 && in.has_wire_type(kBytes)) {
    for (const std::int64_t delta : in.get_packed_sint64()) {
      side.add_delta(delta);
      if (!side.fits()) break;
    }
  } else if (in.tag_and_type() == key(spans + 1, kVarint)) {
    side.add_delta(in.get_sint64());
  } else if (tag == spans + 2 && in.has_wire_type(kBytes)) {
    for (const double count : in.get_packed_double()) {
      side.counts.push_back(count);
      if (!side.fits()) break;
    }
  } else if (in.tag_and_type() == key(spans + 2, kFixed64)) {
    side.counts.push_back(in.get_double());
  } else {
    in.skip();
  }
  return side.fits();
}

struct RawHistogram {
  std::uint64_t count = 0;
  double float_count = 0;
  std::uint64_t zero_count = 0;
  double float_zero_count = 0;
  Side negative, positive;

  void finish(ProtobufHistogram& into) {
    const bool is_float = float_count > 0 || float_zero_count > 0;
    into.count = float_count != 0 ? float_count : static_cast<double>(count);
    FloatHistogram& native = into.native;
    into.has_native = !positive.spans.empty() || !negative.spans.empty() ||
                      native.zero_threshold > 0 || zero_count > 0;
    native.integer = !is_float && count <= kExactMax && zero_count <= kExactMax;
    native.count = is_float ? float_count : static_cast<double>(count);
    native.sum = into.sum;
    native.zero_count =
        is_float ? float_zero_count : static_cast<double>(zero_count);
    native.positive_spans = std::move(positive.spans);
    native.negative_spans = std::move(negative.spans);
    native.positive_buckets =
        std::move(is_float ? positive.counts : positive.whole);
    native.negative_buckets =
        std::move(is_float ? negative.counts : negative.whole);
  }
};

constexpr protozero::pbf_tag_type kNegativeSpans = 9;
constexpr protozero::pbf_tag_type kPositiveSpans = 12;

bool read_histogram(pbf_reader in, ProtobufMetric& into) {
  ProtobufHistogram& h = into.histogram;
  RawHistogram raw;
  while (in.next()) {
    switch (in.tag_and_type()) {
      case key(1, kVarint):
        raw.count = in.get_uint64();
        break;
      case key(2, kFixed64):
        h.sum = in.get_double();
        break;
      case key(3, kBytes):
        h.buckets.push_back(read_bucket(in.get_message()));
        if (h.buckets.size() > kHistogramBucketsMax) return false;
        break;
      case key(4, kFixed64):
        raw.float_count = in.get_double();
        break;
      case key(5, kVarint):
        h.native.schema = in.get_sint32();
        break;
      case key(6, kFixed64):
        h.native.zero_threshold = in.get_double();
        break;
      case key(7, kVarint):
        raw.zero_count = in.get_uint64();
        break;
      case key(8, kFixed64):
        raw.float_zero_count = in.get_double();
        break;
      case key(15, kBytes):
        into.start_ms = read_timestamp(in.get_message());
        break;
      case key(16, kBytes):
        h.exemplars.push_back(text(in.get_view()));
        break;
      default:
        if (!read_side(
                in, in.tag() < kPositiveSpans ? kNegativeSpans : kPositiveSpans,
                in.tag() < kPositiveSpans ? raw.negative : raw.positive))
          return false;
    }
  }
  raw.finish(h);
  return true;
}

Status malformed(std::string_view what) {
  return fail(Code::kBadData, "malformed protobuf: " + std::string(what));
}

void clear(ProtobufMetric& metric) {
  metric.labels.clear();
  metric.t_ms = metric.start_ms = 0;
  metric.value = metric.summary_count = metric.summary_sum = 0;
  metric.exemplar = {};
  metric.quantiles.clear();
  metric.histogram.count = metric.histogram.sum = 0;
  metric.histogram.buckets.clear();
  metric.histogram.exemplars.clear();
  metric.histogram.has_native = false;
  metric.histogram.native = FloatHistogram();
}

}  // namespace

Status read_family(std::string_view& body, ProtobufFamily& into) {
  try {
    const char* at = body.data();
    const char* const end = at + body.size();
    const std::uint64_t size = protozero::decode_varint(&at, end);
    if (size > static_cast<std::uint64_t>(end - at))
      return malformed("a family is cut");
    into = {
        .name = {}, .help = {}, .unit = {}, .metrics = std::move(into.metrics)};
    into.metrics.clear();
    pbf_reader in(at, static_cast<std::size_t>(size));
    body = {at + size, static_cast<std::size_t>(end - at) -
                           static_cast<std::size_t>(size)};
    std::uint64_t type = 0;
    while (in.next()) {
      switch (in.tag_and_type()) {
        case key(1, kBytes):
          into.name = text(in.get_view());
          break;
        case key(2, kBytes):
          into.help = text(in.get_view());
          break;
        case key(3, kVarint):
          type = in.get_uint64();
          break;
        case key(4, kBytes):
          into.metrics.push_back(text(in.get_view()));
          if (into.metrics.size() > kProtobufMetricsMax)
            return fail(Code::kLimit, "more than " +
                                          std::to_string(kProtobufMetricsMax) +
                                          " metrics in a family");
          break;
        case key(5, kBytes):
          into.unit = text(in.get_view());
          break;
        default:
          in.skip();
      }
    }
    if (type > static_cast<std::uint64_t>(ProtobufType::kGaugeHistogram))
      return fail(Code::kBadData,
                  "unknown metric type " + std::to_string(type));
    into.type = static_cast<ProtobufType>(type);
    return {};
  } catch (const protozero::exception& e) {
    return malformed(e.what());
  }
}

namespace {

// The value's field is told by the type; others do not count.
Status read_metric_value(pbf_reader& in, ProtobufType type,
                         ProtobufMetric& into) {
  const std::uint32_t field = in.tag_and_type();
  const bool is_plain =
      (field == key(2, kBytes) && type == ProtobufType::kGauge) ||
      (field == key(5, kBytes) && type == ProtobufType::kUntyped);
  const bool is_histogram =
      field == key(7, kBytes) && (type == ProtobufType::kHistogram ||
                                  type == ProtobufType::kGaugeHistogram);
  if (is_plain) {
    read_value(in.get_message(), into);
  } else if (field == key(3, kBytes) && type == ProtobufType::kCounter) {
    read_counter(in.get_message(), into);
  } else if (field == key(4, kBytes) && type == ProtobufType::kSummary) {
    read_summary(in.get_message(), into);
  } else if (!is_histogram) {
    in.skip();
  } else if (!read_histogram(in.get_message(), into)) {
    return fail(Code::kLimit, "a histogram of more than " +
                                  std::to_string(kHistogramBucketsMax) +
                                  " buckets");
  }
  return {};
}

}  // namespace

Status read_metric(std::string_view bytes, ProtobufType type,
                   ProtobufMetric& into) {
  clear(into);
  try {
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
      switch (in.tag_and_type()) {
        case key(1, kBytes):
          into.labels.push_back(text(in.get_view()));
          break;
        case key(6, kVarint):
          into.t_ms = in.get_int64();
          break;
        default:
          if (Status read = read_metric_value(in, type, into); !read)
            return read;
      }
    }
    return {};
  } catch (const protozero::exception& e) {
    return malformed(e.what());
  }
}

Result<ProtobufLabel> read_label(std::string_view bytes) {
  try {
    ProtobufLabel label;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
      switch (in.tag_and_type()) {
        case key(1, kBytes):
          label.name = text(in.get_view());
          break;
        case key(2, kBytes):
          label.value = text(in.get_view());
          break;
        default:
          in.skip();
      }
    }
    return label;
  } catch (const protozero::exception& e) {
    return fail(malformed(e.what()).error());
  }
}

namespace {

Status add_label(std::string_view bytes, std::vector<LabelView>& into) {
  const auto label = read_label(bytes);
  if (!label) return fail(label.error());
  into.push_back({label->name, label->value});
  return {};
}

}  // namespace

Result<Exemplar> read_exemplar(std::string_view bytes) {
  try {
    Exemplar exemplar;
    std::vector<LabelView> labels;
    pbf_reader in(bytes.data(), bytes.size());
    while (in.next()) {
      switch (in.tag_and_type()) {
        case key(1, kBytes):
          if (Status added = add_label(text(in.get_view()), labels); !added)
            return fail(added.error());
          break;
        case key(2, kFixed64):
          exemplar.value = in.get_double();
          break;
        case key(3, kBytes):
          exemplar.t_ms = read_timestamp(in.get_message());
          break;
        default:
          in.skip();
      }
    }
    exemplar.labels = Labels::from(std::move(labels));
    return exemplar;
  } catch (const protozero::exception& e) {
    return fail(malformed(e.what()).error());
  }
}

}  // namespace prom::exposition
