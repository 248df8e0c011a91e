#include "libprom/store/compression.h"

#include <lz4frame.h>
#include <poll.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>

#include "libprom/os/file.h"

namespace prom::store {
namespace {

constexpr std::size_t kInputBytes = 256U << 10U;
// Compressors are fed in pieces, so that their output is bounded.
constexpr std::size_t kPieceBytes = 256U << 10U;

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kLz4Magic{"\x04\x22\x4d\x18", 4};
constexpr std::string_view kZstdMagic{"\x28\xb5\x2f\xfd", 4};

// -- gzip

Bytef* zlib_bytes(const char* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes));
}

class GzipDecompressor final : public Decompressor {
 public:
  GzipDecompressor() {
    // 16: gzip and nothing else.
    usable_ = ::inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK;
  }
  ~GzipDecompressor() override {
    if (usable_) (void)::inflateEnd(&stream_);
  }

  Result<Step> step(std::string_view from, std::span<char> into) override {
    if (!usable_) return fail(Code::kInternal, "gzip: out of memory");
    if (boundary_ && !from.empty()) {
      (void)::inflateReset(&stream_);
      boundary_ = false;
    }
    const auto room =
        static_cast<uInt>(std::min<std::size_t>(into.size(), 1U << 30U));
    const auto size =
        static_cast<uInt>(std::min<std::size_t>(from.size(), 1U << 30U));
    stream_.next_in = zlib_bytes(from.data());
    stream_.avail_in = size;
    stream_.next_out = zlib_bytes(into.data());
    stream_.avail_out = room;
    const int done = ::inflate(&stream_, Z_NO_FLUSH);
    if (done == Z_STREAM_END) {
      boundary_ = true;
    } else if (done != Z_OK && done != Z_BUF_ERROR) {
      return fail(Code::kBadData,
                  std::string("gzip: ") +
                      (stream_.msg != nullptr ? stream_.msg : "damaged"));
    }
    return Step{size - stream_.avail_in, room - stream_.avail_out};
  }
  [[nodiscard]] bool at_boundary() const override { return boundary_; }

