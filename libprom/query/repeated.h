// Parts that an expression has more than once: rate(x[5m]) in
// rate(x[5m]) / on () sum(rate(x[5m])).  They are evaluated once, where they
// stand first; what they gave is kept for the others.  Internal to query/.
//
// Parts are the same when they print the same once the query's times are in
// them, and are asked for at the same steps.  What would take much memory to
// keep is evaluated again: streams are read in batches for that reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "libprom/promql/ast.h"
#include "libprom/query/stream.h"

namespace prom::query {

// The values of a stream that was read as a whole.
class KeptCells {
 public:
  // Series times steps that are kept at most.
  static constexpr std::size_t kCellsMax = std::size_t{1} << 24U;

  // Takes the stream; null, and the stream stays, when it is too much to keep.
  static Result<std::shared_ptr<const KeptCells>> read(
      QueryContext& query, StreamPtr& stream, Annotations& annotations);

  [[nodiscard]] const Stream& stream() const { return *stream_; }
  void append_row(std::size_t series, Cells& into) const;

 private:
  KeptCells() = default;
  StreamPtr stream_;  // knows labels
  std::vector<Cells> parts_;
  std::vector<std::size_t> begins_;  // the first series of each part
  Reservation reservation_;
};

StreamPtr stream_of(std::shared_ptr<const KeptCells> cells);

class Repeated {
 public:
  // Nodes that are looked at; an expression of more repeats itself unnoticed.
  static constexpr std::size_t kNodesMax = 1000;

  // `marks` tells apart what prints the same and means something else.
  using Mark = std::function<char(const promql::VectorSelector&)>;
  Repeated(const promql::Expr& root, const Mark& mark);

  struct Entry {
    bool is_known = false;  // else it is being evaluated for the first time
    std::shared_ptr<const KeptCells> cells;  // null: too large to keep
    Annotations annotations;
    TextRange where;
  };
  // Null for what is there once.
  Entry* find(const promql::Expr& node, const Steps& steps);

 private:
  std::map<const promql::Expr*, std::size_t> part_of_;
  // By part and steps.
  std::map<std::tuple<std::size_t, std::int64_t, std::int64_t, std::size_t,
                      std::int64_t>,
           Entry>
      entries_;
};

}  // namespace prom::query
