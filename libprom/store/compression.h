// Compressed input and output of import, export, backup and restore: gzip
// (RFC 1952), LZ4 frames and Zstandard frames (RFC 8878), streamed with bounded
// memory.  Input is told apart by its content, output by the suffix of its
// name.  The only place in this folder that sees zlib, LZ4 and Zstandard.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "libprom/base/result.h"
#include "libprom/os/output.h"

namespace prom::store {

enum class Compression : std::uint8_t { kPlain, kGzip, kLz4, kZstd };

// By magic; kPlain for anything else.
Compression detect_compression(std::string_view first_bytes);
// ".gz", ".lz4", ".zst"; kPlain for any other name.
Compression compression_of_name(std::string_view path);

// A Zstandard frame may make a reader remember so much of its past.
constexpr unsigned kZstdWindowLogMax = 27;  // 128 MiB

// Decodes one stream.  Frames and gzip members may follow one another.
class Decompressor {
 public:
  virtual ~Decompressor() = default;

  struct Step {
    std::size_t taken = 0;  // of `from`
    std::size_t made = 0;   // in `into`
  };
  // Does what there is room and input for.  kBadData for damage.
  // REQUIRES: `into` is not empty.
  virtual Result<Step> step(std::string_view from, std::span<char> into) = 0;
  // The input may end here: no frame is open.
  [[nodiscard]] virtual bool at_boundary() const = 0;
};
// REQUIRES: not kPlain.
std::unique_ptr<Decompressor> make_decompressor(Compression compression);

// A descriptor, decompressed if its first bytes say so.  Borrows it.
class CompressedInput {
 public:
  // Waiting for input ends with kCancelled when `stop_fd` becomes readable;
  // -1: never.
  explicit CompressedInput(int fd, int stop_fd = -1);

  // Reads at most into.size() bytes; 0 is the end.  kBadData for damage and
  // for an input that was cut, kIo when reading fails.
  Result<std::size_t> read(std::span<char> into);

  // Bytes of the descriptor so far, as they are stored: for progress.
  [[nodiscard]] std::uint64_t stored_bytes() const { return stored_bytes_; }
  // Known once something was read.
  [[nodiscard]] Compression compression() const { return compression_; }

 private:
  Status fill();

  const int fd_;
  const int stop_fd_;
  std::string buffer_;
  std::size_t at_ = 0;   // in buffer_
  std::size_t end_ = 0;  // of what was read into buffer_
  bool ended_ = false;
  bool begun_ = false;
  std::uint64_t stored_bytes_ = 0;
  Compression compression_ = Compression::kPlain;
  std::unique_ptr<Decompressor> decompressor_;
};

// Encodes one stream.
class Compressor {
 public:
  virtual ~Compressor() = default;
  virtual Status add(std::string_view plain, std::string& out) = 0;
  virtual Status finish(std::string& out) = 0;
};
// REQUIRES: not kPlain.  Every format has its checksum of the content switched
// on.
std::unique_ptr<Compressor> make_compressor(Compression compression);

// Output, compressed.  Failures are those of the Output and are kept there.
class CompressedOutput {
 public:
  CompressedOutput(os::Output& out, Compression compression);

  Status write(std::string_view plain);
  // Ends the stream and flushes.
  Status finish();

 private:
  os::Output& out_;
  std::unique_ptr<Compressor> compressor_;  // null: kPlain
  std::string buffer_;
};

}  // namespace prom::store