 private:
  z_stream stream_{};
  bool usable_ = false;
  bool boundary_ = true;
};

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() {
    usable_ = ::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                             MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipCompressor() override {
    if (usable_) (void)::deflateEnd(&stream_);
  }
  Status add(std::string_view plain, std::string& out) override {
    return run(plain, Z_NO_FLUSH, out);
  }
  Status finish(std::string& out) override { return run({}, Z_FINISH, out); }

 private:
  Status run(std::string_view plain, int flush, std::string& out) {
    if (!usable_) return fail(Code::kInternal, "gzip: out of memory");
    stream_.next_in = zlib_bytes(plain.data());
    stream_.avail_in = static_cast<uInt>(plain.size());
    char piece[16384];
    do {
      stream_.next_out = zlib_bytes(piece);
      stream_.avail_out = sizeof(piece);
      (void)::deflate(&stream_, flush);
      out.append(piece, sizeof(piece) - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return {};
  }

  z_stream stream_{};
  bool usable_ = false;
};

// -- LZ4

class Lz4Decompressor final : public Decompressor {
 public:
  Lz4Decompressor() {
    if (LZ4F_isError(
            LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)) != 0)
      context_ = nullptr;
  }
  ~Lz4Decompressor() override { (void)LZ4F_freeDecompressionContext(context_); }
  Result<Step> step(std::string_view from, std::span<char> into) override {
    if (context_ == nullptr) return fail(Code::kInternal, "lz4: out of memory");
    std::size_t made = into.size();
    std::size_t taken = from.size();
    const std::size_t more = LZ4F_decompress(context_, into.data(), &made,
                                             from.data(), &taken, nullptr);
    if (LZ4F_isError(more) != 0)
      return fail(Code::kBadData,
                  std::string("lz4: ") + LZ4F_getErrorName(more));
    boundary_ = more == 0 || (boundary_ && taken == 0);
    return Step{taken, made};
  }
  [[nodiscard]] bool at_boundary() const override { return boundary_; }

 private:
  LZ4F_dctx* context_ = nullptr;
  bool boundary_ = true;
};

class Lz4Compressor final : public Compressor {
 public:
  Lz4Compressor() {
    if (LZ4F_isError(LZ4F_createCompressionContext(&context_, LZ4F_VERSION)) !=
        0)
      context_ = nullptr;
    preferences_.frameInfo.blockSizeID = LZ4F_max256KB;
    preferences_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences_.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  }
  ~Lz4Compressor() override { (void)LZ4F_freeCompressionContext(context_); }

  Status add(std::string_view plain, std::string& out) override {
    if (Status begun = begin(out); !begun) return begun;
    const std::size_t before = out.size();
    out.resize(before + LZ4F_compressBound(plain.size(), &preferences_));
    return keep(
        before, out,
        LZ4F_compressUpdate(context_, out.data() + before, out.size() - before,
                            plain.data(), plain.size(), nullptr));
  }
  Status finish(std::string& out) override {
    if (Status begun = begin(out); !begun) return begun;
    const std::size_t before = out.size();
    out.resize(before + LZ4F_compressBound(0, &preferences_));
    return keep(before, out,
                LZ4F_compressEnd(context_, out.data() + before,
                                 out.size() - before, nullptr));
  }

 private:
  Status begin(std::string& out) {
    if (context_ == nullptr) return fail(Code::kInternal, "lz4: out of memory");
    if (begun_) return {};
    begun_ = true;
    const std::size_t before = out.size();
    out.resize(before + LZ4F_HEADER_SIZE_MAX);
    return keep(before, out,
                LZ4F_compressBegin(context_, out.data() + before,
                                   out.size() - before, &preferences_));
  }
  static Status keep(std::size_t before, std::string& out, std::size_t made) {
    if (LZ4F_isError(made) != 0) {
      out.resize(before);
      return fail(Code::kInternal,
                  std::string("lz4: ") + LZ4F_getErrorName(made));
    }
    out.resize(before + made);
    return {};
  }

  LZ4F_cctx* context_ = nullptr;
  LZ4F_preferences_t preferences_{};
  bool begun_ = false;
};

// -- Zstandard

class ZstdDecompressor final : public Decompressor {
 public:
  ZstdDecompressor() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr)
      (void)ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax,
                                   static_cast<int>(kZstdWindowLogMax));
  }
  ~ZstdDecompressor() override { (void)ZSTD_freeDCtx(context_); }

  Result<Step> step(std::string_view from, std::span<char> into) override {
    if (context_ == nullptr)
      return fail(Code::kInternal, "zstd: out of memory");
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const std::size_t more = ZSTD_decompressStream(context_, &out, &in);
    if (ZSTD_isError(more) != 0)
      return fail(Code::kBadData,
                  std::string("zstd: ") + ZSTD_getErrorName(more));
    boundary_ = more == 0 || (boundary_ && in.pos == 0);
    return Step{in.pos, out.pos};
  }
  [[nodiscard]] bool at_boundary() const override { return boundary_; }

 private:
  ZSTD_DCtx* const context_;
  bool boundary_ = true;
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {
    if (context_ != nullptr)
      (void)ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdCompressor() override { (void)ZSTD_freeCCtx(context_); }
  Status add(std::string_view plain, std::string& out) override {
    return run(plain, ZSTD_e_continue, out);
  }
  Status finish(std::string& out) override { return run({}, ZSTD_e_end, out); }

 private:
  Status run(std::string_view plain, ZSTD_EndDirective end, std::string& out) {
    if (context_ == nullptr)
      return fail(Code::kInternal, "zstd: out of memory");
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    char piece[16384];
    while (true) {
      ZSTD_outBuffer made{piece, sizeof(piece), 0};
      const std::size_t more = ZSTD_compressStream2(context_, &made, &in, end);
      if (ZSTD_isError(more) != 0)
        return fail(Code::kInternal,
                    std::string("zstd: ") + ZSTD_getErrorName(more));
      out.append(piece, made.pos);
      const bool done = end == ZSTD_e_end ? more == 0 : in.pos == in.size;
      if (done) return {};
    }
  }

  ZSTD_CCtx* const context_;
};

}  // namespace

