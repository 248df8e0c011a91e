// Write-ahead logs: the input as a record, and as a segment of pages whose
// checksums were made right, as a last segment and as one before it.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/wal_reader.h"
#include "libprom/tsdb/wal_record.h"

namespace {

constexpr std::size_t kPageBytes = prom::tsdb::kWalPageBytes;
constexpr std::size_t kHeaderBytes = 7;

class MemoryFile final : public prom::os::File {
 public:
  explicit MemoryFile(std::string content) : content_(std::move(content)) {}
  prom::Status write_at(std::uint64_t, prom::Bytes) override { std::abort(); }
  prom::Result<std::size_t> read_at(std::uint64_t offset,
                                    std::span<std::byte> into) override {
    const prom::Bytes all = prom::as_bytes(content_);
    const std::size_t from = std::min<std::size_t>(offset, all.size());
    const std::size_t count = std::min(into.size(), all.size() - from);
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(from), count,
                into.begin());
    return count;
  }
  prom::Status sync() override { std::abort(); }
  prom::Status preallocate(std::uint64_t) override { std::abort(); }
  prom::Status truncate(std::uint64_t) override { std::abort(); }
  prom::Result<std::uint64_t> size() override { return content_.size(); }
  [[nodiscard]] int fd() const override { return -1; }
  [[nodiscard]] const std::string& path() const override { return path_; }

 private:
  std::string content_;
  std::string path_ = "segment";
};

std::string with_right_checksums(std::string file) {
  for (std::size_t at = 0; at + kHeaderBytes < file.size();) {
    const std::size_t page_end = (at / kPageBytes + 1) * kPageBytes;
    const std::size_t size =
        prom::tsdb::load_be<std::uint16_t>(file.data() + at + 1);
    const std::size_t end = at + kHeaderBytes + size;
    if ((file[at] & 7) == 0 || end > std::min(page_end, file.size())) {
      at = page_end;
      continue;
    }
    const std::uint32_t crc =
        prom::crc32c(std::string_view(file).substr(at + kHeaderBytes, size));
    prom::store_le(file.data() + at + 3, std::byteswap(crc));
    at = end;
  }
  return file;
}

void read(const std::string& content, bool is_last) {
  prom::tsdb::WalSegment segment;
  segment.path = "segment";
  segment.file = std::make_unique<MemoryFile>(content);
  segment.size = content.size();
  segment.is_last = is_last;
  prom::tsdb::WalReader reader(segment);
  prom::tsdb::WalRecord record;
  // Each error costs at least what is left of a page, each record its header.
  const std::size_t steps_max =
      content.size() / kHeaderBytes + content.size() / kPageBytes + 3;
  for (std::size_t step = 0;; ++step) {
    if (step > steps_max) std::abort();
    const auto next = reader.next();
    if (!next) continue;
    if (!*next) return;
    (void)prom::tsdb::decode_wal_record(**next, record);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  prom::tsdb::WalRecord record;
  const auto decoded =
      prom::tsdb::decode_wal_record(prom::as_bytes(input), record);
  if (!decoded && !record.samples.empty()) std::abort();
  const std::string repaired = with_right_checksums(input);
  read(repaired, true);
  read(repaired, false);
  return 0;
}
