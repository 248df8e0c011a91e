#include "libprom/tsdb/chunk_writer.h"

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"

namespace prom::tsdb {
namespace {

constexpr std::size_t kNameDigits = 6;

std::string segment_name(std::uint32_t number) {
  std::string name = std::to_string(number);
  if (name.size() < kNameDigits) name.insert(0, kNameDigits - name.size(), '0');
  return name;
}

}  // namespace

Status ChunkWriter::begin_segment() {
  if (segment_) {
    if (Status finished = segment_->finish(); !finished) return finished;
  }
  auto created = OutputFile::create(
      files_, os::join_path(directory_, segment_name(segments_ + 1)));
  if (!created) return fail(std::move(created).error());
  segment_.emplace(std::move(*created));
  ++segments_;
  std::string header;
  append_be(header, kSegmentMagic);
  header += static_cast<char>(kSegmentVersion);
  header.resize(kSegmentHeaderBytes, '\0');
  return segment_->append(header);
}

Result<ChunkRef> ChunkWriter::add(Encoding encoding, std::string_view bytes) {
  std::string head;
  append_varint(head, bytes.size());
  const std::size_t guarded = head.size();
  head += static_cast<char>(encoding);
  std::string crc;
  append_be(crc, crc32c(bytes, crc32c(std::string_view(head).substr(guarded))));
  const std::uint64_t size = head.size() + bytes.size() + crc.size();
  if (!segment_ || segment_->size() + size > segment_bytes_max_) {
    if (Status begun = begin_segment(); !begun)
      return fail(std::move(begun).error());
  }
  const ChunkRef ref = (ChunkRef{segments_ - 1} << 32U) | segment_->size();
  for (const std::string_view part :
       {std::string_view(head), bytes, std::string_view(crc)}) {
    if (Status written = segment_->append(part); !written)
      return fail(std::move(written).error());
  }
  return ref;
}

Status ChunkWriter::finish() {
  return segment_ ? segment_->finish() : Status();
}

}  // namespace prom::tsdb
