#include "libprom/tsdb/wal_record.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "libprom/model/sample.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/histogram_layout.h"

namespace prom::tsdb {
namespace {

enum class Type : std::uint8_t {
  kSeries = 1,
  kSamples = 2,
  kTombstones = 3,
  kExemplars = 4,
  kMmapMarkers = 5,
  kMetadata = 6,
  kHistograms = 7,
  kFloatHistograms = 8,
  kCustomHistograms = 9,
  kCustomFloatHistograms = 10,
  kSamplesStart = 11,
  kHistogramsStart = 12,
  kFloatHistogramsStart = 13,
};

constexpr std::uint64_t kWholeMax = 1ULL << 53U;

Labels read_labels(ByteReader& in) {
  std::vector<LabelView> labels;
  // A label takes at least two bytes, so that the count is bounded by them.
  const std::uint64_t count = in.varint();
  bool is_sorted = true;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text();
    const std::string_view value = in.text();
    is_sorted = is_sorted && !value.empty() &&
                (labels.empty() || labels.back().name < name);
    labels.push_back({.name = name, .value = value});
  }
  if (!in.ok()) return {};
  return is_sorted ? Labels::from_sorted(labels)
                   : Labels::from(std::move(labels));
}

// Wraps, since hostile distances would overflow.
std::uint64_t plus(std::uint64_t base, std::int64_t distance) {
  return base + static_cast<std::uint64_t>(distance);
}
std::int64_t plus(std::int64_t base, std::int64_t distance) {
  return static_cast<std::int64_t>(
      plus(static_cast<std::uint64_t>(base), distance));
}

// Where each entry of a record says of which series and when it is.  The older
// records tell both as the distance from fixed ones at the beginning; those
// with start times as the distance from the entry before and the first time.
class Places {
 public:
  struct Place {
    HeadRef ref = 0;
    std::int64_t t_ms = 0;
    std::int64_t start_ms = 0;
  };

  Places(ByteReader& in, bool has_starts) : has_starts_(has_starts) {
    if (in.done()) return;
    if (has_starts) {
      last_.ref = static_cast<HeadRef>(read_varint(in));
      last_.t_ms = read_varint(in);
      last_.start_ms = read_varint(in);
    } else {
      last_.ref = read_be64(in);
      last_.t_ms = static_cast<std::int64_t>(read_be64(in));
    }
    first_ = last_;
  }

  Place next(ByteReader& in) {
    if (!has_starts_) {
      const std::int64_t ref = read_varint(in);
      const std::int64_t t = read_varint(in);
      return {.ref = plus(first_.ref, ref), .t_ms = plus(first_.t_ms, t)};
    }
    // The first entry's place is that at the beginning.
    if (!std::exchange(has_begun_, true)) return last_;
    last_.ref = plus(last_.ref, read_varint(in));
    last_.t_ms = plus(first_.t_ms, read_varint(in));
    switch (in.fixed<std::uint8_t>()) {
      case 0:
        last_.start_ms = 0;
        break;
      case 1:
        break;
      default:
        last_.start_ms = plus(first_.start_ms, read_varint(in));
    }
    return last_;
  }

 private:
  bool has_starts_;
  bool has_begun_ = false;
  Place first_;
  Place last_;
};

void read_series(ByteReader& in, WalRecord& into) {
  while (in.ok() && !in.done()) {
    const HeadRef ref = read_be64(in);
    into.series.push_back({.ref = ref, .labels = read_labels(in)});
  }
}

void read_samples(ByteReader& in, bool has_starts, WalRecord& into) {
  Places places(in, has_starts);
  into.samples.reserve(in.remaining() / 10);
  while (in.ok() && !in.done()) {
    const Places::Place place = places.next(in);
    into.samples.push_back({.ref = place.ref,
                            .t_ms = place.t_ms,
                            .start_ms = place.start_ms,
                            .value = read_be_double(in)});
  }
}

void read_deletions(ByteReader& in, WalRecord& into) {
  while (in.ok() && !in.done()) {
    const HeadRef ref = read_be64(in);
    const std::int64_t min_ms = read_varint(in);
    const std::int64_t max_ms = read_varint(in);
    into.deletions.push_back({.ref = ref, .range = {min_ms, max_ms}});
  }
}

void read_exemplars(ByteReader& in, WalRecord& into) {
  Places places(in, false);
  while (in.ok() && !in.done()) {
    const Places::Place place = places.next(in);
    const double value = read_be_double(in);
    into.exemplars.push_back({.ref = place.ref,
                              .t_ms = place.t_ms,
                              .value = value,
                              .labels = read_labels(in)});
  }
}

std::string_view type_name(std::uint8_t type) {
  constexpr std::array<std::string_view, 8> kNames = {
      "unknown",        "counter", "gauge", "histogram",
      "gaugehistogram", "summary", "info",  "stateset"};
  return type < kNames.size() ? kNames.at(type) : kNames.front();
}

void read_metadata(ByteReader& in, WalRecord& into) {
  while (in.ok() && !in.done()) {
    WalRecord::Metadata metadata;
    metadata.ref = in.varint();
    metadata.type = type_name(in.fixed<std::uint8_t>());
    const std::uint64_t fields = in.varint();
    for (std::uint64_t i = 0; i < fields && in.ok(); ++i) {
      const std::string_view name = in.text();
      const std::string_view value = in.text();
      if (name == "UNIT") metadata.unit = value;
      if (name == "HELP") metadata.help = value;
    }
    into.metadata.push_back(std::move(metadata));
  }
}

bool read_spans(ByteReader& in, std::vector<BucketSpan>& spans) {
  const std::uint64_t count = in.varint();
  if (count > in.remaining() / 2) return false;
  spans.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t offset = read_varint(in);
    const std::uint64_t length = in.varint();
    if (length > std::numeric_limits<std::int32_t>::max() ||
        offset < std::numeric_limits<std::int32_t>::min() ||
        offset > std::numeric_limits<std::int32_t>::max()) {
      return false;
    }
    spans.push_back({.offset = static_cast<std::int32_t>(offset),
                     .length = static_cast<std::uint32_t>(length)});
  }
  return in.ok();
}

