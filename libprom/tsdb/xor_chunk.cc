#include "libprom/tsdb/xor_chunk.h"

#include <array>
#include <bit>

#include "libprom/tsdb/samples_edit.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kHeaderBytes = 2;

// Distances change by nothing, or by a number of so many bits, after as many
// ones.
constexpr std::array<unsigned, 5> kTimeSizes = {0, 14, 17, 20, 64};

std::uint64_t read_time_change(BitReader& in) {
  const auto ones =
      static_cast<unsigned>(std::min(std::countl_one(in.peek()), 4));
  in.skip(std::min(ones + 1, 4U));
  return static_cast<std::uint64_t>(
      sign_extend_up(in.bits(kTimeSizes[ones]), kTimeSizes[ones]));
}

void write_time_change(BitWriter& out, std::int64_t change) {
  unsigned ones = change == 0 ? 0 : 1;
  while (ones > 0 && ones < 4 && !fits_up(change, kTimeSizes[ones])) ++ones;
  if (ones == 4) {
    out.bits(0xF, 4);
  } else {
    out.bits((1U << (ones + 1U)) - 2U, ones + 1U);
  }
  out.bits(static_cast<std::uint64_t>(change), kTimeSizes[ones]);
}

// The hot loop of reading blocks: see tests/bench.
bool decode(BitReader& in, std::span<std::int64_t> times,
            std::span<double> values) {
  auto t = static_cast<std::uint64_t>(in.signed_varint());
  std::uint64_t value = in.bits(64);
  std::uint64_t distance = 0;
  XorWindow window;
  times[0] = static_cast<std::int64_t>(t);
  values[0] = std::bit_cast<double>(value);
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (i == 1) {
      distance = in.varint();
      read_xor(in, value, window);
    } else if (const std::uint64_t next = in.peek(); next >> 62U == 0) {
      in.skip(2);  // the same distance and value, by far the most frequent
    } else {
      if (next >> 63U == 0) {
        in.skip(1);
      } else {
        distance += read_time_change(in);
      }
      read_xor(in, value, window);
    }
    t += distance;
    times[i] = static_cast<std::int64_t>(t);
    values[i] = std::bit_cast<double>(value);
  }
  return in.ok();
}

}  // namespace

Status decode_xor(Bytes chunk, Samples& into) {
  if (chunk.size() < kHeaderBytes)
    return fail(Code::kCorrupt, "XOR chunk without a header");
  const std::size_t count = load_be<std::uint16_t>(chunk.data());
  if (count == 0) return {};
  const std::size_t from = into.t_ms.size();
  const SamplesMark mark(into);
  into.t_ms.resize(from + count);
  into.value.resize(from + count);
  if (mark.has_histograms) into.histogram.resize(from + count, nullptr);
  if (mark.has_starts) into.start_ms.resize(from + count, 0);
  BitReader in(chunk.subspan(kHeaderBytes));
  if (!decode(in, std::span(into.t_ms).subspan(from),
              std::span(into.value).subspan(from))) {
    mark.rewind(into);
    return fail(Code::kCorrupt, "XOR chunk ends before its " +
                                    std::to_string(count) + " samples");
  }
  return {};
}

void XorEncoder::add(std::int64_t t_ms, double value) {
  const auto t = static_cast<std::uint64_t>(t_ms);
  const std::uint64_t distance = t - t_;
  if (count_ == 0) {
    out_.signed_varint(t_ms);
    out_.bits(std::bit_cast<std::uint64_t>(value), 64);
    value_.begin(value);
  } else if (count_ == 1) {
    out_.varint(distance);
    value_.add(out_, value);
    distance_ = distance;
  } else {
    write_time_change(out_, static_cast<std::int64_t>(distance - distance_));
    value_.add(out_, value);
    distance_ = distance;
  }
  t_ = t;
  ++count_;
  store_le(out_.bytes().data(), std::byteswap(count_));
}

}  // namespace prom::tsdb
