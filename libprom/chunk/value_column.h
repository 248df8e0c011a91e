// A column of float64 values: the values of one series at the times of a time
// column (time_column.h).  Every bit pattern comes back as it went in.
//
// A column is cut into frames of at most kFrameValues values that can be
// decoded one by one.  How a column is packed (constant, integer or decimal
// mantissas with a common divisor, deltas, ulp-split sums, full mantissas) is
// chosen by the encoder; one file each in this folder, and prom-block(5) has
// the bytes.
//
// Views borrow their bytes.  Decoders accept any bytes: what makes no sense is
// kCorrupt, and nothing outside of the column and kOverread is ever read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/chunk/frame_directory.h"

namespace prom::chunk {

// What a frame tells without being decoded.
struct FrameInfo {
  std::size_t first = 0;  // position of its first value in the column
  std::size_t count = 0;
  double first_value = 0;
  double last_value = 0;
  // No value in the frame is below the one before it, and none is a NaN; says
  // nothing of the step from the frame before.
  bool no_reset = false;
};

// A view of an encoded column.  Immutable; threads may share it.
class ValueColumn {
 public:
  // `bytes` begin with the column and may go on behind it; kOverread bytes
  // behind bytes.end() are readable.  `count` is that of its time column.
  static Result<ValueColumn> open(Bytes bytes, std::size_t count);

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }  // its own only
  [[nodiscard]] bool is_constant() const { return constant_; }

  // Values [first, first + count) as bits.  REQUIRES: within size(); `into`
  // has room for `count`.  On failure `into` holds anything.
  Status decode(std::size_t first, std::size_t count,
                std::uint64_t* into) const;

  // A constant column is one frame, however long it is.
  [[nodiscard]] std::size_t frame_count() const;
  [[nodiscard]] std::size_t frame_of(std::size_t value) const;
  // Costs O(1), no unpacking.  REQUIRES: i < frame_count().
  Result<FrameInfo> frame(std::size_t i) const;

 private:
  friend class ValueEncoder;  // copies frames

  Bytes bytes_;
  std::size_t count_ = 0;
  bool constant_ = false;
  std::uint64_t constant_bits_ = 0;
  FrameDirectory frames_;  // unless constant
};

// Keeps its working memory from column to column.  One thread.
class ValueEncoder {
 public:
  ValueEncoder();
  ~ValueEncoder();
  ValueEncoder(ValueEncoder&&) noexcept;
  ValueEncoder& operator=(ValueEncoder&&) noexcept;

  // Appends the column of `bits` to `out`.  REQUIRES: at least one value, at
  // most kColumnValuesMax.
  void encode(std::span<const std::uint64_t> bits, std::string& out);

  // Appends one column with the values of `parts` in their order.  Frames are
  // copied as they are, but for small ones at the seams, which are joined.
  // kCorrupt when a part is, as far as it is looked at; `out` is then as
  // before.  REQUIRES: at least one part, kColumnValuesMax in all.
  Status concatenate(std::span<const ValueColumn> parts, std::string& out);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace prom::chunk
