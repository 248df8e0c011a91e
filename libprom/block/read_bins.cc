// Reading bins: those that are stored, and those that samples make where bins
// would not be as good.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "libprom/block/block_internal.h"
#include "libprom/block/statistics.h"
#include "libprom/model/sample.h"

namespace prom::block {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t plus(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b < 0 ? -kNever : kNever;
  return sum;
}

// Where the ranges of a request begin and end.
class Ranges {
 public:
  explicit Ranges(const BinRequest& request)
      : ends_(request.ends_ms), range_ms_(request.range_ms) {}

  [[nodiscard]] std::int64_t min_ms() const {
    return plus(ends_.front(), 1 - range_ms_);
  }
  [[nodiscard]] std::int64_t max_ms() const { return ends_.back(); }

  // Some range has a part of what spans these times, but not all of it.
  [[nodiscard]] bool cut(std::int64_t first_ms, std::int64_t last_ms) const {
    return any_end_in(first_ms, last_ms) ||
           any_end_in(plus(first_ms, range_ms_), plus(last_ms, range_ms_));
  }
  // No range has any of it.
  [[nodiscard]] bool miss(std::int64_t first_ms, std::int64_t last_ms) const {
    return !any_end_in(first_ms, plus(last_ms, range_ms_));
  }

 private:
  // In [from, to).
  [[nodiscard]] bool any_end_in(std::int64_t from, std::int64_t to) const {
    const auto at = std::ranges::lower_bound(ends_, from);
    return at != ends_.end() && *at < to;
  }

  const std::span<const std::int64_t> ends_;
  const std::int64_t range_ms_;
};

// The floats of a series and its bins.
struct Levels {
  OpenPart floats;
  OpenPart histograms;
  std::array<OpenPart, kResolutions> bins;
  // The first time of each; bins before that of floats and of finer bins are
  // alone.
  std::int64_t floats_ms = kNever;
  std::array<std::int64_t, kResolutions> bins_ms{kNever, kNever};

  [[nodiscard]] bool has(std::size_t resolution) const {
    return bins[resolution].part.times.column != 0;
  }
  [[nodiscard]] std::int64_t alone_before_ms(std::size_t resolution) const {
    return resolution == 0 ? floats_ms : std::min(floats_ms, bins_ms[0]);
  }
};

Result<std::int64_t> first_time(const OpenPart& part) {
  std::int64_t t_ms = kNever;
  if (part.part.times.column == 0) return t_ms;
  const Status done = part.times.decode(part.part.times.first, 1, &t_ms);
  if (!done) return fail(done.error());
  return t_ms;
}

Result<Levels> open_levels(const Block::State& block, Ordinal series) {
  Levels levels;
  auto floats = block.floats.part(series);
  if (!floats) return fail(std::move(floats).error());
  levels.floats = *floats;
  auto histograms = block.histograms.part(series);
  if (!histograms) return fail(std::move(histograms).error());
  levels.histograms = *histograms;
  const auto first = first_time(levels.floats);
  if (!first) return fail(first.error());
  levels.floats_ms = *first;
  for (std::size_t i = 0; i < kResolutions; ++i) {
    auto bins = block.bins[i].part(series);
    if (!bins) return fail(std::move(bins).error());
    levels.bins[i] = *bins;
    // Its last time is in the window; windows of an hour do not end within
    // what finer bins have.
    const auto begin = first_time(levels.bins[i]);
    if (!begin) return fail(begin.error());
    levels.bins_ms[i] = *begin;
  }
  return levels;
}

// The bins of a part whose last samples are within times.
Status append_bins(const SampleParts& of, const OpenPart& part,
                   std::int64_t min_ms, std::int64_t max_ms, unsigned columns,
                   Bins& into) {
  const auto range = cut_part(part, min_ms, max_ms);
  if (!range) return fail(range.error());
  if (range->count == 0) return {};
  const auto opened = BinColumns::open(of, part, columns);
  if (!opened) return fail(opened.error());
  return opened->decode(range->first, range->count, into);
}

// Bins that stand for what there is no more, or nobody wants.
Status append_coarse(const Block::State& block, const Levels& levels,
                     std::size_t resolution, std::int64_t min_ms,
                     std::int64_t max_ms, unsigned columns, Bins& into) {
  if (!levels.has(resolution)) return {};
  const std::size_t before = into.size();
  into.resolution_ms.resize(before);
  Status done = append_bins(block.bins[resolution], levels.bins[resolution],
                            min_ms, max_ms, columns, into);
  if (into.size() == before && before == 0) into.resolution_ms.clear();
  into.resolution_ms.resize(into.empty() ? 0 : before);
  into.resolution_ms.resize(into.size(), kResolutionsMs[resolution]);
  return done;
}

// Of the floats between two times.
class FloatBins {
 public:
  FloatBins(const SampleParts& of, const OpenPart& part, const Ranges& ranges,
            unsigned columns, Bins& into)
      : of_(of), part_(part), ranges_(ranges), columns_(columns), into_(into) {}

