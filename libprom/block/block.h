// An immutable block: all samples of some series in some range of time, in one
// file, with its own label columns, dictionaries and checksums.  Readers map
// it; whoever has it open keeps it, whatever happens to its name.
// The format is specified in prom-block(5).
//
// Series are numbered from 0 in the ascending order of their labels.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"
#include "libprom/block/ulid.h"
#include "libprom/model/bins.h"
#include "libprom/model/labels.h"
#include "libprom/model/matcher.h"
#include "libprom/model/samples.h"

namespace prom::block {

using Ordinal = std::uint32_t;
constexpr std::uint32_t kSeriesMax = 64U << 20U;

struct BlockInfo {
  Ulid id;
  std::int64_t min_ms = 0;  // of the first and the last sample
  std::int64_t max_ms = 0;
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;  // of the file
  std::uint32_t level = 0;  // merges between the head and this block
  std::vector<Ulid> parents;
  // Some series have statistics of times of which it has no samples.
  bool bins_alone = false;
};

// Values of one label: values[ids[i]] belongs to the i-th series asked for;
// id 0 is the empty value.
struct LabelIds {
  std::vector<std::uint32_t> ids;
  std::vector<std::string> values;
};

struct Exemplar {
  Labels labels;
  double value = 0;
  std::int64_t t_ms = 0;
};

struct FamilyMetadata {
  std::string family;
  std::string type;
  std::string help;
  std::string unit;
};

// Immutable and thread-safe.  Pages are held to their checksums when they are
// first touched, so damage is met by whoever needs the damaged page only.
class Block {
 public:
  // Reads the header, the table of sections and the names of the labels.
  // kMissing, kCorrupt (with file and offset), kConfig for a version or a
  // feature not known here.
  static Result<std::shared_ptr<const Block>> open(const std::string& path);

  [[nodiscard]] const BlockInfo& info() const;
  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::uint32_t series_count() const;

  // Series that all matchers accept, ascending.
  [[nodiscard]] Result<std::vector<Ordinal>> select(
      const Matchers& matchers) const;
  // A damaged part of the labels is kCorrupt.
  [[nodiscard]] Result<Labels> labels(Ordinal series) const;
  [[nodiscard]] Result<LabelIds> column(std::string_view name,
                                        std::span<const Ordinal> series) const;
  // Labels::hash(), without reading the labels.  Two series may share it.
  [[nodiscard]] std::uint64_t labels_hash(Ordinal series) const;
  // Of the given series; sorted, at most `limit`.
  [[nodiscard]] Result<std::vector<std::string>> label_names(
      std::span<const Ordinal> series, std::size_t limit) const;
  [[nodiscard]] Result<std::vector<std::string>> label_values(
      std::string_view name, std::span<const Ordinal> series,
      std::size_t limit) const;

  // Appends the samples of `series` in [min_ms, max_ms], without end_series().
  // kCorrupt (file, offset) when a page under them fails its checksum; `into`
  // is then as before.
  Status read(Ordinal series, std::int64_t min_ms, std::int64_t max_ms,
              Samples& into) const;
  // The same, and where only bins are left, the last value of each.  What is
  // asked for other than samples takes their place where there are such bins.
  // `coarsest_ms` becomes the longest window of which something was appended,
  // unless it is longer.
  Status read_points(Ordinal series, std::int64_t min_ms, std::int64_t max_ms,
                     Resolution use, Samples& into,
                     std::int64_t& coarsest_ms) const;
  // Appends bins, each of which is in a range as a whole or not at all; samples
  // are bins of one, those of stale markers left out.  Bins whose samples are
  // not to be had are as long as they are, and say so.  False, and nothing is
  // appended, when the series has native histograms.
  Result<bool> read_bins(Ordinal series, const BinRequest& request,
                         Bins& into) const;
  // All bins of a resolution that the block has of the series, with all
  // columns: those of times without samples, and the others.
  struct BinSet {
    Bins alone;
    Bins beside;
  };
  [[nodiscard]] Result<BinSet> bins(Ordinal series,
                                    std::size_t resolution) const;
  // How many it has of each.
  struct Counts {
    std::uint64_t floats = 0;
    std::uint64_t histograms = 0;
    std::array<std::uint64_t, kResolutions> bins{};
  };
  [[nodiscard]] Result<Counts> counts(Ordinal series) const;
  // There are bins of which it has no samples.
  [[nodiscard]] Result<bool> has_bins_alone(Ordinal series) const;

  [[nodiscard]] Result<std::vector<Exemplar>> exemplars(Ordinal series) const;
  [[nodiscard]] Result<std::vector<FamilyMetadata>> metadata() const;

  // Every byte; each damage is reported with file and offset.
  void verify(const std::function<void(const Error&)>& on_damage) const;

  ~Block();
  // For this folder: block_internal.h.
  struct State;
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  explicit Block(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace prom::block
