// Where the frames of a column begin and which values they hold.
//
// In a regular column every frame but the last has kFrameValues values, and
// the directory is the ends of the frames.  In an irregular one it is pairs:
// position of the frame's first value, end of the frame.  All ends and
// positions have as many bytes as the greatest needs, so any frame is found in
// one step.
//
//   varint number of frames (irregular only)
//   entries
//   frames, one behind the other
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"

namespace prom::chunk {

constexpr std::size_t kFrameValues = 256;
constexpr std::size_t kColumnValuesMax = 16U << 20U;
// Bytes behind a column that a decoder may read, and ignores.  A file of
// columns ends with as many zeros.
constexpr std::size_t kOverread = 64;

struct FramePlace {
  std::size_t first = 0;  // position of its first value in the column
  std::size_t count = 0;  // 1 to kFrameValues
  Bytes bytes;
};

// A view; immutable.
class FrameDirectory {
 public:
  struct Shape {
    bool regular = true;
    unsigned end_bytes = 1;  // 1 to 4
  };

  // Looks at the first and last entries only: place() checks the others.
  // `in` stands behind the directory and its frames afterwards.
  static Result<FrameDirectory> open(ByteReader& in, Shape shape,
                                     std::size_t values);

  [[nodiscard]] std::size_t size() const { return frames_; }
  [[nodiscard]] std::size_t values() const { return values_; }

  // The frame that holds a value, or any frame when the directory is damaged.
  [[nodiscard]] std::size_t frame_of(std::size_t value) const;
  // kCorrupt when entries contradict each other.  REQUIRES: i < size().
  [[nodiscard]] Result<FramePlace> place(std::size_t i) const;

 private:
  [[nodiscard]] std::size_t first_of(std::size_t i) const;
  [[nodiscard]] std::size_t end_of(std::size_t i) const;

  Bytes entries_;
  Bytes payload_;
  Shape shape_;
  unsigned first_bytes_ = 0;
  std::size_t frames_ = 0;
  std::size_t values_ = 0;
};

// Collects frames, then writes a directory and them.
class FrameList {
 public:
  void clear();
  // Where the bytes of the next frame are appended, before add().
  std::string& payload() { return payload_; }
  // The frame ends where the payload does now.  REQUIRES: count in 1 to
  // kFrameValues.
  void add(std::size_t count);
  [[nodiscard]] FrameDirectory::Shape shape() const;
  // As FrameDirectory::open reads it.
  void write(std::string& out) const;

 private:
  struct End {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
  };
  std::string payload_;
  std::vector<End> ends_;
  std::size_t values_ = 0;
  bool regular_ = true;
};

}  // namespace prom::chunk
