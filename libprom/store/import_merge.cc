#include "libprom/store/import_merge.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <queue>

namespace prom::store {
namespace {

constexpr std::uint64_t kWindowBytesMin = 4U << 10U;
constexpr std::uint64_t kWindowBytesMax = 256U << 10U;

// Walks one stretch group by group.
class StretchCursor {
 public:
  StretchCursor(const SpillFile& spill, const SpilledStretch& stretch,
                std::size_t order, std::size_t window_bytes)
      : spill_(spill),
        next_(stretch.offset),
        end_(stretch.offset + stretch.bytes),
        order_(order),
        window_bytes_(window_bytes) {}

  // Which of the stretches this is: earlier ones came first.
  [[nodiscard]] std::size_t order() const { return order_; }
  [[nodiscard]] const Labels& labels() const { return labels_; }

  // Goes to the next group; false at the end.
  Result<bool> next() {
    if (at_ == window_.size() && next_ == end_) return false;
    if (Status have = need(4); !have) return fail(have.error());
    const auto size = load_le<std::uint32_t>(window_.data() + at_);
    at_ += 4;
    if (Status have = need(size); !have) return fail(have.error());
    group_ = std::string_view(window_).substr(at_, size);
    at_ += size;
    ByteReader reader(group_);
    const auto shared = static_cast<std::size_t>(reader.varint());
    const auto length = static_cast<std::size_t>(reader.varint());
    encoded_.resize(std::min(shared, encoded_.size()));
    encoded_ += as_text(reader.take(length));
    count_ = static_cast<std::size_t>(reader.varint());
    flags_ = static_cast<unsigned>(reader.varint());
    if (!reader.ok() || !Labels::decode(encoded_, labels_)) return broken();
    group_.remove_prefix(group_.size() - reader.remaining());
    return true;
  }

  // Appends the group's samples, without end_series().
  Status read(Samples& into) {
    ByteReader reader(group_);
    times_.resize(count_);
    bits_.resize(count_);
    std::uint64_t t = 0;
    std::uint64_t delta = 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint64_t code = reader.varint();
      const std::uint64_t now =
          (code & 2U) != 0
              ? reader.fixed<std::uint64_t>()
              : t + delta + static_cast<std::uint64_t>(unzigzag(code >> 2U));
      if ((code & 1U) == 0) bits = reader.fixed<std::uint64_t>();
      delta = now - t;
      t = now;
      times_[i] = static_cast<std::int64_t>(t);
      bits_[i] = bits;
    }
    if (!reader.ok()) return fail(broken().error());
    if ((flags_ & kGroupHasExtras) != 0) return read_extras(reader, into);
    for (std::size_t i = 0; i < count_; ++i)
      into.push(times_[i], std::bit_cast<double>(bits_[i]));
    return {};
  }

 private:
  static std::unexpected<Error> broken() {
    return fail(Code::kInternal, "the spill file contradicts itself");
  }

  Status read_extras(ByteReader& reader, Samples& into) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const auto kind = static_cast<unsigned>(reader.varint());
      const std::int64_t start_ms =
          (kind & kExtraStart) != 0 ? reader.fixed<std::int64_t>() : 0;
      if ((kind & kExtraHistogram) != 0) {
        into.push(times_[i], read_spilled(reader));
      } else {
        into.push(times_[i], std::bit_cast<double>(bits_[i]));
      }
      into.set_start(start_ms);
    }
    if (!reader.ok()) return fail(broken().error());
    return {};
  }

  // `size` bytes are in the window from at_ on, with room to overread.
  Status need(std::size_t size) {
    const std::size_t have = window_.size() - at_;
    if (have >= size) return {};
    window_.erase(0, at_);
    at_ = 0;
    const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(
        std::max(size - have, window_bytes_), end_ - next_));
    window_.resize(have + more);
    Status read = spill_.read_at(
        next_, std::as_writable_bytes(std::span(window_)).subspan(have));
    next_ += more;
    if (read && have + more < size) return fail(broken().error());
    return read;
  }

  const SpillFile& spill_;
  std::uint64_t next_;  // behind the window
  const std::uint64_t end_;
  const std::size_t order_;
  const std::size_t window_bytes_;
  std::string window_;
  std::size_t at_ = 0;
  std::string_view group_;
  std::string encoded_;
  Labels labels_;
  std::size_t count_ = 0;
  unsigned flags_ = 0;
  std::vector<std::int64_t> times_;
  std::vector<std::uint64_t> bits_;
};

bool same_sample(const Samples& samples, std::size_t a, std::size_t b) {
  const auto histogram_at = [&](std::size_t i) {
    return samples.histogram.empty() ? nullptr : samples.histogram[i];
  };
  const FloatHistogram* const first = histogram_at(a);
  const FloatHistogram* const second = histogram_at(b);
  if ((first == nullptr) != (second == nullptr)) return false;
  if (first != nullptr) return first->equals(*second);
  return std::bit_cast<std::uint64_t>(samples.value[a]) ==
         std::bit_cast<std::uint64_t>(samples.value[b]);
}

template <typename T>
void pick(std::vector<T>& column, const std::vector<std::size_t>& order) {
  if (column.empty()) return;
  std::vector<T> picked;
  picked.reserve(order.size());
  for (const std::size_t i : order) picked.push_back(column[i]);
  column = std::move(picked);
}

