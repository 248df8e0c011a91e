// Files of chunks_head/, as they are and with the checksums of their chunks
// made right.

#include <cstdlib>
#include <string>

#include "libprom/base/checksum.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/head_chunks.h"

#include "tests/support/temporary_directory.h"

namespace {

using prom::tsdb::HeadChunk;
using prom::tsdb::HeadChunks;

constexpr std::size_t kFileHeaderBytes = 8;
constexpr std::size_t kFixedBytes = 25;

std::string with_right_checksums(std::string file) {
  std::size_t at = kFileHeaderBytes;
  while (at + kFixedBytes < file.size()) {
    prom::ByteReader in(std::string_view(file).substr(at + kFixedBytes));
    const std::uint64_t size = in.varint();
    if (!in.ok() || size > in.remaining() || in.remaining() - size < 4) break;
    const std::size_t end = file.size() - in.remaining() + size;
    const std::uint32_t crc =
        prom::crc32c(std::string_view(file).substr(at, end - at));
    prom::store_le(file.data() + end, std::byteswap(crc));
    at = end + 4;
  }
  return file;
}

void read(const std::string& directory, const std::string& content) {
  const std::string path = directory + "/000001";
  {
    auto file = prom::os::real_file_system().open(
        path, prom::os::OpenMode::kOpenOrCreate);
    if (!file || !(*file)->truncate(0) ||
        !(*file)->write_at(0, prom::as_bytes(content))) {
      std::abort();
    }
  }
  const auto chunks = HeadChunks::open(directory);
  if (!chunks) std::abort();
  std::vector<prom::Error> damage;
  std::vector<HeadChunk> found;
  chunks->scan([&found](const HeadChunk& chunk) { found.push_back(chunk); },
               damage);
  for (const HeadChunk& chunk : found) {
    prom::Samples samples;
    (void)chunks->read(chunk, samples);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const prom::TemporaryDirectory directory;
  const std::string input(reinterpret_cast<const char*>(data), size);
  read(directory.path(), input);
  read(directory.path(), with_right_checksums(input));
  return 0;
}
