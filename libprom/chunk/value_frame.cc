#include "libprom/chunk/value_frame.h"

#include <algorithm>
#include <bit>

#include "libprom/chunk/ulp.h"
#include "libprom/model/sample.h"

namespace prom::chunk {
namespace {

constexpr unsigned kModeMask = 0x0f;
constexpr unsigned kNoReset = 0x10;
constexpr unsigned kHasExceptions = 0x20;
constexpr unsigned kHasScale = 0x40;
constexpr unsigned kSpare = 0x80;
constexpr unsigned kExponentMask = 0x1f;
constexpr unsigned kKindShift = 5;
constexpr unsigned kHasDivisor = 0x80;

// One value in so many may not fit the decimals of its frame; it is stored as
// it is, for 72 bits.
constexpr std::size_t kValuesPerMiss = 64;
constexpr std::size_t kMissesMax = kFrameValues / kValuesPerMiss;

bool read_scale(ByteReader& in, Scale& scale) {
  const unsigned head = in.fixed<std::uint8_t>();
  scale.exponent = static_cast<std::uint8_t>(head & kExponentMask);
  scale.kind = static_cast<ScaleKind>(head >> kKindShift & 3U);
  if ((head & kHasDivisor) != 0) {
    scale.divisor.factor = in.varint();
    scale.divisor.residue = in.varint();
  }
  const bool is_bits = scale.kind == ScaleKind::kBits;
  return in.ok() && scale.exponent <= (is_bits ? 0 : kExponentMax);
}

void write_scale(const Scale& scale, std::string& out) {
  const bool divisor = scale.divisor.factor != 1;
  out += static_cast<char>(scale.exponent |
                           static_cast<unsigned>(scale.kind) << kKindShift |
                           (divisor ? kHasDivisor : 0));
  if (!divisor) return;
  append_varint(out, scale.divisor.factor);
  append_varint(out, scale.divisor.residue);
}

void read_ends(ByteReader& in, bool is_bits, FrameHead::Stream& stream) {
  stream.first = is_bits ? in.fixed<std::uint64_t>()
                         : static_cast<std::uint64_t>(unzigzag(in.varint()));
  stream.last = stream.first;
  if (stream.mode == Mode::kConstant) return;
  stream.last += static_cast<std::uint64_t>(unzigzag(in.varint()));
}

void write_ends(const FrameHead::Stream& stream, bool is_bits,
                std::string& out) {
  if (is_bits) {
    append_le(out, stream.first);
  } else {
    append_varint(out, zigzag(as_signed(stream.first)));
  }
  if (stream.mode == Mode::kConstant) return;
  append_varint(out, zigzag(as_signed(stream.last - stream.first)));
}

Decimal decimal_of(const Scale& scale) {
  return {scale.exponent, scale.kind == ScaleKind::kMultiply};
}

std::uint64_t bits_of(std::uint64_t integer, std::uint64_t ulp,
                      const Scale& scale) {
  const std::uint64_t mantissa =
      integer * scale.divisor.factor + scale.divisor.residue;
  if (scale.kind == ScaleKind::kBits) return mantissa;
  return double_bits(mantissa, decimal_of(scale)) + ulp;
}

bool is_special(std::uint64_t bits) {
  constexpr std::uint64_t kExponentBits = 0x7ff0000000000000U;
  return (bits & kExponentBits) == kExponentBits || bits == 1ULL << 63U;
}

// No value below the one before, and no NaN.
bool never_falls(std::span<const std::uint64_t> bits) {
  auto before = std::bit_cast<double>(bits[0]);
  bool rises = before == before;
  for (const std::uint64_t each : bits) {
    const auto value = std::bit_cast<double>(each);
    rises = rises && value >= before;
    before = value;
  }
  return rises;
}

FrameHead::Stream ends_of(Mode mode, std::span<const std::uint64_t> q) {
  return {mode, q.front(), q.back()};
}

// Gives slots whose value is stored elsewhere the integer before, or, at the
// beginning, the one behind.
void fill_slots(const std::bitset<kFrameValues>& apart,
                std::span<std::uint64_t> q) {
  std::size_t kept = 0;
  while (kept < q.size() && apart[kept]) ++kept;
  std::uint64_t value = kept < q.size() ? q[kept] : 0;
  for (std::size_t i = 0; i < q.size(); ++i) {
    if (apart[i]) q[i] = value;
    value = q[i];
  }
}

}  // namespace

bool FrameHead::read(ByteReader& in, std::size_t count) {
  const unsigned head = in.fixed<std::uint8_t>();
  if ((head & kSpare) != 0) return false;
  main.mode = static_cast<Mode>(head & kModeMask);
  no_reset = (head & kNoReset) != 0;
  if ((head & kHasScale) != 0 && !read_scale(in, scale)) return false;
  if ((head & kHasExceptions) != 0 && !exceptions.read(in, count)) return false;
  read_ends(in, scale.kind == ScaleKind::kBits, main);
  if (scale.kind == ScaleKind::kUlp) {
    ulp.mode = static_cast<Mode>(in.fixed<std::uint8_t>());
    read_ends(in, false, ulp);
  }
  return in.ok();
}

std::uint64_t FrameHead::first_bits() const {
  return exceptions.first_or(bits_of(main.first, ulp.first, scale));
}

std::uint64_t FrameHead::last_bits(std::size_t count) const {
  return exceptions.last_or(count - 1, bits_of(main.last, ulp.last, scale));
}

bool read_frame(Bytes frame, std::size_t count, std::uint64_t* into) {
  ByteReader in(frame);
  FrameHead head;
  if (!head.read(in, count)) return false;
  FrameWords words;
  std::uint64_t* q = words.at.data();
  const Kernels& run = kernels();
  if (!read_stream(in, head.main.mode, head.main.first, count, q)) return false;
  const Scale& scale = head.scale;
  if (scale.divisor != Divisor{})
    run.scale(q, count, scale.divisor.factor, scale.divisor.residue);
  if (scale.kind == ScaleKind::kBits) {
    std::copy_n(q, count, into);
  } else {
    run.to_double(q, count, decimal_of(scale), into);
  }
  if (scale.kind == ScaleKind::kUlp) {
    if (!read_stream(in, head.ulp.mode, head.ulp.first, count, q)) return false;
    for (std::size_t i = 0; i < count; ++i) into[i] += q[i];
  }
  head.exceptions.apply(into);
  return in.done();
}

void FrameEncoder::encode_constant(std::uint64_t bits, std::string& out) {
  const auto value = std::bit_cast<double>(bits);
  const unsigned rises = value == value ? kNoReset : 0;
  std::uint64_t mantissa = 0;
  if (kScalarKernels.from_double(&bits, 1, {}, &mantissa) == 0) {
    out += static_cast<char>(rises);
    write_ends({Mode::kConstant, mantissa, mantissa}, false, out);
  } else {
    out += static_cast<char>(rises | kHasScale);
    write_scale({ScaleKind::kBits, 0, {}}, out);
    write_ends({Mode::kConstant, bits, bits}, true, out);
  }
}

// Marks what is stored apart; false when those are too many.
bool FrameEncoder::set_apart(std::span<const std::uint64_t> bits) {
  std::size_t others = 0;
  apart_.reset();
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (!is_special(bits[i])) continue;
    apart_.set(i);
    others += bits[i] == kStaleNanBits ? 0 : 1;
  }
  return others + kMissesMax <= Exceptions::kOthersMax;
}