// Makes the only series of `samples` strictly ascending: of samples with one
// time the first stays, and the others are counted.
void settle(Samples& samples, Duplicates& duplicates) {
  const std::vector<std::int64_t>& t = samples.t_ms;
  if (std::ranges::adjacent_find(t, std::greater_equal<>()) == t.end()) return;
  std::vector<std::size_t> order(t.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return t[a] < t[b]; });
  std::vector<std::size_t> kept;
  kept.reserve(order.size());
  for (const std::size_t i : order) {
    if (kept.empty() || t[kept.back()] != t[i]) {
      kept.push_back(i);
    } else if (same_sample(samples, kept.back(), i)) {
      ++duplicates.repeated;
    } else {
      ++duplicates.refused;
    }
  }
  pick(samples.value, kept);
  pick(samples.histogram, kept);
  pick(samples.start_ms, kept);
  pick(samples.t_ms, kept);
  samples.end.back() = kept.size();
}

class MergedStretches final : public SortedSeries {
 public:
  MergedStretches(const SpillFile& spill,
                  const std::vector<SpilledStretch>& stretches,
                  std::uint64_t memory_bytes, Duplicates& duplicates)
      : duplicates_(duplicates) {
    const std::uint64_t window =
        std::clamp(memory_bytes / std::max<std::size_t>(stretches.size(), 1),
                   kWindowBytesMin, kWindowBytesMax);
    cursors_.reserve(stretches.size());
    for (const SpilledStretch& stretch : stretches)
      cursors_.push_back(std::make_unique<StretchCursor>(
          spill, stretch, cursors_.size(), static_cast<std::size_t>(window)));
  }

  Result<bool> next(Labels& labels, Samples& samples) override {
    samples.clear();
    if (!begun_) {
      begun_ = true;
      for (const auto& cursor : cursors_) {
        if (Status done = advance(cursor.get()); !done)
          return fail(done.error());
      }
    }
    if (queue_.empty()) return false;
    labels = queue_.top()->labels();
    while (!queue_.empty() && queue_.top()->labels() == labels) {
      StretchCursor* const cursor = queue_.top();
      queue_.pop();
      if (Status done = cursor->read(samples); !done) return fail(done.error());
      if (Status done = advance(cursor); !done) return fail(done.error());
    }
    samples.end_series();
    settle(samples, duplicates_);
    return true;
  }

 private:
  Status advance(StretchCursor* cursor) {
    const auto more = cursor->next();
    if (!more) return fail(more.error());
    if (*more) queue_.push(cursor);
    return {};
  }

  struct Later {
    bool operator()(const StretchCursor* a, const StretchCursor* b) const {
      const auto order = a->labels() <=> b->labels();
      return order != 0 ? order > 0 : a->order() > b->order();
    }
  };

  Duplicates& duplicates_;
  std::vector<std::unique_ptr<StretchCursor>> cursors_;
  std::priority_queue<StretchCursor*, std::vector<StretchCursor*>, Later>
      queue_;
  bool begun_ = false;
};

void append_list(std::string& out, const std::vector<double>& list) {
  append_varint(out, list.size());
  for (const double value : list) append_le(out, value);
}

void append_list(std::string& out, const std::vector<BucketSpan>& list) {
  append_varint(out, list.size());
  for (const BucketSpan& span : list) {
    append_le(out, span.offset);
    append_le(out, span.length);
  }
}

void read_list(ByteReader& reader, std::vector<double>& into) {
  for (auto n = reader.varint(); n > 0 && reader.ok(); --n)
    into.push_back(reader.fixed<double>());
}

void read_list(ByteReader& reader, std::vector<BucketSpan>& into) {
  for (auto n = reader.varint(); n > 0 && reader.ok(); --n) {
    const auto offset = reader.fixed<std::int32_t>();
    into.push_back({offset, reader.fixed<std::uint32_t>()});
  }
}

}  // namespace

void append_spilled(std::string& out, const FloatHistogram& histogram) {
  out += static_cast<char>(histogram.counter_reset_hint);
  out += static_cast<char>(histogram.integer ? 1 : 0);
  append_le(out, histogram.schema);
  append_le(out, histogram.zero_threshold);
  append_le(out, histogram.zero_count);
  append_le(out, histogram.count);
  append_le(out, histogram.sum);
  append_list(out, histogram.positive_spans);
  append_list(out, histogram.negative_spans);
  append_list(out, histogram.positive_buckets);
  append_list(out, histogram.negative_buckets);
  append_list(out, histogram.custom_values);
}

FloatHistogram read_spilled(ByteReader& reader) {
  FloatHistogram histogram;
  histogram.counter_reset_hint =
      static_cast<CounterResetHint>(reader.fixed<std::uint8_t>());
  histogram.integer = reader.fixed<std::uint8_t>() != 0;
  histogram.schema = reader.fixed<std::int32_t>();
  histogram.zero_threshold = reader.fixed<double>();
  histogram.zero_count = reader.fixed<double>();
  histogram.count = reader.fixed<double>();
  histogram.sum = reader.fixed<double>();
  read_list(reader, histogram.positive_spans);
  read_list(reader, histogram.negative_spans);
  read_list(reader, histogram.positive_buckets);
  read_list(reader, histogram.negative_buckets);
  read_list(reader, histogram.custom_values);
  return histogram;
}

std::unique_ptr<SortedSeries> merge_stretches(
    const SpillFile& spill, const std::vector<SpilledStretch>& stretches,
    std::uint64_t memory_bytes, Duplicates& duplicates) {
  return std::make_unique<MergedStretches>(spill, stretches, memory_bytes,
                                           duplicates);
}

}  // namespace prom::store
