// The index of a block, read in place: symbols, series, and for each label
// pair the ids of its series (its postings).
//
// Version 2 numbers its symbols, version 1 points at them.  A series' id is
// its offset in the file, in version 2 divided by 16.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/bytes.h"
#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/os/map.h"
#include "libprom/tsdb/chunk_files.h"
#include "libprom/tsdb/meta.h"

namespace prom::tsdb {

using SeriesId = std::uint32_t;

constexpr std::uint32_t kIndexMagic = 0xBAAAD700;
constexpr std::size_t kIndexHeaderBytes = 5;
constexpr std::size_t kIndexContentsBytes = 6 * 8 + 4;
constexpr std::size_t kSeriesAlignment = 16;
// More labels of one series are taken for damage.
constexpr std::uint64_t kLabelsMax = 1U << 16U;

struct ChunkMeta {
  TimeRange range;
  ChunkRef ref = 0;
};

// Immutable; threads may share it.
class IndexReader {
 public:
  // Reads the tables of symbols and of postings once, all checksums included,
  // and keeps four bytes for each entry.  `path` is for messages; the file is
  // borrowed.
  static Result<IndexReader> open(const std::string& path, Bytes file);

  // Ids of the series that all matchers accept, ascending.
  [[nodiscard]] Result<std::vector<SeriesId>> select(
      const Matchers& matchers) const;
  [[nodiscard]] Result<Labels> labels(SeriesId series) const;
  // Chunks that overlap the range are appended, in the order of the file.
  Status chunks(SeriesId series, TimeRange range,
                std::vector<ChunkMeta>& into) const;

  // Sorted.
  [[nodiscard]] std::vector<std::string> label_names() const;
  [[nodiscard]] std::vector<std::string> label_values(
      std::string_view name) const;

 private:
  // One name of the table of postings; its values ascend.
  struct Name {
    std::string_view name;
    std::vector<std::uint32_t> entries;  // offsets in postings_table_
  };
  struct Entry {
    std::string_view name;
    std::string_view value;
    std::uint64_t offset = 0;  // of the postings in the file
  };

  IndexReader(std::string path, Bytes file)
      : path_(std::move(path)), file_(file) {}
  [[nodiscard]] std::unexpected<Error> bad(std::string_view what,
                                           std::uint64_t at) const;
  // The content of the section at `offset`: a length, so many bytes, and their
  // checksum.
  [[nodiscard]] Result<Bytes> section(std::uint64_t offset) const;
  Status read_symbols(std::uint64_t offset);
  Status read_postings_table(std::uint64_t offset);
  [[nodiscard]] Entry entry(std::uint32_t at) const;
  [[nodiscard]] Result<std::string_view> symbol(std::uint64_t ref) const;
  [[nodiscard]] const Name* find_name(std::string_view name) const;
  [[nodiscard]] Result<ByteReader> series(SeriesId series) const;

  Status add_postings(const Entry& entry, std::vector<SeriesId>& into) const;
  // Series whose value of the label makes `matcher` say `wanted`; those
  // without the label are not looked at.
  [[nodiscard]] Result<std::vector<SeriesId>> with_value(const Matcher& matcher,
                                                         bool wanted) const;

  std::string path_;
  Bytes file_;
  unsigned version_ = 0;
  Bytes symbols_;  // section content, behind its count
  std::vector<std::uint32_t> symbol_at_;
  Bytes postings_table_;
  std::vector<Name> names_;
};

}  // namespace prom::tsdb
