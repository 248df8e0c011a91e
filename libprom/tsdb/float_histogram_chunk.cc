#include "libprom/tsdb/float_histogram_chunk.h"

#include <bit>
#include <utility>
#include <vector>

#include "libprom/model/sample.h"
#include "libprom/tsdb/histogram_header.h"
#include "libprom/tsdb/samples_edit.h"
#include "libprom/tsdb/start_times.h"
#include "libprom/tsdb/xor_value.h"

namespace prom::tsdb {
namespace {

struct XorValue {
  std::uint64_t bits = 0;
  XorWindow window;

  void read(BitReader& in, bool is_first) {
    if (is_first) {
      bits = in.bits(64);
    } else {
      read_xor(in, bits, window);
    }
  }
  [[nodiscard]] double value() const { return std::bit_cast<double>(bits); }
};

class Decoder {
 public:
  Decoder(Bytes chunk, const HistogramHeader& header)
      : in_(chunk.subspan(kHistogramHeaderBytes)),
        header_(header),
        starts_(header.starts) {}

  Status decode(Samples& into) {
    // The first sample has 64 bits a bucket.
    if (!read_layout(in_, layout_) ||
        layout_.bucket_count() > in_.remaining() / 64) {
      return fail(Code::kCorrupt, "histogram chunk with an impossible layout");
    }
    positive_.resize(bucket_count(layout_.positive));
    negative_.resize(bucket_count(layout_.negative));
    for (std::size_t i = 0; i < header_.count; ++i) {
      const std::uint64_t before = t_;
      read(i == 0);
      if (!in_.ok()) {
        return fail(Code::kCorrupt, "histogram chunk ends before its " +
                                        std::to_string(header_.count) +
                                        " samples");
      }
      const auto t_ms = static_cast<std::int64_t>(t_);
      FloatHistogram histogram = current(i);
      if (Status valid = settle(histogram); !valid) {
        valid.error().code = Code::kCorrupt;
        return fail(std::move(valid).error().in("histogram chunk"));
      }
      into.push(t_ms, std::move(histogram));
      if (starts_.any()) {
        into.set_start(
            starts_.next(in_, i, t_ms, static_cast<std::int64_t>(before)));
      }
    }
    if (!in_.ok()) return fail(Code::kCorrupt, "histogram chunk is cut");
    return {};
  }

 private:
  void read(bool is_first) {
    if (is_first) {
      t_ = static_cast<std::uint64_t>(read_varbit_int(in_));
    } else {
      distance_ += static_cast<std::uint64_t>(read_varbit_int(in_));
      t_ += distance_;
    }
    count_.read(in_, is_first);
    zero_count_.read(in_, is_first);
    sum_.read(in_, is_first);
    if (!is_first && sum_.bits == kStaleNanBits) return;
    for (XorValue& bucket : positive_) bucket.read(in_, is_first);
    for (XorValue& bucket : negative_) bucket.read(in_, is_first);
  }

  static std::vector<double> counts(const std::vector<XorValue>& side) {
    std::vector<double> all;
    all.reserve(side.size());
    for (const XorValue& bucket : side) all.push_back(bucket.value());
    return all;
  }

  FloatHistogram current(std::size_t index) {
    FloatHistogram histogram;
    histogram.sum = sum_.value();
    if (sum_.bits == kStaleNanBits) return histogram;
    histogram.counter_reset_hint = hint_of(header_.reset, index);
    histogram.schema = layout_.schema;
    histogram.zero_threshold = layout_.zero_threshold;
    histogram.zero_count = zero_count_.value();
    histogram.count = count_.value();
    histogram.positive_spans = layout_.positive;
    histogram.negative_spans = layout_.negative;
    histogram.custom_values = layout_.custom_values;
    histogram.positive_buckets = counts(positive_);
    histogram.negative_buckets = counts(negative_);
    return histogram;
  }

  BitReader in_;
  HistogramHeader header_;
  StartTimeDecoder starts_;
  HistogramLayout layout_;
  std::uint64_t t_ = 0;
  std::uint64_t distance_ = 0;
  XorValue count_;
  XorValue zero_count_;
  XorValue sum_;
  std::vector<XorValue> positive_;
  std::vector<XorValue> negative_;
};

class Encoder {
 public:
  explicit Encoder(const HistogramRun& run) : run_(run) {}

  std::string encode(CounterResetHint first, bool with_starts) {
    const auto& samples = run_.samples();
    write_layout(out_, is_stale_nan(samples.front().value.sum)
                           ? HistogramLayout()
                           : run_.layout());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      add(samples[i], i == 0);
      if (!with_starts) continue;
      starts_.add(out_, i, samples[i].t_ms, i == 0 ? 0 : samples[i - 1].t_ms,
                  samples[i].start_ms);
    }
    write_histogram_header(out_.bytes(),
                           {.count = samples.size(),
                            .reset = reset_bits(first),
                            .starts = starts_.header()},
                           with_starts);
    return std::move(out_.bytes());
  }

 private:
  void add(const HistogramSample& sample, bool is_first) {
    const FloatHistogram& h = sample.value;
    if (is_first) {
      write_varbit_int(out_, sample.t_ms);
    } else {
      const std::int64_t distance = wrapping_minus(sample.t_ms, t_ms_);
      write_varbit_int(out_, wrapping_minus(distance, distance_));
      distance_ = distance;
    }
    t_ms_ = sample.t_ms;
    write(count_, h.count, is_first);
    write(zero_count_, h.zero_count, is_first);
    write(sum_, h.sum, is_first);
    if (is_stale_nan(h.sum)) return;
    add_side(
        spread(h.positive_spans, h.positive_buckets, run_.layout().positive),
        positive_, is_first);
    add_side(
        spread(h.negative_spans, h.negative_buckets, run_.layout().negative),
        negative_, is_first);
  }

  void add_side(const std::vector<double>& counts,
                std::vector<XorValueWriter>& side, bool is_first) {
    side.resize(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i)
      write(side[i], counts[i], is_first);
  }

  void write(XorValueWriter& writer, double value, bool is_first) {
    if (!is_first) return writer.add(out_, value);
    out_.bits(std::bit_cast<std::uint64_t>(value), 64);
    writer.begin(value);
  }

  const HistogramRun& run_;
  BitWriter out_{kHistogramHeaderBytes};
  StartTimeEncoder starts_;
  std::int64_t t_ms_ = 0;
  std::int64_t distance_ = 0;
  XorValueWriter count_;
  XorValueWriter zero_count_;
  XorValueWriter sum_;
  std::vector<XorValueWriter> positive_;
  std::vector<XorValueWriter> negative_;
};

}  // namespace

Status decode_float_histogram(Bytes chunk, bool has_starts, Samples& into) {
  const auto header = read_histogram_header(chunk, has_starts);
  if (!header) return fail(Code::kCorrupt, "histogram chunk without a header");
  if (header->count == 0) return {};
  const SamplesMark mark(into);
  Status decoded = Decoder(chunk, *header).decode(into);
  if (!decoded) mark.rewind(into);
  return decoded;
}

std::string encode_float_histogram(const HistogramRun& run,
                                   CounterResetHint first, bool with_starts) {
  return Encoder(run).encode(first, with_starts);
}

}  // namespace prom::tsdb
