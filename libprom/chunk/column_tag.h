// The first byte of value and time columns: bits 0-2 type, 3-7 detail.
#pragma once

#include <cstdint>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/chunk/frame_directory.h"

namespace prom::chunk {

enum class ColumnType : std::uint8_t {
  kConstant = 0,   // one value, or times at one distance
  kRegular = 1,    // frames (frame_directory.h); the detail is
  kIrregular = 2,  // bytes of an end - 1
  // 3 is free; 4 to 7 are spare.
};

struct ColumnTag {
  ColumnType type = ColumnType::kConstant;
  unsigned detail = 0;  // 0 to 31

  static ColumnTag of(std::uint8_t byte) {
    return {static_cast<ColumnType>(byte & 7U), unsigned{byte} >> 3U};
  }
  static ColumnTag of(FrameDirectory::Shape shape) {
    return {shape.regular ? ColumnType::kRegular : ColumnType::kIrregular,
            shape.end_bytes - 1};
  }
  [[nodiscard]] char byte() const {
    return static_cast<char>(static_cast<unsigned>(type) | detail << 3U);
  }
  [[nodiscard]] bool is_framed() const {
    return (type == ColumnType::kRegular || type == ColumnType::kIrregular) &&
           detail < 4;
  }
  // REQUIRES: is_framed().
  [[nodiscard]] FrameDirectory::Shape shape() const {
    return {type == ColumnType::kRegular, detail + 1};
  }
};

}  // namespace prom::chunk
