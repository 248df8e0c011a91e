// The values of a row as they lie in the log: what differs from a reference
// row, in blocks of 64 columns, so that a reader of one column touches a few
// bytes of a row and not all of it.  The format is specified in prom-head(5).
//
//   u64 changed[⌈blocks / 64⌉]   bit b: block b has a column that differs
//   u32 offset[popcount]         of each such block, from the start of the body
//   block: u64 columns           bit c: column 64 b + c differs
//          u8  control[popcount] low nibble: zero bytes below the value's
//                                significant ones; high nibble: significant
//                                bytes less one; 0xFF: absent
//          significant bytes of (value XOR reference), one after the other
//
// A keyframe is a row whose reference is all zeros.  Every other row refers to
// its keyframe, not to the row before it: a damaged row then costs itself only,
// and reading a range decodes the rows in it and one more.  The measurements
// behind this choice are in libprom/README.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "libprom/base/bytes.h"

namespace prom::store {

constexpr std::size_t kBlockColumns = 64;

// Appends the body of a row.  Bits are those of the doubles; kAbsentBits of
// wire/frame.h stands for "no sample".  `reference` may be shorter than `bits`:
// columns past its end refer to zero.
void encode_row(std::span<const std::uint64_t> bits,
                std::span<const std::uint64_t> reference, std::string& out);

// Reads a body.  Never reads outside of it, whatever its bytes are; the
// functions return false when the bytes are not what encode_row writes.
class RowDecoder {
 public:
  RowDecoder(Bytes body, std::uint32_t columns);

  // Turns the reference values of up to 64 columns from 64 * `block` into the
  // row's.  REQUIRES: values.size() <= 64.
  [[nodiscard]] bool block(std::size_t block,
                           std::span<std::uint64_t> values) const;

  // The same for one column.
  [[nodiscard]] bool column(std::size_t column, std::uint64_t& value) const;

 private:
  // Where a changed block begins; nullptr when the block did not change.
  // Sets `ok` to false when the directory is damaged.
  const std::byte* find(std::size_t block, bool& ok) const;

  const std::byte* const begin_;
  const std::byte* const end_;
  const std::size_t columns_;
  const std::size_t words_;  // of the bitmap of changed blocks
};

}  // namespace prom::store
