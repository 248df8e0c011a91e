// The time columns of a block that is being written.  Series that were scraped
// together share one; a series that began later or ended earlier than its
// fellows uses a slice of theirs.
//
// Times stay in memory, up to a limit, to be compared with those that come: a
// hash finds a column as a whole, and a sparse index of its times finds it for
// a slice.  What falls out of memory is written again when it comes again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/format.h"
#include "libprom/block/output.h"
#include "libprom/block/run_writer.h"
#include "libprom/block/sample_part.h"

namespace prom::block {

// One thread.
class TimeTable {
 public:
  TimeTable();
  ~TimeTable();

  // Finds the times or appends their column.  kBadData when they do not
  // ascend, kLimit when they are too many.
  Result<TimeSlice> place(std::span<const std::int64_t> t_ms, Output& output);
  [[nodiscard]] std::uint32_t size_of(std::uint32_t column) const {
    return sizes_[column - 1];
  }

  Status write(Output& output, Header& header);

 private:
  struct Memory;
  [[nodiscard]] TimeSlice find(std::span<const std::int64_t> t_ms,
                               std::uint64_t hash);
  void remember(std::uint32_t column, std::span<const std::int64_t> t_ms,
                std::uint64_t hash);

  std::unique_ptr<Memory> memory_;
  std::vector<std::uint32_t> sizes_;
  RunWriter offsets_{kOffsetZone};
  std::string encoded_;
};

}  // namespace prom::block