void FrameEncoder::write_head(Mode mode, const Scale& scale,
                              std::span<const std::uint64_t> bits,
                              std::string& out) {
  exceptions_.clear();
  for (std::size_t i = 0; apart_.any() && i < bits.size(); ++i)
    if (apart_[i]) exceptions_.add(i, bits[i]);
  const bool scaled = scale != Scale{};
  const bool decimal =
      scale.kind == ScaleKind::kDivide || scale.kind == ScaleKind::kMultiply;
  const bool rises =
      decimal && apart_.none() ? main_.ascending() : never_falls(bits);
  out += static_cast<char>(
      static_cast<unsigned>(mode) | (rises ? kNoReset : 0) |
      (apart_.any() ? kHasExceptions : 0) | (scaled ? kHasScale : 0));
  if (scaled) write_scale(scale, out);
  if (apart_.any()) exceptions_.write(out);
}

void FrameEncoder::encode(std::span<const std::uint64_t> bits,
                          std::string& out) {
  if (kernels().all_equal(bits.data(), bits.size()))
    return encode_constant(bits[0], out);
  std::uint64_t* q = mantissa_.at.data();
  apart_.reset();
  if (kernels().from_double(bits.data(), bits.size(), {}, q) == 0)
    return encode_decimal(bits, {}, out);
  const bool few = set_apart(bits);
  if (!few) {
    // Only staleness markers are worth it then.
    for (std::size_t i = 0; i < bits.size(); ++i)
      if (bits[i] != kStaleNanBits) apart_.reset(i);
  }
  std::span<std::uint64_t> clean(clean_.at.data(), bits.size());
  std::ranges::copy(bits, clean.begin());
  fill_slots(apart_, clean);
  const auto decimal =
      find_decimal(clean, hint_, few ? bits.size() / kValuesPerMiss : 0, q);
  if (!decimal) return encode_mantissas(bits, out);
  hint_ = *decimal;
  for (std::size_t i = 0; i < bits.size(); ++i)
    if (q[i] == 0 && clean[i] != 0) apart_.set(i);
  encode_decimal(bits, *decimal, out);
}

