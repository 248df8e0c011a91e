// One block of a Prometheus server: a directory with meta.json, index, chunks/
// and perhaps tombstones, written once and only ever deleted.  Thanos' and
// promtool's blocks are the same.  Opened by DataDirectory, or alone.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/samples.h"
#include "libprom/tsdb/meta.h"
#include "libprom/tsdb/tombstones.h"

namespace prom::tsdb {

class IndexReader;
// Identifies a series within its block; ascending in the order of labels.
using SeriesId = std::uint32_t;

// Threads may share it.
class Block {
 public:
  // Reads meta.json and tombstones and maps the other files, so that the block
  // stays readable when it is deleted; the index is looked into on first use.
  // kMissing when a file is not there (any more), kCorrupt when one is wrong,
  // kConfig for versions that are not known here.
  static Result<std::shared_ptr<const Block>> open(const std::string& path);
  ~Block();

  [[nodiscard]] const BlockMeta& meta() const;
  [[nodiscard]] const std::string& path() const;

  // Series that all matchers accept, ascending.
  [[nodiscard]] Result<std::vector<SeriesId>> select(
      const Matchers& matchers) const;
  [[nodiscard]] Result<Labels> labels(SeriesId series) const;
  // Of all series; sorted.
  [[nodiscard]] Result<std::vector<std::string>> label_names() const;
  [[nodiscard]] Result<std::vector<std::string>> label_values(
      std::string_view name) const;

  // Appends the samples within the range, in the order of the chunks, those
  // left out that were deleted.  A chunk that cannot be read is told in
  // `damage`; nothing of it is appended.
  void read(SeriesId series, TimeRange range, Samples& into,
            std::vector<Error>& damage) const;

 private:
  Block();
  Result<const IndexReader*> index() const;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace prom::tsdb
