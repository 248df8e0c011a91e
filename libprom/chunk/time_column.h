// A column of ascending millisecond timestamps, shared by all series that were
// sampled together.  A regular one costs its start, step and count.
// See value_column.h for lifetimes and hostile bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/chunk/value_column.h"

namespace prom::chunk {

// Immutable; threads may share it.
class TimeColumn {
 public:
  // `bytes` begin with the column and may go on behind it; kOverread bytes
  // behind bytes.end() are readable.
  static Result<TimeColumn> open(Bytes bytes);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Bytes bytes() const;  // its own only
  [[nodiscard]] std::int64_t first_ms() const;
  [[nodiscard]] std::int64_t last_ms() const;

  // As ValueColumn::decode.
  Status decode(std::size_t first, std::size_t count, std::int64_t* into) const;

  // Position of the first time at or after `t_ms`; size() if there is none.
  // Decodes at most one frame.
  Result<std::size_t> lower_bound(std::int64_t t_ms) const;
};

// Appends the column of `t_ms` to `out`.  REQUIRES: strictly ascending, at
// least one, at most kColumnValuesMax; any int64.
void encode_times(std::span<const std::int64_t> t_ms, std::string& out);

}  // namespace prom::chunk
