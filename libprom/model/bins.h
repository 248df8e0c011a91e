// Bins: what the floats of a series amount to, stretch by stretch of time.
// Blocks keep them beside samples, for windows of 5 minutes and of an hour,
// and longer than those; the engine answers functions of long ranges from them.
//
// A window of length R is (k * R, (k + 1) * R] since 1970, open to the left as
// ranges of PromQL are, so a range that begins and ends at multiples of R is
// made of whole windows.  A bin holds what a series has in one window; a window
// without samples has no bin.  Where blocks were joined within a window it may
// have several bins, one after the other in time.
//
// Stale markers are in no bin.  Native histograms have none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libprom/base/duration.h"

namespace prom {

// What is kept of statistics, the finest first.
constexpr std::array<std::int64_t, 2> kResolutionsMs = {5 * kMinuteMs, kHourMs};
constexpr std::size_t kResolutions = kResolutionsMs.size();

// The end of the window that a time is in; the time itself where there is no
// such int64.
std::int64_t window_end_ms(std::int64_t t_ms, std::int64_t resolution_ms);

// What a query may be answered from.
enum class Resolution : std::uint8_t {
  // Samples, and bins where samples are gone or the answer is the same.
  kAuto,
  kSamples,
  // Bins, where there are some, in the place of samples.
  kFiveMinutes,
  kHours,
};

// What there is to say besides when and how many.  To be combined.
enum BinColumn : unsigned {
  kBinEnds = 1,      // first, last
  kBinExtremes = 2,  // min, max
  kBinSums = 4,      // sum
  kBinTaken = 8,     // taken
};
constexpr unsigned kBinAll = kBinEnds | kBinExtremes | kBinSums | kBinTaken;

// One of them, or the neutral element of add().
struct Bin {
  std::int64_t first_ms = 0;  // of its first and last sample
  std::int64_t last_ms = 0;
  std::uint64_t count = 0;  // of samples, NaNs among them
  double first = 0;
  double last = 0;
  // Of what is not NaN, the first of several; NaN when all are.
  double min = 0;
  double max = 0;
  // Compensated, rounded once.
  double sum = 0;
  // What resets took away: the values before each sample that is below the
  // one before it, added up in their order.  0 when there was none, -0 when
  // there was one and they add up to nothing.  last - first + taken is the
  // increase of a counter.
  double taken = 0;

  // Appends what follows in time.
  void add(const Bin& next);
  static Bin of(std::int64_t t_ms, double value);
};

// Many of one series, ascending and apart in time.  Columns that were not
// asked for are empty.
struct Bins {
  std::vector<std::int64_t> first_ms;
  std::vector<std::int64_t> last_ms;
  std::vector<double> count;
  std::vector<double> first;
  std::vector<double> last;
  std::vector<double> min;
  std::vector<double> max;
  std::vector<double> sum;
  std::vector<double> taken;
  // Empty, or for each bin: 0, or the length of the window that it stands for
  // when its samples are not to be had.
  std::vector<std::int64_t> resolution_ms;

  [[nodiscard]] std::size_t size() const { return last_ms.size(); }
  [[nodiscard]] bool empty() const { return last_ms.empty(); }
  [[nodiscard]] std::int64_t resolution(std::size_t at) const {
    return resolution_ms.empty() ? 0 : resolution_ms[at];
  }
  void clear() { resize(0); }
  // Forgets all bins from this one on.
  void resize(std::size_t size);
  // Without those from `from` on of which `gone` is set.  REQUIRES: a flag for
  // each of them.
  void erase(std::size_t from, const std::vector<bool>& gone);
  // `columns` are those that are kept.
  void push(const Bin& bin, unsigned columns);
  // REQUIRES: all columns.
  [[nodiscard]] Bin at(std::size_t i) const;
};

// What is asked of the bins of a series: ranges (end - range, end], and how
// they may be answered.
struct BinRequest {
  std::span<const std::int64_t> ends_ms;  // ascending, at least one
  std::int64_t range_ms = 0;
  unsigned columns = 0;  // BinColumn
  // Bins of this length may stand for samples where they are as good: no range
  // cuts them, and they have what is asked for to the last bit (sums: of
  // nothing negative).  0: none.
  std::int64_t resolution_ms = 0;
  Resolution use = Resolution::kAuto;
};

// Where bins are in the samples of a series.
struct BinLayout {
  std::vector<std::uint32_t> end;  // index behind the last sample of each
  std::vector<std::int64_t> first_ms;
  std::vector<std::int64_t> last_ms;

  [[nodiscard]] std::size_t size() const { return end.size(); }
  // REQUIRES: ascending times.
  static BinLayout of(std::span<const std::int64_t> t_ms,
                      std::int64_t resolution_ms);
};

// Appends the bins of these values, all columns.  REQUIRES: as many values as
// the layout ends with, no stale markers among them.
void make_bins(std::span<const double> values, const BinLayout& layout,
               Bins& into);

// Appends bins that are made of shorter ones.  REQUIRES: all columns.
void join_bins(const Bins& bins, std::int64_t resolution_ms, Bins& into);

}  // namespace prom