  Status append(std::int64_t min_ms, std::int64_t max_ms) {
    const auto range = cut_part(part_, min_ms, max_ms);
    if (!range) return fail(range.error());
    if (range->count == 0) return {};
    t_ms_.resize(range->count);
    Status done = read_times(*range, t_ms_.data());
    if (!done) return done;
    const bool by_frames = (columns_ & (kBinExtremes | kBinSums)) == 0;
    return by_frames ? append_frames(*range) : append_samples(*range);
  }

 private:
  void push(std::int64_t t_ms, double value) {
    if (is_stale_nan(value) || ranges_.miss(t_ms, t_ms)) return;
    into_.push(Bin::of(t_ms, value), columns_);
  }

  Status append_samples(const Cut& range) {
    values_.resize(range.count);
    Status done = read_values(of_, range, values_.data());
    for (std::size_t i = 0; done && i < range.count; ++i)
      push(t_ms_[i], values_[i]);
    return done;
  }

  // A frame that no range cuts and in which nothing falls needs no unpacking.
  Status append_frames(const Cut& range) {
    const auto column = of_.values(range.part);
    if (!column) return fail(column.error());
    const std::size_t end = range.first + range.count;
    for (std::size_t at = range.first; at < end;) {
      const auto frame = column->frame(column->frame_of(at));
      if (!frame) return fail(frame.error());
      const std::size_t frame_end = frame->first + frame->count;
      if (frame_end <= at || frame->first > at)
        return fail(Code::kCorrupt, "value column: frames overlap");
      const std::size_t stop = std::min(frame_end, end);
      const std::int64_t first_ms = t_ms_[at - range.first];
      const std::int64_t last_ms = t_ms_[stop - 1 - range.first];
      const bool whole = at == frame->first && stop == frame_end;
      if (ranges_.miss(first_ms, last_ms)) {
        at = stop;
        continue;
      }
      if (whole && frame->no_reset && !ranges_.cut(first_ms, last_ms)) {
        into_.push({.first_ms = first_ms,
                    .last_ms = last_ms,
                    .count = frame->count,
                    .first = frame->first_value,
                    .last = frame->last_value},
                   columns_);
      } else {
        bits_.resize(stop - at);
        const Status done = column->decode(at, stop - at, bits_.data());
        if (!done) return done;
        for (std::size_t i = at; i < stop; ++i)
          push(t_ms_[i - range.first], std::bit_cast<double>(bits_[i - at]));
      }
      at = stop;
    }
    return {};
  }

