#include "libprom/chunk/exceptions.h"

#include <algorithm>

#include "libprom/model/sample.h"

namespace prom::chunk {
namespace {

std::size_t position_at(Bytes positions, std::size_t i) {
  return std::to_integer<std::size_t>(positions[i]);
}

}  // namespace

void Exceptions::clear() {
  stale_count_ = 0;
  other_count_ = 0;
}

void Exceptions::add(std::size_t position, std::uint64_t bits) {
  const auto at = static_cast<std::uint8_t>(position);
  if (bits == kStaleNanBits) {
    stale_[stale_count_++] = at;
    return;
  }
  other_[other_count_] = at;
  bits_[other_count_++] = bits;
}

void Exceptions::write(std::string& out) const {
  out += static_cast<char>(stale_count_);
  out += static_cast<char>(other_count_);
  for (std::size_t i = 0; i < stale_count_; ++i)
    out += static_cast<char>(stale_[i]);
  for (std::size_t i = 0; i < other_count_; ++i)
    out += static_cast<char>(other_[i]);
  for (std::size_t i = 0; i < other_count_; ++i) append_le(out, bits_[i]);
}

bool ExceptionView::read(ByteReader& in, std::size_t count) {
  const std::size_t stale = in.fixed<std::uint8_t>();
  const std::size_t others = in.fixed<std::uint8_t>();
  stale_ = in.take(stale);
  other_ = in.take(others);
  bits_ = in.take(others * sizeof(std::uint64_t));
  const auto inside = [&](std::byte position) {
    return std::to_integer<std::size_t>(position) < count;
  };
  return in.ok() && std::ranges::all_of(stale_, inside) &&
         std::ranges::all_of(other_, inside);
}

void ExceptionView::apply(std::uint64_t* into) const {
  for (std::size_t i = 0; i < stale_.size(); ++i)
    into[position_at(stale_, i)] = kStaleNanBits;
  for (std::size_t i = 0; i < other_.size(); ++i)
    into[position_at(other_, i)] =
        load_le<std::uint64_t>(bits_.data() + i * sizeof(std::uint64_t));
}

std::uint64_t ExceptionView::first_or(std::uint64_t bits) const {
  if (!other_.empty() && position_at(other_, 0) == 0)
    return load_le<std::uint64_t>(bits_.data());
  if (!stale_.empty() && position_at(stale_, 0) == 0) return kStaleNanBits;
  return bits;
}

std::uint64_t ExceptionView::last_or(std::size_t position,
                                     std::uint64_t bits) const {
  if (!other_.empty() && position_at(other_, other_.size() - 1) == position) {
    return load_le<std::uint64_t>(bits_.data() + bits_.size() -
                                  sizeof(std::uint64_t));
  }
  if (!stale_.empty() && position_at(stale_, stale_.size() - 1) == position)
    return kStaleNanBits;
  return bits;
}

}  // namespace prom::chunk
