// Indexes of blocks.  Checksums keep a fuzzer out, so each input is tried as
// it is and with the checksums made right that can be found.
#include <cstdlib>
#include <limits>
#include <string>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"
#include "libprom/tsdb/index_reader.h"

namespace {

using prom::ByteReader;
using prom::Matcher;
using prom::MatchOp;
using prom::tsdb::IndexReader;
using prom::tsdb::load_be;

constexpr std::size_t kContentsBytes = prom::tsdb::kIndexContentsBytes;
constexpr std::size_t kRepairsMax = 1000;

void put_crc(std::string& file, std::size_t from, std::size_t size) {
  const std::uint32_t crc =
      prom::crc32c(std::string_view(file).substr(from, size));
  prom::store_le(file.data() + from + size, std::byteswap(crc));
}

// The content of the section at `at`, its checksum made right.
std::string_view repair_section(std::string& file, std::uint64_t at) {
  if (at > file.size() || file.size() - at < 8) return {};
  const std::size_t size = load_be<std::uint32_t>(file.data() + at);
  if (size > file.size() - at - 8) return {};
  put_crc(file, at + 4, size);
  return std::string_view(file).substr(at + 4, size);
}

void repair_series(std::string& file, std::uint64_t at) {
  if (at >= file.size()) return;
  ByteReader in(std::string_view(file).substr(at));
  const std::uint64_t size = in.varint();
  if (!in.ok() || size > in.remaining() || in.remaining() - size < 4) return;
  put_crc(file, file.size() - in.remaining(), size);
}

std::string repaired(std::string file) {
  if (file.size() < kContentsBytes + prom::tsdb::kIndexHeaderBytes) return file;
  const std::size_t contents = file.size() - kContentsBytes;
  put_crc(file, contents, kContentsBytes - 4);
  repair_section(file, load_be<std::uint64_t>(file.data() + contents));
  const std::string table(repair_section(
      file, load_be<std::uint64_t>(file.data() + contents + 40)));
  ByteReader in{std::string_view(table)};
  (void)prom::tsdb::read_be32(in);
  const std::uint64_t unit = file[4] == 1 ? 1 : prom::tsdb::kSeriesAlignment;
  for (std::size_t i = 0; i < kRepairsMax && !in.done(); ++i) {
    (void)in.varint();
    (void)in.text();
    (void)in.text();
    const std::string ids(repair_section(file, in.varint()));
    for (std::size_t at = 4; at + 4 <= ids.size() && at < kRepairsMax; at += 4)
      repair_series(file, unit * load_be<std::uint32_t>(ids.data() + at));
  }
  return file;
}

void read(const std::string& file) {
  const auto index = IndexReader::open("index", prom::as_bytes(file));
  if (!index) return;
  const prom::Matchers some[] = {
      {},
      {Matcher::equal("__name__", "a")},
      {*Matcher::create(MatchOp::kRegex, "x", "1|2|3")},
      {*Matcher::create(MatchOp::kNotRegex, "x", "1.*")},
  };
  constexpr prom::tsdb::TimeRange kAlways = {
      std::numeric_limits<std::int64_t>::min(),
      std::numeric_limits<std::int64_t>::max()};
  for (const prom::Matchers& matchers : some) {
    const auto ids = index->select(matchers);
    if (!ids) continue;
    for (const prom::tsdb::SeriesId id : *ids) {
      (void)index->labels(id);
      std::vector<prom::tsdb::ChunkMeta> chunks;
      (void)index->chunks(id, kAlways, chunks);
    }
  }
  for (const std::string& name : index->label_names())
    (void)index->label_values(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  read(input);
  read(repaired(input));
  return 0;
}
