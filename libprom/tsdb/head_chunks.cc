#include "libprom/tsdb/head_chunks.h"

#include <algorithm>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/chunk.h"

namespace prom::tsdb {
namespace {

constexpr std::uint32_t kMagic = 0x0130BC91;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFileHeaderBytes = 8;
constexpr std::size_t kCrcBytes = 4;
// Series, two times, encoding, a length of at most five bytes.
constexpr std::size_t kChunkHeaderBytesMax = 8 + 8 + 8 + 1 + 5;
constexpr std::uint8_t kLateBit = 0x80;
constexpr std::size_t kReadBytes = 256U << 10U;
// Offsets are 32 bits wide; the server ends its files at 128 MiB.
constexpr std::uint64_t kFileBytesMax = 1ULL << 32U;

// Reads a file front to back through a buffer.
class Window {
 public:
  Window(os::File& file, std::uint64_t size) : file_(file), size_(size) {}

  // `count` bytes at `at`, or as many as there are.
  Result<Bytes> at(std::uint64_t at, std::size_t count) {
    count = static_cast<std::size_t>(
        std::min<std::uint64_t>(count, size_ - std::min(size_, at)));
    if (at < offset_ || at + count > offset_ + buffer_.size()) {
      buffer_.resize(static_cast<std::size_t>(
          std::min<std::uint64_t>(std::max(count, kReadBytes), size_ - at)));
      offset_ = at;
      const auto read = file_.read_at(at, buffer_);
      if (!read) return fail(read.error());
      buffer_.resize(*read);
      count = std::min(count, *read);
    }
    return Bytes(buffer_).subspan(static_cast<std::size_t>(at - offset_),
                                  count);
  }

 private:
  os::File& file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace

Result<HeadChunks> HeadChunks::open(const std::string& directory) {
  HeadChunks chunks;
  const auto entries = os::real_file_system().list(directory);
  if (!entries && entries.error().code == Code::kMissing) return chunks;
  if (!entries) return fail(entries.error());
  for (const os::DirectoryEntry& entry : *entries) {
    const bool is_number =
        !entry.is_directory && std::ranges::all_of(entry.name, [](char c) {
          return c >= '0' && c <= '9';
        });
    if (!is_number) continue;
    OpenFile opened;
    opened.path = os::join_path(directory, entry.name);
    auto file = os::real_file_system().open(opened.path, os::OpenMode::kRead);
    if (!file) {
      const bool vanished = file.error().code == Code::kMissing;
      return fail(vanished ? Code::kBusy : file.error().code,
                  file.error().message);
    }
    opened.file = std::move(*file);
    const auto size = opened.file->size();
    if (!size) return fail(size.error());
    opened.size = std::min(*size, kFileBytesMax);
    chunks.files_.push_back(std::move(opened));
  }
  return chunks;
}

void HeadChunks::scan(const std::function<void(const HeadChunk&)>& visit,
                      std::vector<Error>& damage) const {
  for (std::uint32_t i = 0; i < files_.size(); ++i) {
    Status scanned = scan_file(i, visit);
    if (scanned) continue;
    // The server may be at work on the end of the last one.
    const bool is_torn = scanned.error().code == Code::kBusy;
    if (is_torn && i + 1 == files_.size()) continue;
    if (is_torn) scanned.error().code = Code::kCorrupt;
    damage.push_back(std::move(scanned).error());
  }
}

// kBusy: what a file that is being written may look like at its end.
Status HeadChunks::scan_file(
    std::uint32_t number,
    const std::function<void(const HeadChunk&)>& visit) const {
  const OpenFile& from = files_[number];
  const auto bad = [&from](Code code, const char* what, std::uint64_t at) {
    return fail(code, from.path + ": " + what + " at " + std::to_string(at));
  };
  Window window(*from.file, from.size);
  const auto header = window.at(0, kFileHeaderBytes);
  if (!header) return fail(header.error());
  if (header->size() < kFileHeaderBytes)
    return bad(Code::kBusy, "cut header", 0);
  if (load_be<std::uint32_t>(header->data()) != kMagic)
    return bad(Code::kCorrupt, "bad magic number", 0);
  if (std::to_integer<std::uint8_t>((*header)[4]) != kVersion)
    return bad(Code::kConfig, "unknown version", 4);

  std::uint64_t at = kFileHeaderBytes;
  while (at < from.size) {
    const auto front = window.at(at, kChunkHeaderBytesMax);
    if (!front) return fail(front.error());
    ByteReader in(*front);
    HeadChunk chunk;
    chunk.series = read_be64(in);
    chunk.range.min_ms = static_cast<std::int64_t>(read_be64(in));
    chunk.range.max_ms = static_cast<std::int64_t>(read_be64(in));
    // Space that is allocated, but not written yet.
    if (chunk.series == 0 && chunk.range == TimeRange()) return {};
    const auto encoding = in.fixed<std::uint8_t>();
    const std::uint64_t size = in.varint();
    if (!in.ok()) return bad(Code::kBusy, "cut chunk", at);
    if (size > kChunkBytesMax) return bad(Code::kCorrupt, "bad length", at);
    const std::size_t header_bytes = front->size() - in.remaining();
    const std::size_t guarded_bytes =
        header_bytes + static_cast<std::size_t>(size);
    const auto all = window.at(at, guarded_bytes + kCrcBytes);
    if (!all) return fail(all.error());
    if (all->size() < guarded_bytes + kCrcBytes)
      return bad(Code::kBusy, "cut chunk", at);
    if (load_be<std::uint32_t>(all->data() + guarded_bytes) !=
        crc32c(all->first(guarded_bytes))) {
      return bad(Code::kBusy, "bad checksum of a chunk", at);
    }
    chunk.file = number;
    chunk.offset = static_cast<std::uint32_t>(at + header_bytes);
    chunk.size = static_cast<std::uint32_t>(size);
    chunk.encoding = static_cast<std::uint8_t>(encoding & ~kLateBit);
    chunk.is_late = (encoding & kLateBit) != 0;
    visit(chunk);
    at += guarded_bytes + kCrcBytes;
  }
  return {};
}

Status HeadChunks::read(const HeadChunk& chunk, Samples& into) const {
  const OpenFile& from = files_[chunk.file];
  const auto place = [&] {
    return from.path + ": chunk at " + std::to_string(chunk.offset);
  };
  std::vector<std::byte> bytes(chunk.size);
  const auto read = from.file->read_at(chunk.offset, bytes);
  if (!read) return fail(read.error());
  if (*read < bytes.size()) return fail(Code::kCorrupt, place() + ": is cut");
  Status decoded = decode_chunk(chunk.encoding, bytes, into);
  if (!decoded) return fail(std::move(decoded).error().in(place()));
  return {};
}

}  // namespace prom::tsdb
