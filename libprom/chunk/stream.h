// The integers of one frame, packed.  A codec turns them into small words that
// pack.h stores; each has a file of its own in this folder, and all of them
// fill in this interface.
//
// The first integer is known from elsewhere: whoever writes a frame stores it
// where it can be read without unpacking.  Arithmetic is modulo 2^64, so any
// 64 bits are integers, those of a double included.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/chunk/kernels.h"
#include "libprom/chunk/pack.h"

namespace prom::chunk {

// The numbers are those of the format; 8 to 15 are spare.
enum class Mode : std::uint8_t {
  kConstant = 0,          // all like the first
  kFrameOfReference = 1,  // above the least of them
  kDelta = 2,             // differences above the least difference
  kDeltaOfDelta = 3,      // changes of the differences
  kSparse = 4,            // positions and sizes of the few changes
  kLinear = 5,            // above a line from the first to the last
  kXor = 6,               // bits that differ from the value before
  kSplit = 7,             // few different high bits, and low bits as they are
};
constexpr std::size_t kModes = 8;

// What codecs look at to make a plan.
struct Integers {
  std::span<const std::uint64_t> q;      // at most kFrameValues, at least two
  std::span<const std::uint64_t> delta;  // q[i + 1] - q[i]
  std::size_t changes = 0;               // deltas that are not 0
};

// A way to pack some integers.  What `base`, `slope` and `shift` are is the
// codec's business.
struct Plan {
  Mode mode = Mode::kConstant;
  std::uint64_t base = 0;
  std::uint64_t slope = 0;
  unsigned shift = 0;
  std::size_t count = 0;  // of words
  FrameWords words;
  PackPlan pack;
  std::size_t bits = 0;  // that the whole will take
};

struct Codec {
  // False when these integers cannot be packed so, or not sensibly.
  bool (*plan)(const Integers& integers, Plan& plan);
  void (*write)(const Integers& integers, const Plan& plan, std::string& out);
  // Fills q[0, count).  False when the bytes make no sense.
  // REQUIRES: 2 <= count <= kFrameValues; kOverread behind the bytes.
  bool (*read)(ByteReader& in, std::uint64_t first, std::size_t count,
               std::uint64_t* q);
};

extern const Codec kFrameOfReferenceCodec;
extern const Codec kDeltaCodec;
extern const Codec kDeltaOfDeltaCodec;
extern const Codec kSparseCodec;
extern const Codec kLinearCodec;
extern const Codec kXorCodec;
extern const Codec kSplitCodec;

// Chooses a plan by statistics.  One thread; keeps its memory.
class StreamEncoder {
 public:
  enum class Kind : std::uint8_t { kNumbers, kBitsOfDoubles };

  // The plan is valid until the next call, and so is what it reads of `q`.
  // REQUIRES: 1 <= q.size() <= kFrameValues.
  const Plan& plan(std::span<const std::uint64_t> q, Kind kind);
  // Of the last call to plan().
  void write(std::string& out) const;
  // No integer is, as a signed number, below the one before.
  [[nodiscard]] bool ascending() const { return ascending_; }

 private:
  void try_mode(Mode mode);

  Integers integers_;
  FrameWords delta_;
  std::array<Plan, kModes> plans_;
  const Plan* best_ = nullptr;
  bool ascending_ = false;
};

// Fills q[0, count); room as for a kernel.  False when the bytes make no
// sense.  REQUIRES: 1 <= count <= kFrameValues; kOverread behind the bytes.
[[nodiscard]] bool read_stream(ByteReader& in, Mode mode, std::uint64_t first,
                               std::size_t count, std::uint64_t* q);

// Bits of a LEB128 varint.
std::size_t varint_bits(std::uint64_t value);

// A word as a signed number.
inline std::int64_t as_signed(std::uint64_t word) {
  return static_cast<std::int64_t>(word);
}

}  // namespace prom::chunk
