#include "libprom/tsdb/xor2_chunk.h"

#include <array>
#include <bit>

#include "libprom/model/sample.h"
#include "libprom/tsdb/samples_edit.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kHeaderBytes = 3;
constexpr unsigned kSmallBits = 13;
constexpr unsigned kMiddleBits = 20;

// Plain two's complement, unlike the times of XOR chunks.
std::uint64_t sign_extend(std::uint64_t value, unsigned size) {
  if (size < 64 && (value >> (size - 1U) & 1U) != 0) value -= 1ULL << size;
  return value;
}
bool fits(std::int64_t value, unsigned size) {
  const std::int64_t half = 1LL << (size - 1U);
  return value >= -half && value < half;
}

class Decoder {
 public:
  Decoder(Bytes chunk, std::size_t count)
      : in_(chunk.subspan(kHeaderBytes)),
        start_(std::to_integer<std::uint8_t>(chunk[2])),
        count_(count) {}

  [[nodiscard]] bool has_starts() const { return start_.any(); }

  bool decode(std::int64_t* times, double* values, std::int64_t* starts) {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint64_t before = t_;
      const std::uint64_t value = next(i);
      times[i] = static_cast<std::int64_t>(t_);
      values[i] = std::bit_cast<double>(value);
      if (starts == nullptr) continue;
      starts[i] =
          start_.next(in_, i, times[i], static_cast<std::int64_t>(before));
    }
    return in_.ok();
  }

 private:
  std::uint64_t next(std::size_t index) {
    if (index == 0) {
      t_ = static_cast<std::uint64_t>(in_.signed_varint());
      const std::uint64_t value = in_.bits(64);
      if (value != kStaleNanBits) value_ = value;
      return value;
    }
    if (index == 1) {
      distance_ = in_.varint();
      t_ += distance_;
      return read_value();
    }
    return read_joint();
  }

  std::uint64_t read_joint() {
    const auto ones =
        static_cast<unsigned>(std::min(std::countl_one(in_.peek()), 5));
    in_.skip(std::min(ones + 1, 5U));
    constexpr std::array<unsigned, 6> kSizes = {0,           0,  kSmallBits,
                                                kMiddleBits, 64, 0};
    const unsigned size = kSizes[ones];
    if (size > 0) distance_ += sign_extend(in_.bits(size), size);
    t_ += distance_;
    if (size > 0) return read_value();
    if (ones == 0) return value_;
    if (ones == 5) return kStaleNanBits;
    value_ ^= in_.bit() ? read_new_window(in_, window_)
                        : read_same_window(in_, window_);
    return value_;
  }

  std::uint64_t read_value() {
    const auto ones =
        static_cast<unsigned>(std::min(std::countl_one(in_.peek()), 3));
    in_.skip(std::min(ones + 1, 3U));
    if (ones == 3) return kStaleNanBits;
    if (ones == 1) value_ ^= read_same_window(in_, window_);
    if (ones == 2) value_ ^= read_new_window(in_, window_);
    return value_;
  }

  BitReader in_;
  StartTimeDecoder start_;
  std::size_t count_;
  std::uint64_t t_ = 0;
  std::uint64_t distance_ = 0;
  std::uint64_t value_ = 0;  // the last that was not stale
  XorWindow window_;
};

}  // namespace

Status decode_xor2(Bytes chunk, Samples& into) {
  if (chunk.size() < kHeaderBytes)
    return fail(Code::kCorrupt, "XOR2 chunk without a header");
  const std::size_t count = load_be<std::uint16_t>(chunk.data());
  if (count == 0) return {};
  Decoder decoder(chunk, count);
  const std::size_t from = into.t_ms.size();
  const SamplesMark mark(into);
  into.t_ms.resize(from + count);
  into.value.resize(from + count);
  if (mark.has_histograms) into.histogram.resize(from + count, nullptr);
  if (mark.has_starts || decoder.has_starts())
    into.start_ms.resize(from + count, 0);
  if (!decoder.decode(&into.t_ms[from], &into.value[from],
                      decoder.has_starts() ? &into.start_ms[from] : nullptr)) {
    mark.rewind(into);
    return fail(Code::kCorrupt, "XOR2 chunk ends before its " +
                                    std::to_string(count) + " samples");
  }
  return {};
}

void Xor2Encoder::add(std::int64_t t_ms, double value, std::int64_t start_ms) {
  const auto distance =
      static_cast<std::uint64_t>(t_ms) - static_cast<std::uint64_t>(t_ms_);
  if (count_ == 0) {
    out_.signed_varint(t_ms);
    out_.bits(std::bit_cast<std::uint64_t>(value), 64);
    if (!is_stale_nan(value)) value_ = std::bit_cast<std::uint64_t>(value);
  } else if (count_ == 1) {
    out_.varint(distance);
    write_value(value);
    distance_ = distance;
  } else {
    write_joint(static_cast<std::int64_t>(distance - distance_), value);
    distance_ = distance;
  }
  start_.add(out_, count_, t_ms, t_ms_, start_ms);
  t_ms_ = t_ms;
  ++count_;
  store_le(out_.bytes().data(), std::byteswap(count_));
  out_.bytes()[2] = static_cast<char>(start_.header());
}

void Xor2Encoder::write_joint(std::int64_t change, double value) {
  if (change == 0) {
    if (is_stale_nan(value)) return out_.bits(0b11111, 5);
    const std::uint64_t changed = std::bit_cast<std::uint64_t>(value) ^ value_;
    if (changed == 0) return out_.bits(0, 1);
    return write_changed(changed, {.bits = 0b100, .size = 3},
                         {.bits = 0b101, .size = 3});
  }
  if (fits(change, kSmallBits)) {
    out_.bits(0b110, 3);
    out_.bits(static_cast<std::uint64_t>(change), kSmallBits);
  } else if (fits(change, kMiddleBits)) {
    out_.bits(0b1110, 4);
    out_.bits(static_cast<std::uint64_t>(change), kMiddleBits);
  } else {
    out_.bits(0b11110, 5);
    out_.bits(static_cast<std::uint64_t>(change), 64);
  }
  write_value(value);
}

void Xor2Encoder::write_value(double value) {
  if (is_stale_nan(value)) return out_.bits(0b111, 3);
  const std::uint64_t changed = std::bit_cast<std::uint64_t>(value) ^ value_;
  if (changed == 0) return out_.bits(0, 1);
  write_changed(changed, {.bits = 0b10, .size = 2}, {.bits = 0b110, .size = 3});
}

void Xor2Encoder::write_changed(std::uint64_t changed, Prefix same_window,
                                Prefix new_window) {
  const XorChoice choice = choose_window(changed, window_, has_window_);
  const Prefix prefix = choice.same ? same_window : new_window;
  out_.bits(prefix.bits, prefix.size);
  write_window(out_, changed, choice);
  window_ = choice.window;
  has_window_ = true;
  value_ ^= changed;
}

}  // namespace prom::tsdb
