#include "libprom/base/compression.h"

#include <snappy.h>
#include <zstd.h>

#include <memory>

namespace prom {
namespace {

std::unexpected<Error> too_large(std::size_t bytes_max) {
  return fail(Code::kLimit,
              "unfolds to more than " + std::to_string(bytes_max) + " bytes");
}

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
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
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

}  // namespace prom
