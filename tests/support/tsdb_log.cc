#include "tests/support/tsdb_log.h"

#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "libprom/base/checksum.h"
#include "libprom/tsdb/big_endian.h"

namespace prom::test {
namespace {

using tsdb::append_be;
using tsdb::append_signed_varint;

constexpr std::size_t kPageBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

void append_double(std::string& out, double value) {
  append_be(out, std::bit_cast<std::uint64_t>(value));
}

std::string pack(const std::string& record, Packing packing) {
  if (packing == Packing::kNone) return record;
  std::string packed;
  if (packing == Packing::kSnappy) {
    snappy::Compress(record.data(), record.size(), &packed);
    return packed;
  }
  packed.resize(ZSTD_compressBound(record.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), record.data(),
                              record.size(), 1));
  return packed;
}

}  // namespace

std::string series_record(
    const std::vector<std::pair<std::uint64_t, LabelPairs>>& series) {
  std::string out(1, '\x01');
  for (const auto& [ref, labels] : series) {
    append_be(out, ref);
    append_varint(out, labels.size());
    for (const auto& [name, value] : labels) {
      append_text(out, name);
      append_text(out, value);
    }
  }
  return out;
}

std::string samples_record(const std::vector<LogSample>& samples) {
  std::string out(1, '\x02');
  append_be(out, samples.front().ref);
  append_be(out, static_cast<std::uint64_t>(samples.front().t_ms));
  for (const LogSample& sample : samples) {
    append_signed_varint(
        out, static_cast<std::int64_t>(sample.ref - samples.front().ref));
    append_signed_varint(out, sample.t_ms - samples.front().t_ms);
    append_double(out, sample.value);
  }
  return out;
}

std::string samples_start_record(const std::vector<LogSample>& samples) {
  std::string out(1, '\x0b');
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const LogSample& sample = samples[i];
    const LogSample& first = samples.front();
    if (i == 0) {
      append_signed_varint(out, static_cast<std::int64_t>(sample.ref));
      append_signed_varint(out, sample.t_ms);
      append_signed_varint(out, sample.start_ms);
    } else {
      const LogSample& before = samples[i - 1];
      append_signed_varint(out,
                           static_cast<std::int64_t>(sample.ref - before.ref));
      append_signed_varint(out, sample.t_ms - first.t_ms);
      if (sample.start_ms == 0) {
        out += '\x00';
      } else if (sample.start_ms == before.start_ms) {
        out += '\x01';
      } else {
        out += '\x02';
        append_signed_varint(out, sample.start_ms - first.start_ms);
      }
    }
    append_double(out, sample.value);
  }
  return out;
}

std::string deletion_record(std::uint64_t ref, std::int64_t min_ms,
                            std::int64_t max_ms) {
  std::string out(1, '\x03');
  append_be(out, ref);
  append_signed_varint(out, min_ms);
  append_signed_varint(out, max_ms);
  return out;
}

std::string segment_of(const std::vector<std::string>& records,
                       Packing packing) {
  std::string out;
  const unsigned flag = packing == Packing::kSnappy ? 8U
                        : packing == Packing::kZstd ? 16U
                                                    : 0U;
  for (const std::string& record : records) {
    const std::string packed = pack(record, packing);
    std::string_view rest = packed;
    bool is_first = true;
    do {
      std::size_t room = kPageBytes - out.size() % kPageBytes;
      if (room < kHeaderBytes + 1) {
        out.append(room, '\0');
        room = kPageBytes;
      }
      const std::string_view part =
          rest.substr(0, std::min(rest.size(), room - kHeaderBytes));
      rest.remove_prefix(part.size());
      const bool is_last = rest.empty();
      const unsigned type =
          is_first && is_last ? 1U : (is_first ? 2U : (is_last ? 4U : 3U));
      out += static_cast<char>(type | flag);
      append_be(out, static_cast<std::uint16_t>(part.size()));
      append_be(out, crc32c(part));
      out += part;
      is_first = false;
    } while (!rest.empty());
  }
  return out;
}

std::string head_chunk_file(const std::vector<FullChunk>& chunks) {
  std::string out;
  append_be(out, std::uint32_t{0x0130BC91});
  out += '\x01';
  out.append(3, '\0');
  for (const FullChunk& chunk : chunks) {
    std::string guarded;
    append_be(guarded, chunk.ref);
    append_be(guarded, static_cast<std::uint64_t>(chunk.min_ms));
    append_be(guarded, static_cast<std::uint64_t>(chunk.max_ms));
    guarded += static_cast<char>(chunk.encoding);
    append_text(guarded, chunk.bytes);
    out += guarded;
    append_be(out, crc32c(guarded));
  }
  return out;
}

void put_file(const std::string& path, std::string_view content) {
  std::filesystem::create_directories(
      std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace prom::test
