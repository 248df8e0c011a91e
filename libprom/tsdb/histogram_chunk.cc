#include "libprom/tsdb/histogram_chunk.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "libprom/model/sample.h"
#include "libprom/tsdb/histogram_header.h"
#include "libprom/tsdb/samples_edit.h"
#include "libprom/tsdb/start_times.h"
#include "libprom/tsdb/xor_value.h"

namespace prom::tsdb {
namespace {

constexpr std::uint64_t kWholeMax = 1ULL << 53U;

// Numbers wrap, as upstream's do: hostile ones must not be undefined.
struct Change {
  std::uint64_t value = 0;
  std::uint64_t change = 0;

  void add(std::int64_t change_of_change) {
    change += static_cast<std::uint64_t>(change_of_change);
    value += change;
  }
};

class Decoder {
 public:
  Decoder(Bytes chunk, const HistogramHeader& header)
      : in_(chunk.subspan(kHistogramHeaderBytes)),
        header_(header),
        starts_(header.starts) {}

  Status decode(Samples& into) {
    if (!read_layout(in_, layout_))
      return fail(Code::kCorrupt, "histogram chunk with an impossible layout");
    positive_.resize(bucket_count(layout_.positive));
    negative_.resize(bucket_count(layout_.negative));
    for (std::size_t i = 0; i < header_.count; ++i) {
      const std::uint64_t before = time_.value;
      if (i == 0) {
        read_first();
      } else {
        read_next();
      }
      if (!in_.ok()) {
        return fail(Code::kCorrupt, "histogram chunk ends before its " +
                                        std::to_string(header_.count) +
                                        " samples");
      }
      const auto t_ms = static_cast<std::int64_t>(time_.value);
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
  void read_first() {
    time_.value = static_cast<std::uint64_t>(read_varbit_int(in_));
    count_.value = read_varbit_uint(in_);
    zero_count_.value = read_varbit_uint(in_);
    sum_ = in_.bits(64);
    for (auto* const side : {&positive_, &negative_}) {
      for (Change& bucket : *side)
        bucket.value = static_cast<std::uint64_t>(read_varbit_int(in_));
    }
  }

  void read_next() {
    time_.add(read_varbit_int(in_));
    count_.add(read_varbit_int(in_));
    zero_count_.add(read_varbit_int(in_));
    read_xor(in_, sum_, window_);
    if (sum_ == kStaleNanBits) return;
    for (auto* const side : {&positive_, &negative_})
      for (Change& bucket : *side) bucket.add(read_varbit_int(in_));
  }

  // What is kept of a bucket is its difference to the one before.
  std::vector<double> counts(const std::vector<Change>& side, bool& is_whole) {
    std::vector<double> all;
    all.reserve(side.size());
    std::uint64_t count = 0;
    for (const Change& bucket : side) {
      count += bucket.value;
      is_whole = is_whole && count <= kWholeMax;
      all.push_back(static_cast<double>(static_cast<std::int64_t>(count)));
    }
    return all;
  }

  FloatHistogram current(std::size_t index) {
    FloatHistogram histogram;
    histogram.sum = std::bit_cast<double>(sum_);
    histogram.integer = true;
    if (sum_ == kStaleNanBits) return histogram;
    bool is_whole = count_.value <= kWholeMax && zero_count_.value <= kWholeMax;
    histogram.counter_reset_hint = hint_of(header_.reset, index);
    histogram.schema = layout_.schema;
    histogram.zero_threshold = layout_.zero_threshold;
    histogram.zero_count = static_cast<double>(zero_count_.value);
    histogram.count = static_cast<double>(count_.value);
    histogram.positive_spans = layout_.positive;
    histogram.negative_spans = layout_.negative;
    histogram.custom_values = layout_.custom_values;
    histogram.positive_buckets = counts(positive_, is_whole);
    histogram.negative_buckets = counts(negative_, is_whole);
    histogram.integer = is_whole;
    return histogram;
  }

  BitReader in_;
  HistogramHeader header_;
  StartTimeDecoder starts_;
  HistogramLayout layout_;
  Change time_;
  Change count_;
  Change zero_count_;
  std::uint64_t sum_ = 0;
  XorWindow window_;
  std::vector<Change> positive_;
  std::vector<Change> negative_;
};

// The counterpart of Change.
struct ChangeWriter {
  std::int64_t value = 0;
  std::int64_t change = 0;

  void add(BitWriter& out, std::int64_t next) {
    const std::int64_t distance = wrapping_minus(next, value);
    write_varbit_int(out, wrapping_minus(distance, change));
    change = distance;
    value = next;
  }
};

std::int64_t whole(double count) {
  return static_cast<std::int64_t>(count);
}

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
    const bool is_stale = is_stale_nan(h.sum);
    if (is_first) {
      write_varbit_int(out_, sample.t_ms);
      write_varbit_uint(out_, static_cast<std::uint64_t>(h.count));
      write_varbit_uint(out_, static_cast<std::uint64_t>(h.zero_count));
      out_.bits(std::bit_cast<std::uint64_t>(h.sum), 64);
      time_.value = sample.t_ms;
      count_.value = whole(h.count);
      zero_count_.value = whole(h.zero_count);
      sum_.begin(h.sum);
    } else {
      time_.add(out_, sample.t_ms);
      if (is_stale) {
        out_.bits(0, 2);  // counts that go on as before
      } else {
        count_.add(out_, whole(h.count));
        zero_count_.add(out_, whole(h.zero_count));
      }
      sum_.add(out_, h.sum);
    }
    if (is_stale) return;
    add_side(
        spread(h.positive_spans, h.positive_buckets, run_.layout().positive),
        positive_, is_first);
    add_side(
        spread(h.negative_spans, h.negative_buckets, run_.layout().negative),
        negative_, is_first);
  }

  void add_side(const std::vector<double>& counts,
                std::vector<ChangeWriter>& side, bool is_first) {
    side.resize(counts.size());
    std::int64_t before = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::int64_t difference = whole(counts[i]) - before;
      before = whole(counts[i]);
      if (is_first) {
        write_varbit_int(out_, difference);
        side[i].value = difference;
      } else {
        side[i].add(out_, difference);
      }
    }
  }

  const HistogramRun& run_;
  BitWriter out_{kHistogramHeaderBytes};
  StartTimeEncoder starts_;
  ChangeWriter time_;
  ChangeWriter count_;
  ChangeWriter zero_count_;
  XorValueWriter sum_;
  std::vector<ChangeWriter> positive_;
  std::vector<ChangeWriter> negative_;
};

}  // namespace

Status decode_histogram(Bytes chunk, bool has_starts, Samples& into) {
  const auto header = read_histogram_header(chunk, has_starts);
  if (!header) return fail(Code::kCorrupt, "histogram chunk without a header");
  if (header->count == 0) return {};
  const SamplesMark mark(into);
  Status decoded = Decoder(chunk, *header).decode(into);
  if (!decoded) mark.rewind(into);
  return decoded;
}

std::string encode_histogram(const HistogramRun& run, CounterResetHint first,
                             bool with_starts) {
  return Encoder(run).encode(first, with_starts);
}

}  // namespace prom::tsdb
