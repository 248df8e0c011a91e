// Where the engine reads from: stores, pipes, files, remote servers and
// Prometheus data directories all look like this.
//
// A Source hands out Selections; a Selection is a snapshot of the series that
// match, in ascending order of their labels, and reads their samples in
// batches.  The engine may read disjoint batches of one Selection from several
// threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/model/bins.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/samples.h"

namespace prom::query {

// Owns the memory behind SeriesSamples; reused from batch to batch by one
// thread.
class SampleBatch {
 public:
  virtual ~SampleBatch() = default;
  // One per series of the batch.
  std::vector<SeriesSamples> series;
  // Empty, or for each series how long the windows are at most of which only
  // statistics are kept, and of which the last value stands among its samples;
  // 0 where samples are samples.
  std::vector<std::int64_t> coarsest_ms;
};

// The values of one label across a selection: `values[ids[i]]` is the value of
// series i; values[0] is the empty value.  Grouping works on ids, not on
// strings.
struct LabelColumn {
  std::vector<std::uint32_t> ids;
  std::vector<std::string> values;
};

class Selection {
 public:
  virtual ~Selection() = default;

  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual Labels labels(std::size_t series) const = 0;
  // The default walks labels(); a columnar store does better.
  [[nodiscard]] virtual LabelColumn column(std::string_view name) const;

  [[nodiscard]] virtual std::unique_ptr<SampleBatch> new_batch() const = 0;
  // Reads the samples of series [first, first + count) within the times that
  // the selection was made for, inclusive at both ends.  More may be returned.
  virtual Status read(std::size_t first, std::size_t count,
                      SampleBatch& into) const = 0;

  // The bins of one series (model/bins.h); clears `into` before.  False: only
  // its samples can tell.  REQUIRES: ranges within the times that the selection
  // was made for.
  [[nodiscard]] virtual Result<bool> read_bins(std::size_t /*series*/,
                                               const BinRequest& /*request*/,
                                               Bins& /*into*/) const {
    return false;
  }

  // What the answer lacks although it is given: a damaged block, a remote side
  // that answered in part.  Shown with the result.
  [[nodiscard]] virtual std::vector<std::string> warnings() const { return {}; }
};

struct SelectRange {
  std::int64_t min_ms = 0;  // inclusive
  std::int64_t max_ms = 0;  // inclusive
  // Where the source keeps statistics.
  Resolution use = Resolution::kAuto;
};

// What an exposition says about a metric family; empty where it says nothing.
struct FamilyDescription {
  std::string family;
  std::string type;  // the word of OpenMetrics: "counter"
  std::string help;
  std::string unit;
};

class Source {
 public:
  virtual ~Source() = default;

  // Series that have a sample in the range, or may have one.
  virtual Result<std::unique_ptr<Selection>> select(
      const Matchers& matchers, const SelectRange& range) const = 0;

  // How long the windows are at most whose statistics may stand for samples
  // when a selection is made with `use`; 0 for none.
  [[nodiscard]] virtual std::int64_t coarsest_ms(Resolution /*use*/) const {
    return 0;
  }

  // Sorted, at most `limit` of them.
  virtual Result<std::vector<std::string>> label_names(
      const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const = 0;
  virtual Result<std::vector<std::string>> label_values(
      std::string_view name, const Matchers& matchers, const SelectRange& range,
      std::size_t limit) const = 0;

  // Ascending by family; nothing where nothing is known.
  virtual Result<std::vector<FamilyDescription>> metadata() const {
    return std::vector<FamilyDescription>();
  }
};

}  // namespace prom::query
