#include <algorithm>

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
  if (seam.empty()) return;
  frame.encode(seam, frames.payload());
  frames.add(seam.size());
  seam.clear();
}

bool ValueEncoder::Work::joins_seam(std::size_t count) const {
  return !seam.empty() && seam.size() + count <= kFrameValues &&
         std::min(seam.size(), count) < kSmallFrame;
}

Status ValueEncoder::Work::add_to_seam(const ValueColumn& part,
                                       std::size_t first, std::size_t count) {
  const std::size_t size = seam.size();
  seam.resize(size + count);
  return part.decode(first, count, seam.data() + size);
}

void ValueEncoder::Work::add_constant(std::uint64_t bits, std::size_t count) {
  if (joins_seam(count)) {
    seam.insert(seam.end(), count, bits);
    return;
  }
  flush_seam();
  while (count >= kSmallFrame) {
    const std::size_t taken = std::min(count, kFrameValues);
    FrameEncoder::encode_constant(bits, frames.payload());
    frames.add(taken);
    count -= taken;
  }
  seam.assign(count, bits);
}

Status ValueEncoder::Work::add_frames(const ValueColumn& part,
                                      const FrameDirectory& from) {
  std::size_t begin = 0;
  std::size_t end = from.size();
  const auto first = from.place(0);
  if (!first) return fail(first.error());
  if (joins_seam(first->count)) {
    auto added = add_to_seam(part, 0, first->count);
    if (!added) return added;
    ++begin;
  }
  if (begin == end) return {};
  flush_seam();
  const auto last = from.place(end - 1);
  if (!last) return fail(last.error());
  const bool small = last->count < kSmallFrame;
  auto copied = copy_frames(from, begin, end - (small ? 1 : 0), frames);
  if (!copied || !small) return copied;
  return add_to_seam(part, last->first, last->count);
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
    if (part.constant_) {
      work.add_constant(part.constant_bits_, part.count_);
      continue;
    }
    auto added = work.add_frames(part, part.frames_);
    if (!added) return added;
  }
  work.flush_seam();
  work.write(out);
  return {};
}

}  // namespace prom::chunk