void FrameEncoder::encode_decimal(std::span<const std::uint64_t> bits,
                                  Decimal decimal, std::string& out) {
  const std::span<std::uint64_t> q(mantissa_.at.data(), bits.size());
  if (apart_.any()) fill_slots(apart_, q);
  const Scale scale{
      decimal.multiply ? ScaleKind::kMultiply : ScaleKind::kDivide,
      decimal.exponent, find_divisor(q, Factors::kAll)};
  if (scale.divisor != Divisor{}) divide(q, scale.divisor);
  const Mode mode = main_.plan(q, StreamEncoder::Kind::kNumbers).mode;
  write_head(mode, scale, bits, out);
  write_ends(ends_of(mode, q), false, out);
  main_.write(out);
}

void FrameEncoder::encode_mantissas(std::span<const std::uint64_t> bits,
                                    std::string& out) {
  const std::span<std::uint64_t> q(mantissa_.at.data(), bits.size());
  const std::span<const std::uint64_t> clean(clean_.at.data(), bits.size());
  std::ranges::copy(clean, q.begin());
  const Divisor divisor = find_divisor(q, Factors::kPowersOfTwo);
  if (divisor != Divisor{}) divide(q, divisor);
  const Plan& plan = main_.plan(q, StreamEncoder::Kind::kBitsOfDoubles);
  if (encode_ulp(bits, plan.bits, out)) return;
  write_head(plan.mode, {ScaleKind::kBits, 0, divisor}, bits, out);
  write_ends(ends_of(plan.mode, q), true, out);
  main_.write(out);
}

bool FrameEncoder::encode_ulp(std::span<const std::uint64_t> bits,
                              std::size_t bits_max, std::string& out) {
  const std::span<const std::uint64_t> clean(clean_.at.data(), bits.size());
  const auto exponent = find_ulp_exponent(clean);
  if (!exponent) return false;
  const std::span<std::uint64_t> whole(whole_.at.data(), bits.size());
  const std::span<std::uint64_t> rest(rest_.at.data(), bits.size());
  split_ulps(clean, *exponent, whole, rest);
  const Plan& wholes = whole_stream_.plan(whole, StreamEncoder::Kind::kNumbers);
  const Plan& rests = rest_stream_.plan(rest, StreamEncoder::Kind::kNumbers);
  if (wholes.bits + rests.bits >= bits_max) return false;
  write_head(wholes.mode, {ScaleKind::kUlp, *exponent, {}}, bits, out);
  write_ends(ends_of(wholes.mode, whole), false, out);
  out += static_cast<char>(rests.mode);
  write_ends(ends_of(rests.mode, rest), false, out);
  whole_stream_.write(out);
  rest_stream_.write(out);
  return true;
}

}  // namespace prom::chunk
