// Numbers of the frame format, shared by writer and reader.  prom-wire(5) is
// the specification.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prom::wire {

// Stream header: magic 8, version u16, reserved u16, crc32c u32 of the 12
// bytes before.
constexpr std::size_t kStreamHeaderBytes = 16;
constexpr std::uint16_t kFormatVersion = 1;

// Frame header: marker 4, type u8, flags u8, reserved u16, length u32 of the
// payload, crc32c u32 of the 12 bytes before and the payload.
constexpr std::size_t kFrameHeaderBytes = 16;
constexpr std::size_t kTypeAt = 4;
constexpr std::size_t kFlagsAt = 5;
constexpr std::size_t kReservedAt = 6;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kCrcAt = 12;

constexpr std::uint8_t kLayoutFrame = 1;
constexpr std::uint8_t kRowFrame = 2;
constexpr std::uint8_t kLooseFrame = 3;
constexpr std::uint8_t kMetadataFrame = 4;
constexpr std::uint8_t kTrailerFrame = 5;
constexpr std::uint8_t kExemplarFrame = 6;
// Types from here on may be skipped by a reader that does not know them.
constexpr std::uint8_t kOptionalFrames = 0x80;

// The payload is a u32 with its real size and an LZ4 block.
constexpr std::uint8_t kCompressed = 1;
// LZ4 turns one byte into at most 255.
constexpr std::size_t kRatioMax = 255;

}  // namespace prom::wire
