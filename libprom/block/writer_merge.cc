// Series that are put together from blocks.  Frames of values are copied as
// they are; the times, which many series share, are decoded once for each
// combination of slices and remembered.  Only a series from which something is
// dropped is decoded and encoded again.
#include <algorithm>
#include <bit>
#include <optional>

#include "libprom/block/block_internal.h"
#include "libprom/block/writer_internal.h"

namespace prom::block {
namespace {

// Combinations of slices that are remembered.
constexpr std::size_t kMergedMax = 1U << 17U;

bool covers(std::span<const Writer::TimeRange> ranges, std::int64_t t_ms) {
  return std::ranges::any_of(ranges, [&](const Writer::TimeRange& range) {
    return t_ms >= range.min_ms && t_ms <= range.max_ms;
  });
}

// Something of the blocks may be in the ranges.
bool touches(std::span<const Writer::TimeRange> ranges,
             std::span<const BlockPart> parts) {
  return std::ranges::any_of(parts, [&](const BlockPart& part) {
    const BlockInfo& info = part.block->info();
    return std::ranges::any_of(ranges, [&](const Writer::TimeRange& range) {
      return range.min_ms <= info.max_ms && range.max_ms >= info.min_ms;
    });
  });
}

Result<std::vector<MergePart>> open_parts(std::span<const BlockPart> parts,
                                          bool with_bins) {
  std::vector<MergePart> opened;
  opened.reserve(parts.size());
  for (const BlockPart& part : parts) {
    const Block::State& state = part.block->state();
    const auto floats = state.floats.part(part.series);
    if (!floats) return fail(floats.error());
    const auto histograms = state.histograms.part(part.series);
    if (!histograms) return fail(histograms.error());
    opened.push_back(
        {part.block, part.series, floats->part, histograms->part, {}});
    for (std::size_t i = 0; with_bins && i < kResolutions; ++i) {
      auto bins = state.bins[i].part(part.series);
      if (!bins) return fail(std::move(bins).error());
      opened.back().bins[i] = *bins;
    }
  }
  return opened;
}

void widen(std::optional<Writer::TimeRange>& range,
           std::span<const std::int64_t> t_ms) {
  if (t_ms.empty()) return;
  if (!range) range = {.min_ms = t_ms.front(), .max_ms = t_ms.back()};
  range->min_ms = std::min(range->min_ms, t_ms.front());
  range->max_ms = std::max(range->max_ms, t_ms.back());
}

// Pages of the blocks that the disk could not read so far.
std::vector<std::optional<std::uint64_t>> lost_pages(
    std::span<const BlockPart> parts) {
  std::vector<std::optional<std::uint64_t>> lost;
  lost.reserve(parts.size());
  for (const BlockPart& part : parts)
    lost.push_back(part.block->state().file->lost_page());
  return lost;
}

// Removes the samples that the ranges cover.
void drop_samples(Samples& samples, std::span<const Writer::TimeRange> drop) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.t_ms.size(); ++i) {
    if (covers(drop, samples.t_ms[i])) continue;
    samples.t_ms[kept] = samples.t_ms[i];
    samples.value[kept] = samples.value[i];
    if (!samples.histogram.empty())
      samples.histogram[kept] = samples.histogram[i];
    if (!samples.start_ms.empty()) samples.start_ms[kept] = samples.start_ms[i];
    ++kept;
  }
  samples.t_ms.resize(kept);
  samples.value.resize(kept);
  if (!samples.histogram.empty()) samples.histogram.resize(kept);
  if (!samples.start_ms.empty()) samples.start_ms.resize(kept);
}

}  // namespace

void append_key(std::string& key, const TimeSlice& slice) {
  append_le(key, slice.column);
  append_le(key, slice.first);
  append_le(key, slice.count);
}

Status append_times(const SampleParts& parts, const TimeSlice& slice,
                    std::vector<std::int64_t>& into) {
  if (slice.column == 0) return {};
  const auto column = parts.times(slice.column);
  if (!column) return fail(column.error());
  const std::size_t before = into.size();
  into.resize(before + slice.count);
  return column->decode(slice.first, slice.count, into.data() + before);
}

Status Writer::State::merge(const Labels& next,
                            std::span<const BlockPart> parts,
                            std::span<const TimeRange> drop) {
  last_was_written = false;
  if (touches(drop, parts)) return merge_decoded(next, parts, drop);
  if (Status status = check_order(next); !status) return status;
  const auto lost_before = lost_pages(parts);
  const auto series = merge_columns(parts);
  if (!series) return fail(series.error());
  // A page that was lost meanwhile has been read as zeros.
  const auto lost = lost_pages(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (lost[i] != lost_before[i])
      return fail(parts[i].block->state().file->unreadable(*lost[i]));
  }
  return add_series(next, *series);
}

Result<SeriesParts> Writer::State::merge_columns(
    std::span<const BlockPart> parts) {
  const auto opened = open_parts(parts, options.statistics);
  if (!opened) return fail(opened.error());
  const auto slices = merge_times(*opened);
  if (!slices) return fail(slices.error());
  SeriesParts series;
  series.min_ms = slices->min_ms;
  series.max_ms = slices->max_ms;
  series.floats.times = slices->floats;
  series.histograms.times = slices->histograms;
  if (slices->floats.count > 0) {
    const auto values = merge_values(*opened);
    if (!values) return fail(values.error());
    series.floats.values = *values;
    const auto starts = merge_starts(*opened, false);
    if (!starts) return fail(starts.error());
    series.floats.starts = *starts;
  }
  if (slices->histograms.count > 0) {
    const auto values = merge_histograms(*opened);
    if (!values) return fail(values.error());
    series.histograms.values = *values;
    const auto starts = merge_starts(*opened, true);
    if (!starts) return fail(starts.error());
    series.histograms.starts = *starts;
  } else if (options.statistics) {
    Status status = merge_bins(*opened, series);
    if (!status) return fail(std::move(status).error());
  }
  return series;
}

