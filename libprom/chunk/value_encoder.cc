#include <algorithm>

#include "libprom/chunk/column_tag.h"
#include "libprom/chunk/constant.h"
#include "libprom/chunk/value_work.h"

namespace prom::chunk {

void ValueEncoder::Work::begin() {
  frame.begin_column();
  frames.clear();
  held = {};
  seam.clear();
}

void ValueEncoder::Work::write(std::string& out) const {
  out += ColumnTag::of(frames.shape()).byte();
  frames.write(out);
}

ValueEncoder::ValueEncoder() : work_(std::make_unique<Work>()) {}
ValueEncoder::~ValueEncoder() = default;
ValueEncoder::ValueEncoder(ValueEncoder&&) noexcept = default;
ValueEncoder& ValueEncoder::operator=(ValueEncoder&&) noexcept = default;

void ValueEncoder::encode(std::span<const std::uint64_t> bits,
                          std::string& out) {
  if (kernels().all_equal(bits.data(), bits.size()))
    return append_constant(bits[0], out);
  work_->begin();
  for (std::size_t i = 0; i < bits.size(); i += kFrameValues) {
    const auto frame = bits.subspan(i, std::min(kFrameValues, bits.size() - i));
    work_->frame.encode(frame, work_->frames.payload());
    work_->frames.add(frame.size());
  }
  work_->write(out);
}

}  // namespace prom::chunk
