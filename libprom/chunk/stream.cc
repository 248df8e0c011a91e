#include "libprom/chunk/stream.h"

#include <algorithm>
#include <bit>

namespace prom::chunk {
namespace {

const std::array<const Codec*, kModes> kCodecs = {
    nullptr,       &kFrameOfReferenceCodec, &kDeltaCodec, &kDeltaOfDeltaCodec,
    &kSparseCodec, &kLinearCodec,           &kXorCodec,   &kSplitCodec};

const Codec* codec_of(Mode mode) {
  const auto number = static_cast<std::size_t>(mode);
  return number < kModes ? kCodecs[number] : nullptr;
}

}  // namespace

std::size_t varint_bits(std::uint64_t value) {
  return static_cast<std::size_t>(std::bit_width(value | 1U) + 6) / 7 * 8;
}

std::uint64_t least_of(std::span<const std::uint64_t> words) {
  std::int64_t least = as_signed(words[0]);
  for (const std::uint64_t word : words)
    least = std::min(least, as_signed(word));
  return static_cast<std::uint64_t>(least);
}

void StreamEncoder::try_mode(Mode mode) {
  Plan& plan = plans_[static_cast<std::size_t>(mode)];
  plan.mode = mode;
  if (!codec_of(mode)->plan(integers_, plan)) return;
  if (best_ == nullptr || plan.bits < best_->bits) best_ = &plan;
}

const Plan& StreamEncoder::plan(std::span<const std::uint64_t> q, Kind kind) {
  const std::size_t deltas = q.size() - 1;
  std::size_t changes = 0;
  unsigned falls = 0;
  for (std::size_t i = 0; i < deltas; ++i) {
    delta_.at[i] = q[i + 1] - q[i];
    changes += delta_.at[i] != 0 ? 1 : 0;
    falls |= as_signed(q[i + 1]) < as_signed(q[i]) ? 1 : 0;
  }
  ascending_ = falls == 0;
  integers_ = {q, {delta_.at.data(), deltas}, changes};
  best_ = nullptr;
  if (changes == 0) return *(best_ = &plans_[0]);
  try_mode(Mode::kSparse);
  // Every other mode takes a bit for each value, or patches.
  if (best_ != nullptr && best_->bits <= q.size()) return *best_;
  try_mode(Mode::kFrameOfReference);
  try_mode(Mode::kDelta);
  if (kind == Kind::kNumbers) {
    try_mode(Mode::kDeltaOfDelta);
    try_mode(Mode::kLinear);
  } else {
    try_mode(Mode::kXor);
    try_mode(Mode::kSplit);
  }
  return *best_;
}

void StreamEncoder::write(std::string& out) const {
  const Codec* codec = codec_of(best_->mode);
  if (codec != nullptr) codec->write(integers_, *best_, out);
}

bool read_stream(ByteReader& in, Mode mode, std::uint64_t first,
                 std::size_t count, std::uint64_t* q) {
  if (mode == Mode::kConstant) {
    std::fill_n(q, count, first);
    return true;
  }
  const Codec* codec = codec_of(mode);
  return codec != nullptr && count >= 2 && codec->read(in, first, count, q);
}

}  // namespace prom::chunk
