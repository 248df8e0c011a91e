#include "libprom/base/compression.h"

#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <memory>
#include <new>

namespace prom {
namespace {

std::unexpected<Error> too_large(std::size_t bytes_max) {
  return fail(Code::kLimit,
              "unfolds to more than " + std::to_string(bytes_max) + " bytes");
}

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// Packing beside other work: bytes matter less than time.
constexpr int kPackLevel = 1;
constexpr int kWindowLogMin = 10;
constexpr int kWindowLogMax = 27;

}  // namespace

Status unpack_snappy(std::string_view packed, std::size_t bytes_max,
                     std::string& into) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size))
    return fail(Code::kCorrupt, "no snappy block");
  if (size > bytes_max) return too_large(bytes_max);
  into.resize(size);
  if (!snappy::RawUncompress(packed.data(), packed.size(), into.data()))
    return fail(Code::kCorrupt, "damaged snappy block");
  return {};
}

Status unpack_zstd(std::string_view packed, std::size_t bytes_max,
                   std::string& into) {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(
      ZSTD_createDCtx());
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  // A frame need not tell its size, so the output grows with it.
  into.clear();
  ZSTD_inBuffer in = {packed.data(), packed.size(), 0};
  std::size_t wanted = 1;
  while (in.pos < in.size || wanted != 0) {
    if (into.size() > bytes_max) return too_large(bytes_max);
    const std::size_t before = into.size();
    into.resize(before + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out = {into.data() + before, into.size() - before, 0};
    wanted = ZSTD_decompressStream(context.get(), &out, &in);
    into.resize(before + out.pos);
    if (ZSTD_isError(wanted) != 0)
      return fail(Code::kCorrupt, std::string("damaged zstd frame: ") +
                                      ZSTD_getErrorName(wanted));
    if (wanted != 0 && out.pos == 0 && in.pos == in.size)
      return fail(Code::kCorrupt, "zstd frame is cut");
  }
  if (into.size() > bytes_max) return too_large(bytes_max);
  return {};
}

void pack_zstd(std::string_view plain, std::string_view prefix,
               std::string& into) {
  assert(prefix.empty() || plain.size() + prefix.size() <= kPrefixedBytesMax);
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> kContext(
      ZSTD_createCCtx());
  ZSTD_CCtx* const zstd = kContext.get();
  ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, kPackLevel);
  if (!prefix.empty()) {
    const auto log =
        static_cast<int>(std::bit_width(plain.size() + prefix.size()));
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog,
                           std::clamp(log, kWindowLogMin, kWindowLogMax));
    ZSTD_CCtx_refPrefix(zstd, prefix.data(), prefix.size());
  }
  const std::size_t before = into.size();
  into.resize(before + ZSTD_compressBound(plain.size()));
  const std::size_t size =
      ZSTD_compress2(zstd, into.data() + before, into.size() - before,
                     plain.data(), plain.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // nothing else can fail
  into.resize(before + size);
}

Status unpack_zstd(std::string_view packed, std::string_view prefix,
                   std::size_t size, std::string& into) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> kContext(
      ZSTD_createDCtx());
  ZSTD_DCtx* const zstd = kContext.get();
  ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only);
  ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, kWindowLogMax);
  if (!prefix.empty()) ZSTD_DCtx_refPrefix(zstd, prefix.data(), prefix.size());
  // A size that is made up is found out before it costs memory.
  const unsigned long long told =
      ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (told != size) return fail(Code::kCorrupt, "zstd frame of another size");
  into.resize(size);
  const std::size_t got = ZSTD_decompressDCtx(zstd, into.data(), into.size(),
                                              packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size)
    return fail(Code::kCorrupt, "damaged zstd frame");
  return {};
}

}  // namespace prom