// Whole counts as the difference to the bucket before.
bool read_whole_buckets(ByteReader& in, std::vector<double>& buckets,
                        bool& is_whole) {
  const std::uint64_t size = in.varint();
  if (size > in.remaining()) return false;
  buckets.reserve(static_cast<std::size_t>(size));
  std::int64_t count = 0;
  for (std::uint64_t i = 0; i < size; ++i) {
    count = plus(count, read_varint(in));
    is_whole = is_whole && static_cast<std::uint64_t>(count) <= kWholeMax;
    buckets.push_back(static_cast<double>(count));
  }
  return in.ok();
}

bool read_doubles(ByteReader& in, std::vector<double>& numbers) {
  const std::uint64_t size = in.varint();
  if (size > in.remaining() / sizeof(double)) return false;
  numbers.reserve(static_cast<std::size_t>(size));
  for (std::uint64_t i = 0; i < size; ++i)
    numbers.push_back(read_be_double(in));
  return in.ok();
}

bool read_histogram(ByteReader& in, bool is_whole, FloatHistogram& histogram) {
  const auto hint = in.fixed<std::uint8_t>();
  if (hint <= static_cast<std::uint8_t>(CounterResetHint::kGauge))
    histogram.counter_reset_hint = static_cast<CounterResetHint>(hint);
  histogram.schema = static_cast<std::int32_t>(read_varint(in));
  histogram.zero_threshold = read_be_double(in);
  if (is_whole) {
    const std::uint64_t zero_count = in.varint();
    const std::uint64_t count = in.varint();
    histogram.zero_count = static_cast<double>(zero_count);
    histogram.count = static_cast<double>(count);
    histogram.integer = zero_count <= kWholeMax && count <= kWholeMax;
  } else {
    histogram.zero_count = read_be_double(in);
    histogram.count = read_be_double(in);
  }
  histogram.sum = read_be_double(in);
  if (!read_spans(in, histogram.positive_spans) ||
      !read_spans(in, histogram.negative_spans)) {
    return false;
  }
  const bool read = is_whole
                        ? read_whole_buckets(in, histogram.positive_buckets,
                                             histogram.integer) &&
                              read_whole_buckets(in, histogram.negative_buckets,
                                                 histogram.integer)
                        : read_doubles(in, histogram.positive_buckets) &&
                              read_doubles(in, histogram.negative_buckets);
  if (!read) return false;
  return !histogram.uses_custom_buckets() ||
         read_doubles(in, histogram.custom_values);
}

bool read_histograms(ByteReader& in, bool is_whole, bool has_starts,
                     WalRecord& into) {
  Places places(in, has_starts);
  while (in.ok() && !in.done()) {
    const Places::Place place = places.next(in);
    WalRecord::Histogram next = {.ref = place.ref,
                                 .t_ms = place.t_ms,
                                 .start_ms = place.start_ms,
                                 .value = {}};
    if (!read_histogram(in, is_whole, next.value)) return false;
    if (is_stale_nan(next.value.sum)) {
      FloatHistogram marker;
      marker.sum = next.value.sum;
      marker.integer = is_whole;
      next.value = std::move(marker);
    } else if (!settle(next.value)) {
      continue;
    }
    into.histograms.push_back(std::move(next));
  }
  return true;
}

}  // namespace

void WalRecord::clear() {
  series.clear();
  samples.clear();
  histograms.clear();
  deletions.clear();
  exemplars.clear();
  metadata.clear();
}

Status decode_wal_record(Bytes record, WalRecord& into) {
  into.clear();
  ByteReader in(record);
  const auto type = static_cast<Type>(in.fixed<std::uint8_t>());
  bool is_good = true;
  switch (type) {
    case Type::kSeries:
      read_series(in, into);
      break;
    case Type::kSamples:
    case Type::kSamplesStart:
      read_samples(in, type == Type::kSamplesStart, into);
      break;
    case Type::kTombstones:
      read_deletions(in, into);
      break;
    case Type::kExemplars:
      read_exemplars(in, into);
      break;
    case Type::kMetadata:
      read_metadata(in, into);
      break;
    case Type::kHistograms:
    case Type::kCustomHistograms:
    case Type::kHistogramsStart:
      is_good = read_histograms(in, true, type == Type::kHistogramsStart, into);
      break;
    case Type::kFloatHistograms:
    case Type::kCustomFloatHistograms:
    case Type::kFloatHistogramsStart:
      is_good =
          read_histograms(in, false, type == Type::kFloatHistogramsStart, into);
      break;
    case Type::kMmapMarkers:
    default:
      break;
  }
  if (is_good && in.ok()) return {};
  into.clear();
  return fail(
      Code::kCorrupt,
      "record of type " + std::to_string(static_cast<int>(type)) + " is cut");
}

}  // namespace prom::tsdb
