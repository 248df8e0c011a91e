// What ValueEncoder keeps from column to column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "libprom/chunk/frame_directory.h"
#include "libprom/chunk/value_column.h"
#include "libprom/chunk/value_frame.h"

namespace prom::chunk {

struct ValueEncoder::Work {
  FrameEncoder frame;
  FrameList frames;
  // Values of small frames at the seam of two parts, at most kFrameValues.
  std::vector<std::uint64_t> seam;

  void begin();
  void write(std::string& out) const;

  // Of concatenate().
  void add_constant(std::uint64_t bits, std::size_t count);
  Status add_frames(const ValueColumn& part, const FrameDirectory& from);
  void flush_seam();

 private:
  [[nodiscard]] bool joins_seam(std::size_t count) const;
  Status add_to_seam(const ValueColumn& part, std::size_t first,
                     std::size_t count);
};

}  // namespace prom::chunk
