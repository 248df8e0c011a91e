// The numbers of prom-record(5) that writing and reading agree on.
#pragma once

#include <cstdint>
#include <string_view>

namespace prom::scrape {

constexpr std::string_view kRecordingMagic("PROMREC\x01", 8);
constexpr std::size_t kFrameHeaderBytes = 8;  // size and CRC-32C
constexpr std::uint64_t kFrameBytesMax = 256ULL << 20U;
constexpr std::uint64_t kRecordedBodyBytesMax = 1ULL << 30U;
constexpr std::uint32_t kRecordedTargetsMax = 10'000'000;
// What both sides keep of last bodies.
constexpr std::uint64_t kHistoryBytesMax = 256ULL << 20U;

enum class FrameKind : std::uint8_t { kTarget = 1, kScrape = 2, kEnd = 3 };
enum class RecordedOutcome : std::uint8_t { kBody = 0, kError = 1 };
enum class RecordedFormat : std::uint8_t {
  kText = 0,
  kOpenMetrics = 1,
  kProtobuf = 2,
};
constexpr std::uint8_t kUsesLastBody = 1;
constexpr std::uint8_t kBecomesLastBody = 2;

}  // namespace prom::scrape
