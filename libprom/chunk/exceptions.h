// Values that are kept out of a frame's stream: staleness markers, of which
// only the positions are stored, and other NaNs, infinities, negative zeros
// and what does not fit the frame's decimals, as they are.
//
//   u8 stale markers, u8 others, u8 positions of both (each ascending),
//   u64 bits of the others
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libprom/base/bytes.h"
#include "libprom/chunk/frame_directory.h"

namespace prom::chunk {

// While a frame is encoded.
class Exceptions {
 public:
  static constexpr std::size_t kOthersMax = 32;

  void clear();
  // REQUIRES: positions ascend; at most kOthersMax others.
  void add(std::size_t position, std::uint64_t bits);
  void write(std::string& out) const;

 private:
  std::array<std::uint8_t, kFrameValues> stale_;
  std::array<std::uint8_t, kOthersMax> other_;
  std::array<std::uint64_t, kOthersMax> bits_;
  std::size_t stale_count_ = 0;
  std::size_t other_count_ = 0;
};

// In an encoded frame.
class ExceptionView {
 public:
  // False when the bytes make no sense for a frame of `count` values.
  [[nodiscard]] bool read(ByteReader& in, std::size_t count);
  // Puts the values into a frame at `into`.
  void apply(std::uint64_t* into) const;
  // The value at `position`, the first or the last of a frame, if it is here;
  // else `bits`.
  [[nodiscard]] std::uint64_t first_or(std::uint64_t bits) const;
  [[nodiscard]] std::uint64_t last_or(std::size_t position,
                                      std::uint64_t bits) const;

 private:
  Bytes stale_;
  Bytes other_;
  Bytes bits_;
};

}  // namespace prom::chunk
