#include "libprom/tsdb/chunk_files.h"

#include <algorithm>

#include "libprom/base/checksum.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/chunk.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kCrcBytes = 4;

bool is_segment(const os::DirectoryEntry& entry) {
  return !entry.is_directory && !entry.name.empty() &&
         std::ranges::all_of(entry.name,
                             [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<ChunkFiles> ChunkFiles::open(const std::string& directory) {
  const auto entries = os::real_file_system().list(directory);
  if (!entries) return fail(entries.error());
  ChunkFiles files;
  for (const os::DirectoryEntry& entry : *entries) {
    if (!is_segment(entry)) continue;
    std::string path = os::join_path(directory, entry.name);
    auto file = os::MappedFile::open(path);
    if (!file) return fail(std::move(file).error());
    const Bytes bytes = file->bytes();
    if (bytes.size() < kSegmentHeaderBytes ||
        load_be<std::uint32_t>(bytes.data()) != kSegmentMagic) {
      return fail(Code::kCorrupt, path + ": no chunk segment");
    }
    if (const auto version = std::to_integer<std::uint8_t>(bytes[4]);
        version != kSegmentVersion) {
      return fail(Code::kConfig,
                  path + ": unknown version " + std::to_string(version));
    }
    files.segments_.push_back(
        {.path = std::move(path), .file = std::move(*file)});
  }
  return files;
}

Result<ChunkBytes> ChunkFiles::read(ChunkRef ref) const {
  const auto bad = [&](const char* what) {
    return fail(Code::kCorrupt, place(ref) + ": " + what);
  };
  const std::uint64_t number = ref >> 32U;
  const std::uint64_t offset = ref & 0xFFFFFFFFU;
  if (number >= segments_.size()) return bad("its segment is not there");
  const Bytes file = segments_[static_cast<std::size_t>(number)].file.bytes();
  if (offset < kSegmentHeaderBytes || offset >= file.size())
    return bad("outside of the file");
  ByteReader in(file.subspan(static_cast<std::size_t>(offset)));
  const std::uint64_t size = in.varint();
  if (!in.ok() || size > kChunkBytesMax ||
      size + 1 + kCrcBytes > in.remaining())
    return bad("bad length");
  const Bytes guarded = in.take(static_cast<std::size_t>(size) + 1);
  if (read_be32(in) != crc32c(guarded)) return bad("bad checksum");
  return ChunkBytes{.encoding = std::to_integer<std::uint8_t>(guarded[0]),
                    .bytes = guarded.subspan(1)};
}

std::string ChunkFiles::place(ChunkRef ref) const {
  const std::uint64_t number = ref >> 32U;
  const std::string at = "chunk at " + std::to_string(ref & 0xFFFFFFFFU);
  if (number >= segments_.size()) return at;
  return segments_[static_cast<std::size_t>(number)].path + ": " + at;
}

}  // namespace prom::tsdb
