// A column of ascending millisecond timestamps, shared by all series that were
// sampled together.  A regular one costs its start, step and count.
// See value_column.h for lifetimes and hostile bytes.
//
//   u8 tag (column_tag.h): constant means regular
//   varint count, zigzag varint first time
//   regular: varint step
//   else: varint last less first, directory (frame_directory.h), frames of
//     u8 mode, varint first time less that of the column, stream (stream.h)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/chunk/frame_directory.h"

namespace prom::chunk {

// Immutable; threads may share it.
class TimeColumn {
 public:
  // `bytes` begin with the column and may go on behind it; kOverread bytes
  // behind bytes.end() are readable.
  static Result<TimeColumn> open(Bytes bytes);

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }  // its own only
  [[nodiscard]] std::int64_t first_ms() const { return first_ms_; }
  [[nodiscard]] std::int64_t last_ms() const { return last_ms_; }

  // As ValueColumn::decode.  What comes back is strictly ascending.
  Status decode(std::size_t first, std::size_t count, std::int64_t* into) const;

  // Position of the first time at or after `t_ms`; size() if there is none.
  // Decodes at most one frame.
  [[nodiscard]] Result<std::size_t> lower_bound(std::int64_t t_ms) const;

 private:
  struct Frame;
  [[nodiscard]] Result<Frame> frame(std::size_t i) const;
  // Times of a whole frame; `into` has room as for a kernel.
  Status decode_frame(std::size_t i, std::uint64_t* into) const;

  Bytes bytes_;
  std::size_t count_ = 0;
  std::int64_t first_ms_ = 0;
  std::int64_t last_ms_ = 0;
  std::uint64_t step_ms_ = 0;  // 0 when there are frames
  FrameDirectory frames_;
};

// Appends the column of `t_ms` to `out`.  REQUIRES: strictly ascending, at
// least one, at most kColumnValuesMax; any int64.
void encode_times(std::span<const std::int64_t> t_ms, std::string& out);

}  // namespace prom::chunk