  const SampleParts& of_;
  const OpenPart& part_;
  const Ranges& ranges_;
  const unsigned columns_;
  Bins& into_;
  std::vector<std::int64_t> t_ms_;
  std::vector<double> values_;
  std::vector<std::uint64_t> bits_;
};

// Whether bins say what samples would, but for those with resets.
bool as_good(std::uint8_t flags, unsigned columns) {
  return ((columns & kBinSums) == 0 || (flags & kNotNegative) != 0) &&
         ((columns & kBinTaken) == 0 || (flags & kTakenUnknown) == 0);
}

bool has_resets(double taken) {
  return taken != 0 || std::signbit(taken);
}

void push_from(const Bins& from, std::size_t at, unsigned columns, Bins& into) {
  Bin bin{.first_ms = from.first_ms[at],
          .last_ms = from.last_ms[at],
          .count = static_cast<std::uint64_t>(from.count[at])};
  if ((columns & kBinEnds) != 0) {
    bin.first = from.first[at];
    bin.last = from.last[at];
  }
  if ((columns & kBinExtremes) != 0) {
    bin.min = from.min[at];
    bin.max = from.max[at];
  }
  if ((columns & kBinSums) != 0) bin.sum = from.sum[at];
  if ((columns & kBinTaken) != 0) bin.taken = from.taken[at];
  into.push(bin, columns);
}

// What there are samples of, from bins as far as they are as good.
Status append_exact(const Block::State& block, const Levels& levels,
                    std::size_t resolution, const Ranges& ranges,
                    unsigned columns, Bins& into) {
  FloatBins floats(block.floats, levels.floats, ranges, columns, into);
  const std::int64_t min_ms = ranges.min_ms();
  const std::int64_t max_ms = ranges.max_ms();
  if (levels.floats.part.times.column == 0) return {};
  if (resolution == kResolutions || !levels.has(resolution))
    return floats.append(min_ms, max_ms);
  const auto opened = BinColumns::open(block.bins[resolution],
                                       levels.bins[resolution], columns);
  if (!opened) return fail(opened.error());
  if (!as_good(opened->flags(), columns)) return floats.append(min_ms, max_ms);
  const auto range =
      cut_part(levels.bins[resolution], std::max(min_ms, levels.floats_ms),
               plus(max_ms, kResolutionsMs[resolution]));
  if (!range) return fail(range.error());
  Bins bins;
  Status done = opened->decode(range->first, range->count, bins);
  constexpr auto kNone = std::numeric_limits<std::size_t>::max();
  std::size_t gap = kNone;  // the first bin that samples stand for
  const auto fill = [&](std::size_t end) -> Status {
    const std::size_t begin = std::exchange(gap, kNone);
    if (begin == kNone) return {};
    return floats.append(std::max(min_ms, bins.first_ms[begin]),
                         std::min(max_ms, bins.last_ms[end - 1]));
  };
  for (std::size_t i = 0; done && i < bins.size(); ++i) {
    const std::int64_t first_ms = bins.first_ms[i];
    const std::int64_t last_ms = bins.last_ms[i];
    const bool wanted = !ranges.miss(first_ms, last_ms);
    const bool usable =
        wanted && !ranges.cut(first_ms, last_ms) &&
        ((columns & kBinTaken) == 0 || !has_resets(bins.taken[i]));
    if (wanted && !usable) {
      if (gap == kNone) gap = i;
      continue;
    }
    done = fill(i);
    if (done && usable) push_from(bins, i, columns, into);
  }
  return done ? fill(bins.size()) : done;
}

std::size_t index_of(Resolution use) {
  return use == Resolution::kFiveMinutes ? 0 : 1;
}

std::size_t index_of(std::int64_t resolution_ms) {
  return static_cast<std::size_t>(
      std::ranges::find(kResolutionsMs, resolution_ms) -
      kResolutionsMs.begin());
}

bool wants_bins(Resolution use) {
  return use == Resolution::kFiveMinutes || use == Resolution::kHours;
}

// Appends what stands for times without samples, coarse before fine, and tells
// whether it stands for samples too.
Result<bool> append_alone(const Block::State& block, const Levels& levels,
                          Resolution use, std::int64_t min_ms,
                          std::int64_t max_ms, unsigned columns, Bins& into) {
  if (use == Resolution::kSamples) return false;
  bool for_samples = false;
  for (std::size_t i = kResolutions; i-- > 0;) {
    std::int64_t before_ms = levels.alone_before_ms(i);
    if (wants_bins(use) && levels.has(i) && i == index_of(use)) {
      before_ms = kNever;
      for_samples = true;
    }
    if (before_ms == std::numeric_limits<std::int64_t>::min()) continue;
    Status done = append_coarse(block, levels, i, min_ms,
                                std::min(max_ms, before_ms - 1), columns, into);
    if (!done) return fail(std::move(done).error());
    if (for_samples) break;
  }
  return for_samples;
}

Error placed(const Block::State& block, Ordinal series, Error error) {
  return error.message.starts_with(block.file->path())
             ? std::move(error)
             : std::move(error).in(block.file->path() +
                                   ": statistics of series " +
                                   std::to_string(series));
}

}  // namespace

