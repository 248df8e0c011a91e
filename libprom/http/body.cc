#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "libprom/base/bytes.h"
#include "libprom/base/utf8.h"
#include "libprom/http/body_internal.h"
#include "libprom/http/client.h"

namespace prom::http {
namespace {

constexpr std::size_t kWholeBytesMax = 1U << 20U;
constexpr std::size_t kInflateStepBytes = 64U << 10U;
constexpr std::size_t kGzipTrailerBytes = 8;
constexpr std::size_t kGzipBytesMin = 18;  // header and trailer
constexpr int kGzipWindow = 15 + 16;       // zlib: 32 KiB window, gzip wrapper

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const {
    libdeflate_free_decompressor(d);
  }
};

libdeflate_decompressor* shared_decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor>
      kDecompressor(libdeflate_alloc_decompressor());
  return kDecompressor.get();
}

}  // namespace

void BodyReader::EndStream::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

void BodyReader::EndStream::operator()(ZSTD_DCtx_s* stream) const {
  ::ZSTD_freeDCtx(stream);
}

BodyReader::BodyReader(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
BodyReader::~BodyReader() = default;

Status BodyReader::begin(std::string_view content_encoding) {
  if (content_encoding.empty() || content_encoding == "identity") return {};
  if (content_encoding == "gzip" || content_encoding == "x-gzip") {
    encoding_ = Encoding::kGzip;
    return {};
  }
  if (content_encoding == "zstd") {
    encoding_ = Encoding::kZstd;
    zstd_.reset(::ZSTD_createDCtx());
    if (zstd_ == nullptr ||
        ::ZSTD_isError(::ZSTD_DCtx_setParameter(
            zstd_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax)) != 0U)
      return fail(Code::kInternal, "cannot start zstd");
    return {};
  }
  return fail(Code::kBadData, "content encoding \"" +
                                  printable(content_encoding.substr(0, 64)) +
                                  "\" is not supported");
}

Status BodyReader::grown() {
  if (!sink_) return check_size(out_.size());
  handed_bytes_ += out_.size();
  if (auto ok = check_size(handed_bytes_); !ok) return ok;
  for (std::string_view rest = out_; !rest.empty();) {
    const std::string_view piece = rest.substr(0, kStreamPieceBytes);
    if (auto ok = sink_(piece); !ok) return ok;
    rest.remove_prefix(piece.size());
  }
  out_.clear();
  return {};
}

Status BodyReader::check_size(std::uint64_t size) const {
  if (!sink_ && size > bytes_max_) {
    return fail(Code::kLimit,
                "body exceeds " + std::to_string(bytes_max_) + " bytes");
  }
  const std::uint64_t ratio_max =
      encoding_ == Encoding::kZstd ? kZstdRatioMax : kInflateRatioMax;
  if (encoding_ != Encoding::kPlain && size > kInflateFreeBytes &&
      size > wire_bytes_ * ratio_max) {
    return fail(Code::kLimit, "body expands more than " +
                                  std::to_string(ratio_max) +
                                  " times when decompressed");
  }
  return {};
}

Status BodyReader::expect(std::uint64_t wire_bytes) {
  if (sink_) return {};
  // Compressed data may be larger than what it holds, but not by much.
  if (wire_bytes > bytes_max_) {
    return fail(Code::kLimit,
                "body exceeds " + std::to_string(bytes_max_) + " bytes");
  }
  // A length is only a promise: beyond this, growth follows the bytes.
  constexpr std::uint64_t kReserveMax = 8U << 20U;
  if (encoding_ == Encoding::kPlain)
    out_.reserve(static_cast<std::size_t>(std::min(wire_bytes, kReserveMax)));
  return {};
}

Status BodyReader::feed(std::string_view piece) {
  wire_bytes_ += piece.size();
  if (encoding_ == Encoding::kPlain) {
    if (sink_) {
      out_ = piece;
      return grown();
    }
    if (auto ok = check_size(wire_bytes_); !ok) return ok;
    out_ += piece;
    return {};
  }
  if (encoding_ == Encoding::kZstd) return unzstd_piece(piece);
  if (!sink_ && stream_ == nullptr &&
      packed_.size() + piece.size() <= kWholeBytesMax) {
    packed_ += piece;
    return {};
  }
  if (stream_ == nullptr) {
    if (auto ok = start_stream(); !ok) return ok;
  }
  return inflate_piece(piece);
}

Result<std::string> BodyReader::finish() {
  if (encoding_ == Encoding::kPlain || wire_bytes_ == 0) return std::move(out_);
  if (encoding_ == Encoding::kZstd) {
    if (!member_ended_) return fail(Code::kBadData, "zstd data is cut off");
    return std::move(out_);
  }
  if (stream_ == nullptr) {  // small, and nothing was handed over
    auto done = inflate_whole();
    if (!done) return fail(std::move(done).error());
    if (*done) return std::move(out_);
    if (auto ok = start_stream(); !ok) return fail(std::move(ok).error());
  }
  if (!member_ended_) return fail(Code::kBadData, "gzip data is cut off");
  return std::move(out_);
}

Result<bool> BodyReader::inflate_whole() {
  if (packed_.size() < kGzipBytesMin)
    return fail(Code::kBadData, "gzip data is cut off");
  // The trailer names the size, modulo 2^32, of the last member.  It may lie;
  // then there is the slow way, which finds out.
  const auto size = load_le<std::uint32_t>(packed_.data() + packed_.size() - 4);
  if (!check_size(size)) return false;
  static_assert(kGzipTrailerBytes >= sizeof size);
  out_.resize(size);
  std::size_t packed_used = 0;
  std::size_t size_got = 0;
  const libdeflate_result result = libdeflate_gzip_decompress_ex(
      shared_decompressor(), packed_.data(), packed_.size(), out_.data(),
      out_.size(), &packed_used, &size_got);
  if (result == LIBDEFLATE_SUCCESS && packed_used == packed_.size() &&
      size_got == size)
    return true;
  out_.clear();
  return false;
}

Status BodyReader::start_stream() {
  stream_.reset(new z_stream_s{});
  if (::inflateInit2(stream_.get(), kGzipWindow) != Z_OK)
    return fail(Code::kInternal, "cannot start zlib");
  member_ended_ = false;
  const std::string packed = std::move(packed_);
  return inflate_piece(packed);
}

Status BodyReader::inflate_piece(std::string_view piece) {
  // zlib's input pointer is not const, but it does not write through it.
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_->avail_in = static_cast<uInt>(piece.size());
  bool output_full = false;
  while (stream_->avail_in > 0 || output_full) {
    if (member_ended_) {  // another member follows, as gzip allows
      if (::inflateReset(stream_.get()) != Z_OK)
        return fail(Code::kInternal, "cannot restart zlib");
      member_ended_ = false;
    }
    const std::size_t before = out_.size();
    out_.resize(before + kInflateStepBytes);
    stream_->next_out = reinterpret_cast<Bytef*>(out_.data() + before);
    stream_->avail_out = static_cast<uInt>(kInflateStepBytes);
    const int result = ::inflate(stream_.get(), Z_NO_FLUSH);
    output_full = stream_->avail_out == 0;
    out_.resize(before + kInflateStepBytes - stream_->avail_out);
    if (result == Z_STREAM_END) {
      member_ended_ = true;
      output_full = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return fail(Code::kBadData, "gzip data is malformed");
    }
    if (auto ok = grown(); !ok) return ok;
    if (result == Z_BUF_ERROR) break;  // nothing more without more input
  }
  return {};
}

Status BodyReader::unzstd_piece(std::string_view piece) {
  ZSTD_inBuffer in{.src = piece.data(), .size = piece.size(), .pos = 0};
  bool output_full = false;
  while (in.pos < in.size || output_full) {
    const std::size_t before = out_.size();
    out_.resize(before + kInflateStepBytes);
    ZSTD_outBuffer out{
        .dst = out_.data() + before, .size = kInflateStepBytes, .pos = 0};
    const std::size_t left = ::ZSTD_decompressStream(zstd_.get(), &out, &in);
    output_full = out.pos == out.size;
    out_.resize(before + out.pos);
    if (::ZSTD_isError(left) != 0U)
      return fail(Code::kBadData, "zstd data is malformed");
    member_ended_ = left == 0;  // another frame may follow
    if (auto ok = grown(); !ok) return ok;
    if (member_ended_ && in.pos == in.size) break;
  }
  return {};
}

}  // namespace prom::http
