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

void StreamEncoder::try_mode(Mode mode) {
  Plan& plan = plans_[static_cast<std::size_t>(mode)];
  plan.mode = mode;
  if (!codec_of(mode)->plan(integers_, plan)) return;
  if (best_ == nullptr || plan.bits < best_->bits) best_ = &plan;
}

const Plan& StreamEncoder::plan(std::span<const std::uint64_t> q, Kind kind) {
  const Differences found =
      kernels().differences(q.data(), q.size(), delta_.at.data());
  ascending_ = found.ascending;
  integers_ = {q, {delta_.at.data(), q.size() - 1}, found.changes};
  best_ = nullptr;
  if (found.changes == 0) return *(best_ = &plans_[0]);
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
