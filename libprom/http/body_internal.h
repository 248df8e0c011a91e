// The body of one answer, decoded under limits while it arrives.  A peer may
// send without end, or little that expands without end; neither costs more
// memory than the limit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libprom/base/result.h"

struct z_stream_s;
struct ZSTD_DCtx_s;

namespace prom::http {

// Beyond the first MiB of output, compression that saves more than this is
// taken for an attack.  DEFLATE cannot pass 1,032; exposition text reaches 514.
constexpr std::uint64_t kInflateRatioMax = 1000;
constexpr std::uint64_t kInflateFreeBytes = 1ULL << 20U;
// zstd saves more where lines repeat, and may ask for a window of any size:
// what RFC 8878 recommends to support is enough for every sender that we met.
constexpr std::uint64_t kZstdRatioMax = 20'000;
constexpr int kZstdWindowLogMax = 23;

class BodyReader {
 public:
  explicit BodyReader(std::uint64_t bytes_max);
  ~BodyReader();
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;

  // Hands decompressed pieces over as they come, instead of collecting them.
  // The limit on the size does not hold then.  Call before begin().
  void stream_to(std::function<Status(std::string_view)> sink) {
    sink_ = std::move(sink);
  }

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
    void operator()(ZSTD_DCtx_s* stream) const;
  };
  enum class Encoding { kPlain, kGzip, kZstd };

  Status start_stream();
  Status inflate_piece(std::string_view piece);
  Status unzstd_piece(std::string_view piece);
  // Decompresses packed_ in one go; false when that is not possible.
  Result<bool> inflate_whole();
  [[nodiscard]] Status check_size(std::uint64_t size) const;
  // out_ has grown: checks it, or hands it over.
  Status grown();

  const std::uint64_t bytes_max_;
  Encoding encoding_ = Encoding::kPlain;
  bool member_ended_ = false;  // at the end of a gzip member, a zstd frame
  std::uint64_t wire_bytes_ = 0;
  std::function<Status(std::string_view)> sink_;
  std::uint64_t handed_bytes_ = 0;  // to sink_
  std::string out_;
  // Compressed bytes: small bodies are collected and decompressed at once,
  // which is twice as fast; large ones go through stream_ as they come.
  std::string packed_;
  std::unique_ptr<z_stream_s, EndStream> stream_;
  std::unique_ptr<ZSTD_DCtx_s, EndStream> zstd_;
};

}  // namespace prom::http