Result<bool> read_bins(const Block::State& block, Ordinal series,
                       const BinRequest& request, Bins& into) {
  const Ranges ranges(request);
  const auto levels = open_levels(block, series);
  if (!levels) return fail(placed(block, series, levels.error()));
  const auto histograms =
      cut_part(levels->histograms, ranges.min_ms(), ranges.max_ms());
  if (!histograms) return fail(placed(block, series, histograms.error()));
  if (histograms->count > 0) return false;
  // A range is as long as the window of a bin at least.
  const std::int64_t min_ms =
      std::min(ranges.min_ms(),
               plus(request.ends_ms.front(), 1 - kResolutionsMs.back()));
  const auto all = append_alone(block, *levels, request.use, min_ms,
                                ranges.max_ms(), request.columns, into);
  if (!all) return fail(placed(block, series, all.error()));
  if (*all) return true;
  const std::size_t resolution = request.use == Resolution::kSamples
                                     ? kResolutions
                                     : index_of(request.resolution_ms);
  Status done =
      append_exact(block, *levels, resolution, ranges, request.columns, into);
  if (!done) return fail(placed(block, series, std::move(done).error()));
  return true;
}

Status read_points(const Block::State& block, Ordinal series,
                   std::int64_t min_ms, std::int64_t max_ms, Resolution use,
                   Samples& into, std::int64_t& coarsest_ms) {
  if (use == Resolution::kSamples ||
      (use == Resolution::kAuto && !block.info.bins_alone))
    return read_samples(block, series, min_ms, max_ms, into);
  const auto levels = open_levels(block, series);
  if (!levels) return fail(placed(block, series, levels.error()));
  Bins bins;
  const auto all =
      append_alone(block, *levels, use, min_ms, max_ms, kBinEnds, bins);
  if (!all) return fail(placed(block, series, all.error()));
  for (std::size_t i = 0; i < bins.size(); ++i) {
    into.push(bins.last_ms[i], bins.last[i]);
    coarsest_ms = std::max(coarsest_ms, bins.resolution(i));
  }
  if (*all && levels->histograms.part.times.column == 0) return {};
  return read_samples(block, series, min_ms, max_ms, into);
}

Result<Block::BinSet> read_all_bins(const Block::State& block, Ordinal series,
                                    std::size_t resolution) {
  Block::BinSet set;
  const auto levels = open_levels(block, series);
  if (!levels) return fail(placed(block, series, levels.error()));
  if (!levels->has(resolution)) return set;
  const OpenPart& part = levels->bins[resolution];
  const SampleParts& of = block.bins[resolution];
  const std::int64_t alone_ms = levels->floats_ms;
  Status done;
  if (alone_ms > std::numeric_limits<std::int64_t>::min())
    done = append_bins(of, part, std::numeric_limits<std::int64_t>::min(),
                       alone_ms - 1, kBinAll, set.alone);
  if (done && alone_ms < kNever)
    done = append_bins(of, part, alone_ms, kNever, kBinAll, set.beside);
  if (!done) return fail(placed(block, series, std::move(done).error()));
  return set;
}

Result<bool> has_bins_alone(const Block::State& block, Ordinal series) {
  if (!block.info.bins_alone) return false;
  const auto levels = open_levels(block, series);
  if (!levels) return fail(placed(block, series, levels.error()));
  const std::int64_t first_ms = std::ranges::min(levels->bins_ms);
  return first_ms < levels->floats_ms;
}

}  // namespace prom::block
