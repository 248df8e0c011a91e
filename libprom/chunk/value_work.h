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
  // At the seam of two parts, and not in `frames` yet: the last frame of the
  // parts so far, when it is small …
  FramePlace held;
  // … or, once it is joined with others, their values; at most kFrameValues.
  std::vector<std::uint64_t> seam;

  void begin();
  void write(std::string& out) const;

  // Of concatenate().
  Status add_constant(std::uint64_t bits, std::size_t count);
  Status add_frames(const FrameDirectory& from);
  void flush_seam();

 private:
  [[nodiscard]] bool joins_seam(std::size_t count) const;
  Status open_seam();  // its values instead of the held frame
  [[nodiscard]] std::size_t seam_size() const {
    return held.count + seam.size();
  }
  Status add_to_seam(const FramePlace& place);
};

}  // namespace prom::chunk
