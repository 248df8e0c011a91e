// The body of one answer, decoded under limits while it arrives.  A peer may
// send without end, or little that expands without end; neither costs more
// memory than the limit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

struct z_stream_s;

namespace prom::http {

// Beyond the first MiB of output, compression that saves more than this is
// taken for an attack.  DEFLATE cannot pass 1,032; exposition text reaches 514.
constexpr std::uint64_t kInflateRatioMax = 1000;
constexpr std::uint64_t kInflateFreeBytes = 1ULL << 20U;

class BodyReader {
 public:
  explicit BodyReader(std::uint64_t bytes_max);
  ~BodyReader();
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;

  // Before the first piece.  kBadData for an encoding that was not asked for.
  Status begin(std::string_view content_encoding);
  // Makes room, when the length is known.  kLimit when it is too long.
  Status expect(std::uint64_t wire_bytes);
  // kLimit beyond the limits, kBadData for malformed compressed data.
  Status feed(std::string_view piece);
  // The whole body.  kBadData when compressed data is cut off.
  Result<std::string> finish();

  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  struct EndStream {
    void operator()(z_stream_s* stream) const;
  };

  Status start_stream();
  Status inflate_piece(std::string_view piece);
  // Decompresses packed_ in one go; false when that is not possible.
  Result<bool> inflate_whole();
  [[nodiscard]] Status check_size(std::uint64_t size) const;

  const std::uint64_t bytes_max_;
  bool is_gzip_ = false;
  bool member_ended_ = false;  // at the end of a gzip member
  std::uint64_t wire_bytes_ = 0;
  std::string out_;
  // Compressed bytes: small bodies are collected and decompressed at once,
  // which is twice as fast; large ones go through stream_ as they come.
  std::string packed_;
  std::unique_ptr<z_stream_s, EndStream> stream_;
};

}  // namespace prom::http
