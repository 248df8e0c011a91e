#include "libprom/http/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

namespace prom::http {
namespace {

// 16 asks zlib for the gzip wrapper, 15 is the largest window.
constexpr int kGzipWindowBits = 16 + 15;
constexpr int kLevel = 4;
constexpr std::size_t kStep = 64 << 10;

struct Inflater {
  z_stream stream{};
  bool open = false;
  Inflater() { open = inflateInit2(&stream, kGzipWindowBits) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (open) inflateEnd(&stream);
  }
};

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

}  // namespace

std::string gzip(std::string_view plain) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (!compressor) throw std::bad_alloc();
  std::string out(
      libdeflate_gzip_compress_bound(compressor.get(), plain.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor.get(), plain.data(),
                                      plain.size(), out.data(), out.size()));
  return out;
}

Result<std::string> gunzip(std::string_view compressed,
                           std::uint64_t bytes_max) {
  Inflater inflater;
  if (!inflater.open) return fail(Code::kInternal, "gzip: out of memory");
  z_stream& stream = inflater.stream;
  std::string out;
  // zlib counts in 32 bits; a body is below that by the server's limits, but
  // this function does not rely on it.
  std::string_view rest = compressed;
  if (rest.empty()) return fail(Code::kBadData, "gzip: empty");
  while (true) {
    if (stream.avail_in == 0) {
      const std::size_t size = std::min<std::size_t>(rest.size(), 1U << 30U);
      // zlib's interface lacks const; it does not write here.
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
      stream.avail_in = static_cast<uInt>(size);
      rest.remove_prefix(size);
    }
    const std::size_t had = out.size();
    // One byte over the limit, so that reaching it differs from passing it.
    const std::uint64_t room = bytes_max + 1 - had;
    const std::size_t step = std::min<std::uint64_t>(room, kStep);
    out.resize(had + step);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(step);
    const int status = inflate(&stream, Z_NO_FLUSH);
    out.resize(had + step - stream.avail_out);
    if (out.size() > bytes_max)
      return fail(Code::kLimit, "gzip: more than " + std::to_string(bytes_max) +
                                    " bytes after decompression");
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0 && rest.empty()) return out;
      if (inflateReset(&stream) != Z_OK)
        return fail(Code::kInternal, "gzip: reset failed");
      continue;
    }
    if (status != Z_OK && status != Z_BUF_ERROR)
      return fail(Code::kBadData, "gzip: not a valid stream");
    if (stream.avail_in == 0 && rest.empty() && stream.avail_out != 0)
      return fail(Code::kBadData, "gzip: cut short");
  }
}

}  // namespace prom::http
