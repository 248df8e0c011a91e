#include "libprom/chunk/frame_directory.h"

#include <bit>

namespace prom::chunk {
namespace {

unsigned bytes_of(std::size_t greatest) {
  return static_cast<unsigned>(std::bit_width(greatest | 1U) + 7) / 8;
}

std::size_t load_short(const std::byte* at, unsigned bytes) {
  std::size_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value |= std::to_integer<std::size_t>(at[i]) << (8 * i);
  return value;
}

void append_short(std::string& out, std::size_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
}

Error damaged() {
  return {Code::kCorrupt, "frame directory: entries contradict each other"};
}

}  // namespace

Result<FrameDirectory> FrameDirectory::open(ByteReader& in, Shape shape,
                                            std::size_t values) {
  FrameDirectory made;
  made.shape_ = shape;
  made.values_ = values;
  made.first_bytes_ = shape.regular ? 0 : bytes_of(values);
  const std::uint64_t frames =
      shape.regular ? (values + kFrameValues - 1) / kFrameValues : in.varint();
  if (frames == 0 || frames > values) return fail(damaged());
  made.frames_ = static_cast<std::size_t>(frames);
  made.entries_ = in.take(made.frames_ * (made.first_bytes_ + shape.end_bytes));
  if (!in.ok()) return fail(damaged());
  made.payload_ = in.take(made.end_of(made.frames_ - 1));
  if (!in.ok() || made.first_of(0) != 0) return fail(damaged());
  return made;
}

std::size_t FrameDirectory::first_of(std::size_t i) const {
  if (shape_.regular) return i * kFrameValues;
  return load_short(entries_.data() + i * (first_bytes_ + shape_.end_bytes),
                    first_bytes_);
}

std::size_t FrameDirectory::end_of(std::size_t i) const {
  return load_short(
      entries_.data() + i * (first_bytes_ + shape_.end_bytes) + first_bytes_,
      shape_.end_bytes);
}

std::size_t FrameDirectory::frame_of(std::size_t value) const {
  if (shape_.regular) return value / kFrameValues;
  std::size_t low = 0;
  for (std::size_t high = frames_; high - low > 1;) {
    const std::size_t middle = low + (high - low) / 2;
    (first_of(middle) <= value ? low : high) = middle;
  }
  return low;
}

Result<FramePlace> FrameDirectory::place(std::size_t i) const {
  const std::size_t first = first_of(i);
  const std::size_t next = i + 1 < frames_ ? first_of(i + 1) : values_;
  const std::size_t begin = i == 0 ? 0 : end_of(i - 1);
  const std::size_t end = end_of(i);
  if (next <= first || next - first > kFrameValues || next > values_ ||
      end < begin || end > payload_.size()) {
    return fail(damaged());
  }
  return FramePlace{first, next - first, payload_.subspan(begin, end - begin)};
}

void FrameList::clear() {
  payload_.clear();
  ends_.clear();
  values_ = 0;
  regular_ = true;
}

void FrameList::add(std::size_t count) {
  // The one before was the last of a regular column, or this one cannot be.
  regular_ = regular_ && values_ % kFrameValues == 0;
  ends_.push_back({static_cast<std::uint32_t>(values_),
                   static_cast<std::uint32_t>(payload_.size())});
  values_ += count;
}

FrameDirectory::Shape FrameList::shape() const {
  return {regular_, bytes_of(payload_.size())};
}

void FrameList::write(std::string& out) const {
  const unsigned end_bytes = shape().end_bytes;
  if (!regular_) append_varint(out, ends_.size());
  for (const End& end : ends_) {
    if (!regular_) append_short(out, end.first, bytes_of(values_));
    append_short(out, end.end, end_bytes);
  }
  out += payload_;
}

}  // namespace prom::chunk
