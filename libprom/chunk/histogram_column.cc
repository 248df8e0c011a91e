#include "libprom/chunk/histogram_column.h"

#include <algorithm>
#include <bit>

namespace prom::chunk {
namespace {

// Columns of a layout, in their order; buckets follow.
constexpr std::size_t kSum = 0;
constexpr std::size_t kCount = 1;
constexpr std::size_t kHint = 2;
constexpr std::size_t kZeroCount = 3;
constexpr std::size_t kFixedColumns = 4;

Error damaged(const char* what) {
  return {Code::kCorrupt, std::string("histogram column: ") + what};
}

// False when there are more than kBucketsMax spans or buckets, or more buckets
// than `room`, which is lowered.
bool read_spans(ByteReader& in, std::size_t& room,
                std::vector<BucketSpan>& spans, std::vector<double>& buckets) {
  const std::uint64_t count = in.varint();
  std::uint64_t length = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::int64_t offset = unzigzag(in.varint());
    const std::uint64_t run = in.varint();
    if (i >= kBucketsMax || run > kBucketsMax ||
        static_cast<std::int32_t>(offset) != offset)
      return false;
    spans.push_back(
        {static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(run)});
    length += run;
    if (length > kBucketsMax || length > room) return false;
  }
  room -= static_cast<std::size_t>(length);
  buckets.resize(static_cast<std::size_t>(length));
  return in.ok();
}

}  // namespace

// The part of a request that one layout answers.
struct HistogramColumn::Slice {
  std::size_t begin = 0;  // among the histograms of the layout
  std::size_t end = 0;
  std::vector<std::uint64_t> bits;  // column after column

  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] std::uint64_t at(std::size_t column, std::size_t i) const {
    return bits[column * size() + i - begin];
  }
  [[nodiscard]] double value(std::size_t column, std::size_t i) const {
    return std::bit_cast<double>(at(column, i));
  }
};

bool HistogramColumn::read_layout(ByteReader& in, std::size_t& room,
                                  Layout& layout) {
  FloatHistogram& shape = layout.shape;
  layout.histograms = static_cast<std::size_t>(in.varint());
  const unsigned flags = in.fixed<std::uint8_t>();
  const std::int64_t schema = unzigzag(in.varint());
  shape.integer = flags == 1;
  shape.schema = static_cast<std::int32_t>(schema);
  shape.zero_threshold = in.fixed<double>();
  if (flags > 1 || shape.schema != schema ||
      !read_spans(in, room, shape.positive_spans, shape.positive_buckets) ||
      !read_spans(in, room, shape.negative_spans, shape.negative_buckets))
    return false;
  const std::uint64_t bounds = in.varint();
  if (bounds > kBucketsMax || bounds * sizeof(double) > in.remaining())
    return false;
  shape.custom_values.resize(static_cast<std::size_t>(bounds));
  for (double& bound : shape.custom_values) bound = in.fixed<double>();
  return in.ok() && shape.validate().has_value();
}

bool HistogramColumn::read_runs(ByteReader& in) {
  const std::uint64_t runs = in.varint();
  std::vector<std::size_t> used(layouts_.size());
  std::size_t first = 0;
  for (std::uint64_t i = 0; i < runs && in.ok(); ++i) {
    const std::uint64_t layout = in.varint();
    const std::uint64_t count = in.varint();
    if (layout >= layouts_.size() || count == 0 || count > count_ - first)
      return false;
    const auto number = static_cast<std::size_t>(layout);
    const auto length = static_cast<std::size_t>(count);
    runs_.push_back({number, first, used[number], length});
    used[number] += length;
    first += length;
  }
  bool sound = in.ok() && first == count_;
  for (std::size_t i = 0; i < used.size(); ++i)
    sound = sound && used[i] == layouts_[i].histograms && used[i] > 0;
  return sound;
}

Result<HistogramColumn> HistogramColumn::open(Bytes bytes, std::size_t count) {
  HistogramColumn column;
  column.count_ = count;
  ByteReader in(bytes);
  const unsigned version = in.fixed<std::uint8_t>();
  const std::uint64_t layouts = in.varint();
  if (!in.ok() || version != 0 || count == 0 || count > kColumnValuesMax ||
      layouts > count)
    return fail(damaged("unknown version or length"));
  // Each bucket of each layout has a column of a byte or more.
  std::size_t room = in.remaining();
  for (std::uint64_t i = 0; i < layouts; ++i) {
    if (!read_layout(in, room, column.layouts_.emplace_back()))
      return fail(damaged("bad layout"));
  }
  if (!column.read_runs(in)) return fail(damaged("bad runs"));
  for (Layout& layout : column.layouts_) {
    const std::uint64_t size = in.varint();
    if (!in.ok() || size > in.remaining()) return fail(damaged("cut short"));
    layout.columns = bytes.last(in.remaining());
    (void)in.take(static_cast<std::size_t>(size));
  }
  column.bytes_ = bytes.first(bytes.size() - in.remaining());
  return column;
}

