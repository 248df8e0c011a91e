#include <algorithm>
#include <utility>

#include "libprom/chunk/column_tag.h"
#include "libprom/chunk/constant.h"
#include "libprom/chunk/value_work.h"

namespace prom::chunk {
namespace {

// Frames below it are joined with their neighbour in the next part.
constexpr std::size_t kSmallFrame = kFrameValues / 4;

Status copy_frames(const FrameDirectory& from, std::size_t begin,
                   std::size_t end, FrameList& into) {
  for (std::size_t i = begin; i < end; ++i) {
    const auto place = from.place(i);
    if (!place) return fail(place.error());
    into.payload() += as_text(place->bytes);
    into.add(place->count);
  }
  return {};
}

}  // namespace

void ValueEncoder::Work::flush_seam() {
  if (held.count > 0) {
    frames.payload() += as_text(held.bytes);
    frames.add(held.count);
    held = {};
  } else if (!seam.empty()) {
    frame.encode(seam, frames.payload());
    frames.add(seam.size());
    seam.clear();
  }
}

bool ValueEncoder::Work::joins_seam(std::size_t count) const {
  return seam_size() > 0 && seam_size() + count <= kFrameValues &&
         std::min(seam_size(), count) < kSmallFrame;
}

Status ValueEncoder::Work::add_to_seam(const FramePlace& place) {
  const std::size_t size = seam.size();
  seam.resize(size + place.count);
  if (!read_frame(place.bytes, place.count, seam.data() + size))
    return fail(Code::kCorrupt, "value column: bad frame");
  return {};
}

Status ValueEncoder::Work::open_seam() {
  if (held.count == 0) return {};
  const FramePlace place = std::exchange(held, {});
  return add_to_seam(place);
}

Status ValueEncoder::Work::add_constant(std::uint64_t bits, std::size_t count) {
  if (joins_seam(count)) {
    auto opened = open_seam();
    seam.insert(seam.end(), count, bits);
    return opened;
  }
  flush_seam();
  while (count >= kSmallFrame) {
    const std::size_t taken = std::min(count, kFrameValues);
    FrameEncoder::encode_constant(bits, frames.payload());
    frames.add(taken);
    count -= taken;
  }
  seam.assign(count, bits);
  return {};
}

Status ValueEncoder::Work::add_frames(const FrameDirectory& from) {
  std::size_t begin = 0;
  std::size_t end = from.size();
  const auto first = from.place(0);
  if (!first) return fail(first.error());
  if (joins_seam(first->count)) {
    auto opened = open_seam();
    if (!opened) return opened;
    auto added = add_to_seam(*first);
    if (!added) return added;
    ++begin;
  }
  if (begin == end) return {};
  flush_seam();
  const auto last = from.place(end - 1);
  if (!last) return fail(last.error());
  if (last->count < kSmallFrame) {
    held = *last;
    --end;
  }
  return copy_frames(from, begin, end, frames);
}

Status ValueEncoder::concatenate(std::span<const ValueColumn> parts,
                                 std::string& out) {
  const auto like_first = [&](const ValueColumn& part) {
    return part.constant_ && part.constant_bits_ == parts[0].constant_bits_;
  };
  if (std::ranges::all_of(parts, like_first)) {
    append_constant(parts[0].constant_bits_, out);
    return {};
  }
  Work& work = *work_;
  work.begin();
  for (const ValueColumn& part : parts) {
    auto added = part.constant_
                     ? work.add_constant(part.constant_bits_, part.count_)
                     : work.add_frames(part.frames_);
    if (!added) return added;
  }
  work.flush_seam();
  work.write(out);
  return {};
}

}  // namespace prom::chunk
