#include "libprom/chunk/time_column.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "libprom/chunk/column_tag.h"
#include "libprom/chunk/stream.h"

namespace prom::chunk {
namespace {

constexpr std::int64_t kTimeMax = std::numeric_limits<std::int64_t>::max();

Error damaged(const char* what) {
  return {Code::kCorrupt, std::string("time column: ") + what};
}

std::uint64_t word(std::int64_t t_ms) {
  return static_cast<std::uint64_t>(t_ms);
}

bool ascends(std::span<const std::uint64_t> t) {
  unsigned falls = 0;
  for (std::size_t i = 1; i < t.size(); ++i)
    falls |= as_signed(t[i]) <= as_signed(t[i - 1]) ? 1 : 0;
  return falls == 0;
}

void append_frames(std::span<const std::uint64_t> t, std::string& out) {
  StreamEncoder encoder;
  FrameList frames;
  for (std::size_t i = 0; i < t.size(); i += kFrameValues) {
    const auto frame = t.subspan(i, std::min(kFrameValues, t.size() - i));
    const Plan& plan = encoder.plan(frame, StreamEncoder::Kind::kNumbers);
    frames.payload() += static_cast<char>(plan.mode);
    append_varint(frames.payload(), frame[0] - t[0]);
    encoder.write(frames.payload());
    frames.add(frame.size());
  }
  out += ColumnTag::of(frames.shape()).byte();
  append_varint(out, t.size());
  append_varint(out, zigzag(as_signed(t[0])));
  append_varint(out, t.back() - t[0]);
  frames.write(out);
}

}  // namespace

struct TimeColumn::Frame {
  FramePlace place;
  Mode mode = Mode::kConstant;
  std::uint64_t first = 0;
  ByteReader stream{Bytes{}};
};

Result<TimeColumn> TimeColumn::open(Bytes bytes) {
  TimeColumn column;
  ByteReader in(bytes);
  const ColumnTag tag = ColumnTag::of(in.fixed<std::uint8_t>());
  const std::uint64_t count = in.varint();
  column.first_ms_ = unzigzag(in.varint());
  const std::uint64_t step_or_range = in.varint();
  if (!in.ok() || count == 0 || count > kColumnValuesMax)
    return fail(damaged("no column of that length"));
  column.count_ = static_cast<std::size_t>(count);
  std::uint64_t range = step_or_range;
  if (tag.type == ColumnType::kConstant && tag.detail == 0) {
    column.step_ms_ = step_or_range;
    if (step_or_range == 0 ||
        __builtin_mul_overflow(step_or_range, count - 1, &range))
      return fail(damaged("bad step"));
  } else if (tag.is_framed()) {
    auto frames = FrameDirectory::open(in, tag.shape(), column.count_);
    if (!frames) return fail(std::move(frames).error().in("time column"));
    column.frames_ = *frames;
  } else {
    return fail(damaged("unknown type"));
  }
  if (range > word(kTimeMax) - word(column.first_ms_))
    return fail(damaged("times beyond all measure"));
  column.last_ms_ = as_signed(word(column.first_ms_) + range);
  column.bytes_ = bytes.first(bytes.size() - in.remaining());
  return column;
}

Result<TimeColumn::Frame> TimeColumn::frame(std::size_t i) const {
  const auto place = frames_.place(i);
  if (!place) return fail(place.error());
  Frame found;
  found.place = *place;
  found.stream = ByteReader(place->bytes);
  found.mode = static_cast<Mode>(found.stream.fixed<std::uint8_t>());
  found.first = word(first_ms_) + found.stream.varint();
  if (!found.stream.ok()) return fail(damaged("bad frame"));
  return found;
}

Status TimeColumn::decode_frame(std::size_t i, std::uint64_t* into) const {
  auto found = frame(i);
  if (!found) return fail(std::move(found).error());
  const std::size_t count = found->place.count;
  if (!read_stream(found->stream, found->mode, found->first, count, into) ||
      !found->stream.done())
    return fail(damaged("bad frame"));
  // Frames ascend among themselves too, and keep to what the column says.
  const bool is_last = i + 1 == frames_.size();
  bool sound = ascends({into, count}) && as_signed(into[0]) >= first_ms_ &&
               (i != 0 || into[0] == word(first_ms_)) &&
               (!is_last || into[count - 1] == word(last_ms_));
  if (!is_last) {
    const auto after = frame(i + 1);
    if (!after) return fail(after.error());
    sound = sound && as_signed(into[count - 1]) < as_signed(after->first);
  }
  if (!sound) return fail(damaged("times do not ascend"));
  return {};
}

Status TimeColumn::decode(std::size_t first, std::size_t count,
                          std::int64_t* into) const {
  if (step_ms_ != 0) {
    std::uint64_t t = word(first_ms_) + first * step_ms_;
    for (std::size_t i = 0; i < count; ++i, t += step_ms_)
      into[i] = as_signed(t);
    return {};
  }
  if (count == 0) return {};
  const std::size_t end = first + count;
  for (std::size_t i = frames_.frame_of(first); first < end; ++i) {
    if (i == frames_.size()) return fail(damaged("frames are missing"));
    const auto place = frames_.place(i);
    if (!place) return fail(place.error());
    if (place->first > first || first - place->first >= place->count)
      return fail(damaged("frames overlap"));
    FrameWords whole;
    auto decoded = decode_frame(i, whole.at.data());
    if (!decoded) return decoded;
    const std::size_t skip = first - place->first;
    const std::size_t taken = std::min(place->count - skip, end - first);
    std::transform(whole.at.data() + skip, whole.at.data() + skip + taken, into,
                   as_signed);
    into += taken;
    first += taken;
  }
  return {};
}

Result<std::size_t> TimeColumn::lower_bound(std::int64_t t_ms) const {
  if (t_ms <= first_ms_) return 0;
  if (t_ms > last_ms_) return count_;
  if (step_ms_ != 0) {
    const std::uint64_t distance = word(t_ms) - word(first_ms_);
    return static_cast<std::size_t>((distance - 1) / step_ms_ + 1);
  }
  std::size_t low = 0;
  for (std::size_t high = frames_.size(); high - low > 1;) {
    const std::size_t middle = low + (high - low) / 2;
    const auto found = frame(middle);
    if (!found) return fail(found.error());
    (as_signed(found->first) <= t_ms ? low : high) = middle;
  }
  const auto place = frames_.place(low);
  if (!place) return fail(place.error());
  FrameWords t;
  auto decoded = decode_frame(low, t.at.data());
  if (!decoded) return fail(std::move(decoded).error());
  std::size_t behind = 0;
  while (behind < place->count && as_signed(t.at[behind]) < t_ms) ++behind;
  return place->first + behind;
}

void encode_times(std::span<const std::int64_t> t_ms, std::string& out) {
  std::vector<std::uint64_t> t(t_ms.size());
  std::ranges::transform(t_ms, t.begin(), word);
  const std::uint64_t step = t.size() == 1 ? 1 : t[1] - t[0];
  bool regular = true;
  for (std::size_t i = 1; i < t.size(); ++i)
    regular = regular && t[i] - t[i - 1] == step;
  if (!regular) return append_frames(t, out);
  out += ColumnTag{ColumnType::kConstant, 0}.byte();
  append_varint(out, t.size());
  append_varint(out, zigzag(t_ms[0]));
  append_varint(out, step);
}

}  // namespace prom::chunk
