// Writes the index of a block, version 2, as upstream's newest writer does:
// symbols, series, postings, their table, contents; no label indices.
//
// The format wants all symbols, sorted, before the first series.  So what the
// index will say of a series waits in a file of its own, with numbers of label
// pairs instead of symbols, until the last series is known.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/os/file.h"
#include "libprom/tsdb/index_reader.h"
#include "libprom/tsdb/output_file.h"

namespace prom::tsdb {

// Series are addressed in units of 16 bytes by 32 bits.
constexpr std::uint64_t kIndexBytesMax = 16ULL << 32U;

// One thread.  After a failure nothing but the destructor may be called.
class IndexWriter {
 public:
  // `staging` is created for the time of writing; whoever owns its directory
  // removes it.
  static Result<IndexWriter> create(os::FileSystem& files,
                                    const std::string& staging);

  // REQUIRES: labels ascend from call to call; so do the chunks' references.
  Status add(const Labels& labels, const std::vector<ChunkMeta>& chunks);
  // Writes the index at `path`, and to the disk.
  Status finish(os::FileSystem& files, const std::string& path);

 private:
  struct Pair {
    std::uint32_t name = 0;
    std::uint32_t value = 0;
    std::uint32_t count = 0;  // of series
  };

  explicit IndexWriter(OutputFile staged) : staged_(std::move(staged)) {}
  std::uint32_t intern(std::string_view text);
  std::uint32_t pair_of(const LabelView& label);
  [[nodiscard]] std::string_view name(const Pair& pair) const {
    return symbols_[pair.name];
  }
  [[nodiscard]] std::string_view value(const Pair& pair) const {
    return symbols_[pair.value];
  }

  Status write_symbols(OutputFile& out);
  Status write_series(OutputFile& out);
  Status write_postings(OutputFile& out);
  Status write_table(OutputFile& out);

  OutputFile staged_;
  std::deque<std::string> symbols_;  // addresses stay
  std::unordered_map<std::string_view, std::uint32_t> symbol_ids_;
  std::vector<Pair> pairs_;
  std::unordered_map<std::uint64_t, std::uint32_t> pair_ids_;
  std::uint64_t series_ = 0;
  std::uint64_t pair_uses_ = 0;

  // While the index is written.
  std::vector<std::uint32_t> ordinals_;    // of symbols_, once sorted
  std::vector<std::uint32_t> pair_order_;  // by name and value
  std::vector<std::uint64_t> places_;      // of each pair, in postings_
  std::vector<SeriesId> postings_;         // of all pairs, by pair_order_
  std::vector<SeriesId> all_;
  std::vector<std::uint64_t> offsets_;  // of all_, then by pair_order_
};

}  // namespace prom::tsdb