Compression detect_compression(std::string_view first_bytes) {
  if (first_bytes.starts_with(kGzipMagic)) return Compression::kGzip;
  if (first_bytes.starts_with(kLz4Magic)) return Compression::kLz4;
  if (first_bytes.starts_with(kZstdMagic)) return Compression::kZstd;
  return Compression::kPlain;
}

Compression compression_of_name(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::kGzip;
  if (path.ends_with(".lz4")) return Compression::kLz4;
  if (path.ends_with(".zst")) return Compression::kZstd;
  return Compression::kPlain;
}

std::unique_ptr<Decompressor> make_decompressor(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipDecompressor>();
    case Compression::kLz4:
      return std::make_unique<Lz4Decompressor>();
    case Compression::kZstd:
      return std::make_unique<ZstdDecompressor>();
    case Compression::kPlain:
      break;
  }
  return nullptr;
}

std::unique_ptr<Compressor> make_compressor(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipCompressor>();
    case Compression::kLz4:
      return std::make_unique<Lz4Compressor>();
    case Compression::kZstd:
      return std::make_unique<ZstdCompressor>();
    case Compression::kPlain:
      break;
  }
  return nullptr;
}

CompressedInput::CompressedInput(int fd, int stop_fd)
    : fd_(fd), stop_fd_(stop_fd), buffer_(kInputBytes, '\0') {}

// Puts more behind what is left; ended_ when there is no more.
Status CompressedInput::fill() {
  buffer_.erase(0, at_);
  end_ -= at_;
  at_ = 0;
  buffer_.resize(kInputBytes);
  while (true) {
    pollfd waiting[] = {{.fd = fd_, .events = POLLIN, .revents = 0},
                        {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
    if (::poll(waiting, 2, -1) < 0 && errno != EINTR)
      return fail(os::system_error("read", errno));
    if (waiting[1].revents != 0) return fail(Code::kCancelled, "interrupted");
    if (waiting[0].revents == 0) continue;
    const ssize_t n = ::read(fd_, buffer_.data() + end_, buffer_.size() - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os::system_error("read", errno));
    ended_ = n == 0;
    end_ += static_cast<std::size_t>(n);
    stored_bytes_ += static_cast<std::uint64_t>(n);
    return {};
  }
}

Result<std::size_t> CompressedInput::read(std::span<char> into) {
  while (!begun_) {  // a pipe may hand out its first bytes one by one
    if (Status filled = fill(); !filled) return fail(filled.error());
    if (!ended_ && end_ < kZstdMagic.size()) continue;
    begun_ = true;
    compression_ = detect_compression({buffer_.data(), end_});
    decompressor_ = make_decompressor(compression_);
  }
  while (true) {
    const std::string_view stored(buffer_.data() + at_, end_ - at_);
    if (!decompressor_) {
      const std::size_t n = std::min(stored.size(), into.size());
      std::copy_n(stored.data(), n, into.data());
      at_ += n;
      if (n > 0 || ended_) return n;
    } else {
      const auto step = decompressor_->step(stored, into);
      if (!step) return fail(step.error());
      at_ += step->taken;
      if (step->made > 0) return step->made;
      if (step->taken > 0) continue;
      if (ended_ && decompressor_->at_boundary() && at_ == end_) return 0;
      if (ended_) return fail(Code::kBadData, "compressed input is cut");
    }
    if (Status filled = fill(); !filled) return fail(filled.error());
  }
}

CompressedOutput::CompressedOutput(os::Output& out, Compression compression)
    : out_(out), compressor_(make_compressor(compression)) {}

Status CompressedOutput::write(std::string_view plain) {
  if (!compressor_) {
    out_.write(plain);
    return out_.status();
  }
  while (!plain.empty()) {
    const std::string_view piece = plain.substr(0, kPieceBytes);
    plain.remove_prefix(piece.size());
    buffer_.clear();
    if (Status done = compressor_->add(piece, buffer_); !done) return done;
    out_.write(buffer_);
  }
  return out_.status();
}

Status CompressedOutput::finish() {
  if (compressor_) {
    buffer_.clear();
    if (Status done = compressor_->finish(buffer_); !done) return done;
    out_.write(buffer_);
  }
  return out_.flush();
}

}  // namespace prom::store