// What each layout has to give for [first, first + count).
std::vector<HistogramColumn::Slice> HistogramColumn::slices(
    std::size_t first, std::size_t count) const {
  std::vector<Slice> made(layouts_.size());
  for (const Run& run : runs_) {
    const std::size_t begin = std::max(first, run.first);
    const std::size_t end = std::min(first + count, run.first + run.count);
    if (begin >= end) continue;
    Slice& slice = made[run.layout];
    const std::size_t from = run.in_layout + (begin - run.first);
    if (slice.size() == 0) slice.begin = from;
    slice.end = from + (end - begin);
  }
  return made;
}

Status HistogramColumn::decode_one(std::size_t column, std::size_t first,
                                   std::size_t count,
                                   std::uint64_t* into) const {
  std::vector<Slice> parts = slices(first, count);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Slice& slice = parts[i];
    if (slice.size() == 0) continue;
    Bytes rest = layouts_[i].columns;
    for (std::size_t skipped = 0;; ++skipped) {
      const auto opened = ValueColumn::open(rest, layouts_[i].histograms);
      if (!opened) return fail(opened.error());
      rest = rest.subspan(opened->bytes().size());
      if (skipped < column) continue;
      slice.bits.resize(slice.size());
      auto decoded =
          opened->decode(slice.begin, slice.size(), slice.bits.data());
      if (!decoded) return decoded;
      break;
    }
  }
  for (const Run& run : runs_) {
    const std::size_t begin = std::max(first, run.first);
    const std::size_t end = std::min(first + count, run.first + run.count);
    for (std::size_t i = begin; i < end; ++i)
      into[i - first] = parts[run.layout].at(0, run.in_layout + i - run.first);
  }
  return {};
}

Status HistogramColumn::decode_sums(std::size_t first, std::size_t count,
                                    std::uint64_t* into) const {
  return decode_one(kSum, first, count, into);
}

Status HistogramColumn::decode_counts(std::size_t first, std::size_t count,
                                      std::uint64_t* into) const {
  return decode_one(kCount, first, count, into);
}

Status HistogramColumn::decode_columns(const Layout& layout,
                                       Slice& slice) const {
  const std::size_t columns = kFixedColumns +
                              layout.shape.positive_buckets.size() +
                              layout.shape.negative_buckets.size();
  slice.bits.resize(columns * slice.size());
  Bytes rest = layout.columns;
  for (std::size_t i = 0; i < columns; ++i) {
    const auto column = ValueColumn::open(rest, layout.histograms);
    if (!column) return fail(column.error());
    auto decoded = column->decode(slice.begin, slice.size(),
                                  slice.bits.data() + i * slice.size());
    if (!decoded) return decoded;
    rest = rest.subspan(column->bytes().size());
  }
  return {};
}

Status HistogramColumn::decode_all(std::vector<Slice>& slices) const {
  std::size_t words = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const FloatHistogram& shape = layouts_[i].shape;
    words += slices[i].size() * (kFixedColumns + shape.positive_buckets.size() +
                                 shape.negative_buckets.size());
    if (words > kDecodedBucketsMax) {
      return fail(Code::kLimit, "histogram column: more than " +
                                    std::to_string(kDecodedBucketsMax) +
                                    " buckets");
    }
  }
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (slices[i].size() == 0) continue;
    auto decoded = decode_columns(layouts_[i], slices[i]);
    if (!decoded) return decoded;
  }
  return {};
}

Status HistogramColumn::decode(std::size_t first, std::size_t count,
                               std::deque<FloatHistogram>& into) const {
  std::vector<Slice> parts = slices(first, count);
  auto decoded = decode_all(parts);
  if (!decoded) return decoded;
  const std::size_t before = into.size();
  for (const Run& run : runs_) {
    const Slice& slice = parts[run.layout];
    const std::size_t begin = std::max(first, run.first);
    const std::size_t end = std::min(first + count, run.first + run.count);
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t at = run.in_layout + i - run.first;
      FloatHistogram& histogram = into.emplace_back(layouts_[run.layout].shape);
      histogram.sum = slice.value(kSum, at);
      histogram.count = slice.value(kCount, at);
      histogram.zero_count = slice.value(kZeroCount, at);
      const double hint = slice.value(kHint, at);
      std::size_t column = kFixedColumns;
      for (double& bucket : histogram.positive_buckets)
        bucket = slice.value(column++, at);
      for (double& bucket : histogram.negative_buckets)
        bucket = slice.value(column++, at);
      if (!(hint >= 0 && hint <= 3) || !histogram.validate()) {
        into.resize(before);
        return fail(damaged("an invalid histogram"));
      }
      histogram.counter_reset_hint =
          static_cast<CounterResetHint>(static_cast<unsigned>(hint));
    }
  }
  return {};
}

}  // namespace prom::chunk