Status Writer::State::merge_decoded(const Labels& next,
                                    std::span<const BlockPart> parts,
                                    std::span<const TimeRange> drop) {
  Samples samples;
  for (const BlockPart& part : parts) {
    if (Status status =
            part.block->read(part.series, INT64_MIN, INT64_MAX, samples);
        !status)
      return status;
  }
  drop_samples(samples, drop);
  if (samples.t_ms.empty()) return {};
  samples.end_series();
  return add(next, samples.of(0), nullptr);
}

Result<MergedTimes> Writer::State::merge_times(
    std::span<const MergePart> parts) {
  std::string key;
  for (const MergePart& part : parts) {
    append_le(key, std::bit_cast<std::uintptr_t>(part.block));
    append_key(key, part.floats.times);
    append_key(key, part.histograms.times);
  }
  if (const auto known = merged.find(key); known != merged.end())
    return known->second;
  auto slices = place_merged_times(parts);
  if (!slices) return slices;
  if (merged.size() == kMergedMax) merged.clear();
  merged.emplace(std::move(key), *slices);
  return slices;
}

Result<MergedTimes> Writer::State::place_merged_times(
    std::span<const MergePart> parts) {
  std::vector<std::int64_t> float_ms;
  std::vector<std::int64_t> histogram_ms;
  std::optional<TimeRange> all;
  for (const MergePart& part : parts) {
    const Block::State& state = part.block->state();
    const std::size_t floats_before = float_ms.size();
    const std::size_t histograms_before = histogram_ms.size();
    Status status = append_times(state.floats, part.floats.times, float_ms);
    if (status)
      status =
          append_times(state.histograms, part.histograms.times, histogram_ms);
    if (!status) return fail(std::move(status).error().in(part.block->path()));
    std::optional<TimeRange> own;
    widen(own, std::span(float_ms).subspan(floats_before));
    widen(own, std::span(histogram_ms).subspan(histograms_before));
    if (!own)
      return fail(Code::kCorrupt,
                  part.block->path() + ": a series without samples");
    if (all && own->min_ms <= all->max_ms)
      return fail(Code::kBadData,
                  "blocks to merge overlap in time at " + part.block->path());
    all = {.min_ms = all ? all->min_ms : own->min_ms, .max_ms = own->max_ms};
  }
  if (!all) return fail(Code::kInternal, "a merge of nothing");
  MergedTimes slices{.floats = {},
                     .histograms = {},
                     .min_ms = all->min_ms,
                     .max_ms = all->max_ms};
  if (!float_ms.empty()) {
    const auto placed = times.place(float_ms, *output);
    if (!placed) return fail(placed.error());
    slices.floats = *placed;
  }
  if (!histogram_ms.empty()) {
    const auto placed = times.place(histogram_ms, *output);
    if (!placed) return fail(placed.error());
    slices.histograms = *placed;
  }
  return slices;
}

Result<std::uint64_t> Writer::State::merge_values(
    std::span<const MergePart> parts) {
  std::vector<chunk::ValueColumn> found;
  found.reserve(parts.size());
  for (const MergePart& part : parts) {
    if (part.floats.times.count == 0) continue;
    auto column = part.block->state().floats.values(part.floats);
    if (!column) return fail(std::move(column).error());
    found.push_back(*column);
  }
  if (found.size() == 1)
    return columns.place(as_text(found.front().bytes()), *output);
  encoded.clear();
  if (Status status = encoder.concatenate(found, encoded); !status)
    return fail(
        std::move(status).error().in(parts.front().block->path() + " …"));
  return columns.place(encoded, *output);
}

Result<std::uint64_t> Writer::State::merge_histograms(
    std::span<const MergePart> parts) {
  std::deque<FloatHistogram> decoded;
  for (const MergePart& part : parts) {
    const std::size_t count = part.histograms.times.count;
    if (count == 0) continue;
    const auto column =
        part.block->state().histograms.histograms(part.histograms);
    if (!column) return fail(column.error());
    const std::size_t before = decoded.size();
    Status status = column->decode(0, count, decoded);
    if (status && decoded.size() != before + count)
      status = fail(Code::kCorrupt, "short column of histograms");
    if (!status) return fail(std::move(status).error().in(part.block->path()));
  }
  std::vector<const FloatHistogram*> pointers;
  pointers.reserve(decoded.size());
  for (const FloatHistogram& one : decoded) pointers.push_back(&one);
  encoded.clear();
  chunk::encode_histograms(pointers, encoder, encoded);
  return columns.place(encoded, *output);
}

Result<std::uint64_t> Writer::State::merge_starts(
    std::span<const MergePart> parts, bool of_histograms) {
  const auto part_of = [&](const MergePart& part) -> const SamplePart& {
    return of_histograms ? part.histograms : part.floats;
  };
  if (std::ranges::all_of(parts, [&](const MergePart& part) {
        return part_of(part).starts == 0;
      }))
    return 0;
  std::vector<std::int64_t> start_ms;
  for (const MergePart& part : parts) {
    const SamplePart& own = part_of(part);
    const std::size_t count = own.times.count;
    if (own.starts == 0) {
      start_ms.resize(start_ms.size() + count);
      continue;
    }
    const auto found = part.block->state().floats.start_ms(own, 0, count);
    if (!found) return fail(found.error());
    start_ms.insert(start_ms.end(), found->begin(), found->end());
  }
  return place_starts(start_ms);
}

}  // namespace prom::block
