// Runs: small numbers of consecutive series, packed to whole bytes.  Labels,
// time columns and offsets are kept in them; matchers scan them in place.
//
// Whole bytes, because selection is a comparison of 16 or more of them at a
// time; bit packing would save a byte a series and cost an unpacking.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/block/checked_file.h"
#include "libprom/block/format.h"

namespace prom::block {

// Borrows the file.
class RunView {
 public:
  // All zeros.
  RunView() = default;
  // REQUIRES: count is that of the zone.
  static Result<RunView> open(const CheckedFile& file, Run run,
                              std::uint32_t count);

  // REQUIRES: i < count.
  [[nodiscard]] std::uint64_t get(std::uint32_t i) const;
  [[nodiscard]] std::uint64_t base() const { return base_; }
  // Bytes of a number: 0, 1, 2, 4 or 8; 0: all are base().
  [[nodiscard]] std::uint32_t width() const { return width_; }
  [[nodiscard]] const std::byte* data() const { return data_; }

 private:
  std::uint64_t base_ = 0;
  std::uint32_t width_ = 0;
  const std::byte* data_ = nullptr;
};

// Packs numbers, `place` relative to the start of `out`, to which it appends
// them.  REQUIRES: not empty.
Run encode_run(std::span<const std::uint64_t> numbers, std::string& out);

// Numbers of all series (or time columns): a run for each zone.
class RunTable {
 public:
  // All zeros.
  RunTable() = default;
  // kCorrupt when the section is not the runs of `count` numbers.
  static Result<RunTable> open(const CheckedFile& file, Section section,
                               std::uint32_t count, std::uint32_t zone);

  // REQUIRES: i < count.
  [[nodiscard]] Result<std::uint64_t> get(std::uint32_t i) const;

 private:
  const CheckedFile* file_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t zone_ = 1;
};

// A set of numbers of label values: an interval, or one bit for each, or what
// is not in that.
struct NumberSet {
  std::uint32_t low = 0;  // [low, high)
  std::uint32_t high = 0;
  std::vector<std::uint64_t> bits;  // empty: the interval
  bool inverted = false;

  [[nodiscard]] bool contains(std::uint64_t number) const;
  [[nodiscard]] bool is_nothing() const;
  [[nodiscard]] bool is_everything() const;
};

// Clears keep[i] of each number of the run that is not in the set.  Returns
// false when nothing is kept of any number.  tests/bench/block_bench.cc
// measures it: a metric out of a million series takes 0.2 ms.
bool filter(const RunView& run, const NumberSet& set,
            std::span<std::uint8_t> keep);

}  // namespace prom::block
