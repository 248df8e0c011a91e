// Instant vectors at all steps of a query: what every operator of the engine
// gives and takes.  Internal to query/.
//
// A Stream is lazy: it knows its series, and computes their values when a
// batch of them is read, perhaps on several threads at once.  A Table has its
// values in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/labels.h"
#include "libprom/query/cells.h"
#include "libprom/query/context.h"
#include "libprom/query/source.h"

namespace prom::query {

// __name__, __type__, __unit__: what says what a value means, and is dropped
// when an operation changes that.
bool is_metadata_label(std::string_view name);
Labels without_metadata(const Labels& labels);

class Stream {
 public:
  Stream(std::size_t size, std::size_t steps) : size_(size), steps_(steps) {}
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }

  [[nodiscard]] virtual Labels labels(std::size_t series) const = 0;
  // The metadata labels are to be dropped at the end of the query; only with
  // delayed name removal.
  [[nodiscard]] virtual bool drops_name(std::size_t series) const = 0;
  // The default walks labels().
  [[nodiscard]] virtual LabelColumn column(std::string_view name) const;
  // False when no two series differ in their metadata labels alone.
  [[nodiscard]] virtual bool names_vary() const { return true; }

  // Computes series [first, first + count).  Sets up `into` itself.
  virtual Status read(std::size_t first, std::size_t count, Worker& worker,
                      Cells& into) const = 0;

 private:
  const std::size_t size_;
  const std::size_t steps_;
};
using StreamPtr = std::unique_ptr<Stream>;

// The rows of a Table while it is built.
struct Rows {
  std::vector<Labels> labels;
  std::vector<std::uint8_t> drops;  // one per row
  Cells cells;

  void add(Labels with, bool drop) {
    labels.push_back(std::move(with));
    drops.push_back(drop ? 1 : 0);
  }
};

class Table final : public Stream {
 public:
  // Counts the cells against the query's limits.
  static Result<std::unique_ptr<Table>> make(QueryContext& query, Rows rows,
                                             std::size_t steps);

  [[nodiscard]] Labels labels(std::size_t series) const override {
    return rows_.labels[series];
  }
  [[nodiscard]] const Labels& labels_at(std::size_t series) const {
    return rows_.labels[series];
  }
  [[nodiscard]] bool drops_name(std::size_t series) const override {
    return rows_.drops[series] != 0;
  }
  [[nodiscard]] const Cells& cells() const { return rows_.cells; }
  // What is left behind is not to be used.
  [[nodiscard]] Rows take() && { return std::move(rows_); }

  Status read(std::size_t first, std::size_t count, Worker& worker,
              Cells& into) const override;

 private:
  Table(Rows rows, std::size_t steps, Reservation reservation);
  Rows rows_;
  Reservation reservation_;
};
using TablePtr = std::unique_ptr<Table>;

// How many series are read at once: so many that their cells stay in the
// second-level cache.
std::size_t batch_rows(std::size_t steps);

// Reads all of a stream, in parts that may run on several threads.  Part p
// covers a contiguous range of series, and its batches arrive in order:
// body(part, first, cells, worker).  How series are cut into parts depends on
// the stream and `parts_max` only.
using BatchBody = std::function<Status(std::size_t part, std::size_t first,
                                       const Cells& cells, Worker& worker)>;
std::size_t part_count(const Stream& stream, std::size_t parts_max);
Status read_all(QueryContext& query, const Stream& stream, std::size_t parts,
                Annotations& annotations, const BatchBody& body);

// Evaluates a stream; series without any value are left out.
Result<TablePtr> materialize(QueryContext& query, StreamPtr stream,
                             Annotations& annotations);

// Joins rows of equal labels that have no step in common; fails with
// kExecution when they have, or, if `strict`, whenever labels are equal.
Status merge_same_labels(const QueryContext& query, Rows& rows, bool strict);

// A stream whose series are mapped one by one.  The body changes cells in
// place.
using MapBody = std::function<Status(Cells& cells, Worker& worker)>;
struct MapOptions {
  bool drop_name = true;
  // Of range functions: equal labels are an error even at different steps.
  bool strict = false;
};
Result<StreamPtr> map_stream(QueryContext& query, StreamPtr input,
                             const MapOptions& options, MapBody body,
                             Annotations& annotations);

}  // namespace prom::query
