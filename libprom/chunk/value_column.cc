#include "libprom/chunk/value_column.h"

#include <algorithm>
#include <bit>

#include "libprom/chunk/column_tag.h"
#include "libprom/chunk/constant.h"
#include "libprom/chunk/value_frame.h"

namespace prom::chunk {
namespace {

Error damaged(const char* what) {
  return {Code::kCorrupt, std::string("value column: ") + what};
}

}  // namespace

Result<ValueColumn> ValueColumn::open(Bytes bytes, std::size_t count) {
  ValueColumn column;
  column.count_ = count;
  ByteReader in(bytes);
  const ColumnTag tag = ColumnTag::of(in.fixed<std::uint8_t>());
  if (!in.ok() || count == 0 || count > kColumnValuesMax)
    return fail(damaged("no column of that length"));
  if (tag.type == ColumnType::kConstant) {
    column.constant_ = true;
    if (!read_constant(in, tag.detail, column.constant_bits_))
      return fail(damaged("bad constant"));
  } else if (tag.is_framed()) {
    auto frames = FrameDirectory::open(in, tag.shape(), count);
    if (!frames) return fail(std::move(frames).error().in("value column"));
    column.frames_ = *frames;
  } else {
    return fail(damaged("unknown type"));
  }
  column.bytes_ = bytes.first(bytes.size() - in.remaining());
  return column;
}

Status ValueColumn::decode(std::size_t first, std::size_t count,
                           std::uint64_t* into) const {
  if (constant_) {
    std::fill_n(into, count, constant_bits_);
    return {};
  }
  if (count == 0) return {};
  const std::size_t end = first + count;
  for (std::size_t i = frames_.frame_of(first); first < end; ++i) {
    if (i == frames_.size()) return fail(damaged("frames are missing"));
    const auto place = frames_.place(i);
    if (!place) return fail(place.error());
    const std::size_t skip = first - place->first;
    if (place->first > first || skip >= place->count)
      return fail(damaged("frames overlap"));
    const std::size_t taken = std::min(place->count - skip, end - first);
    FrameWords whole;
    std::uint64_t* const frame = taken == place->count ? into : whole.at.data();
    if (!read_frame(place->bytes, place->count, frame))
      return fail(damaged("bad frame"));
    if (frame != into) std::copy_n(frame + skip, taken, into);
    into += taken;
    first += taken;
  }
  return {};
}

std::size_t ValueColumn::frame_count() const {
  return constant_ ? 1 : frames_.size();
}

std::size_t ValueColumn::frame_of(std::size_t value) const {
  return constant_ ? 0 : frames_.frame_of(value);
}

Result<FrameInfo> ValueColumn::frame(std::size_t i) const {
  if (constant_) {
    const auto value = std::bit_cast<double>(constant_bits_);
    return FrameInfo{0, count_, value, value, value == value};
  }
  const auto place = frames_.place(i);
  if (!place) return fail(place.error());
  ByteReader in(place->bytes);
  FrameHead head;
  if (!head.read(in, place->count)) return fail(damaged("bad frame"));
  return FrameInfo{
      place->first, place->count, std::bit_cast<double>(head.first_bits()),
      std::bit_cast<double>(head.last_bits(place->count)), head.no_reset};
}

}  // namespace prom::chunk
