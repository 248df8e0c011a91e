#include "tests/support/shared_data.h"

#include <zstd.h>

#include <cstdlib>

#include "libprom/base/bytes.h"
#include "libprom/os/file.h"

namespace prom::test {
namespace {

std::string decompress(const std::string& packed) {
  std::string out;
  ZSTD_DStream* const stream = ZSTD_createDStream();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  while (in.pos < in.size) {
    ZSTD_outBuffer part{piece.data(), piece.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(stream, &part, &in)) != 0) break;
    out.append(piece, 0, part.pos);
  }
  ZSTD_freeDStream(stream);
  return out;
}

}  // namespace

std::optional<std::string> shared_path(const std::string& path) {
  const char* const set = std::getenv("PROM_SHARED");
  const std::string full =
      os::join_path(set == nullptr ? "../shared" : set, path);
  if (!os::exists(full)) return std::nullopt;
  return full;
}

std::vector<Scrape> read_capture(const std::string& name,
                                 std::size_t count_max) {
  std::vector<Scrape> scrapes;
  const auto path = shared_path("data/captures/" + name + ".raw.zst");
  if (!path) return scrapes;
  const Result<std::string> packed = os::read_file(*path);
  if (!packed) return scrapes;
  const std::string raw = decompress(*packed);
  ByteReader in(raw);
  while (!in.done() && scrapes.size() < count_max) {
    Scrape& scrape = scrapes.emplace_back();
    scrape.t_ms = in.fixed<std::int64_t>();
    scrape.body = as_text(in.take(in.fixed<std::uint32_t>()));
    if (!in.ok()) {
      scrapes.pop_back();
      break;
    }
  }
  return scrapes;
}

}  // namespace prom::test
