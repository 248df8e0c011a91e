// The three bytes before the histograms of a chunk.  With start times the
// count gives two of its bits to the counter reset, whose byte they take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "libprom/tsdb/big_endian.h"

namespace prom::tsdb {

constexpr std::size_t kHistogramHeaderBytes = 3;

struct HistogramHeader {
  std::size_t count = 0;
  std::uint8_t reset = 0;   // two bits at the top
  std::uint8_t starts = 0;  // as start_times.h has it; 0: none
};

inline std::optional<HistogramHeader> read_histogram_header(Bytes chunk,
                                                            bool has_starts) {
  if (chunk.size() < kHistogramHeaderBytes) return std::nullopt;
  const auto count = load_be<std::uint16_t>(chunk.data());
  const auto third = std::to_integer<std::uint8_t>(chunk[2]);
  if (!has_starts) return HistogramHeader{.count = count, .reset = third};
  return HistogramHeader{.count = count & 0x3FFFU,
                         .reset = static_cast<std::uint8_t>(count >> 8U),
                         .starts = third};
}

// REQUIRES: header.count < 2^14.
inline void write_histogram_header(std::string& chunk,
                                   const HistogramHeader& header,
                                   bool with_starts) {
  auto count = static_cast<std::uint16_t>(header.count);
  if (with_starts) {
    count = static_cast<std::uint16_t>(
        count | (static_cast<unsigned>(header.reset) << 8U));
  }
  store_le(chunk.data(), std::byteswap(count));
  chunk[2] = static_cast<char>(with_starts ? header.starts : header.reset);
}

}  // namespace prom::tsdb
