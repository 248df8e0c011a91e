// Bins of a block that is being written.  Where they begin and end depends on
// times alone, which many series share, and is worked out once for all of
// them.  In a merge, bins of the blocks are copied as frames are, where all of
// them have bins that are stored alike; else they are made of the samples.
#include <algorithm>
#include <bit>
#include <utility>

#include "libprom/block/block_internal.h"
#include "libprom/block/writer_internal.h"
#include "libprom/model/sample.h"

namespace prom::block {
namespace {

// Bins of all plans that are remembered, 20 bytes each.
constexpr std::size_t kPlannedBinsMax = 1U << 20U;
constexpr std::size_t kJoinedMax = 1U << 17U;

std::string key_of(const TimeSlice& slice) {
  std::string key;
  append_key(key, slice);
  return key;
}

bool any_stale(std::span<const double> values) {
  bool stale = false;
  for (const double value : values) stale |= is_stale_nan(value);
  return stale;
}

bool is_dense(std::size_t samples, std::size_t bins) {
  return bins > 0 && samples / bins >= kSamplesPerBin;
}

void append_all(Bins& into, const Bins& more) {
  for (std::size_t i = 0; i < more.size(); ++i) into.push(more.at(i), kBinAll);
}

// The samples of a series without stale markers.
struct Numbers {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
};

Numbers without_stale(std::span<const std::int64_t> t_ms,
                      std::span<const double> values) {
  Numbers kept;
  for (std::size_t i = 0; i < t_ms.size(); ++i) {
    if (is_stale_nan(values[i])) continue;
    kept.t_ms.push_back(t_ms[i]);
    kept.value.push_back(values[i]);
  }
  return kept;
}

// The bins of both lengths; those of an hour are made of the others where
// there are such.
std::array<Bins, kResolutions> bins_of(const BinPlan& plan,
                                       std::span<const double> values) {
  std::array<Bins, kResolutions> all;
  if (plan.parts[0].wanted) make_bins(values, plan.parts[0].layout, all[0]);
  if (!plan.parts[1].wanted) return all;
  if (plan.parts[0].wanted) {
    join_bins(all[0], kResolutionsMs[1], all[1]);
  } else {
    make_bins(values, plan.parts[1].layout, all[1]);
  }
  return all;
}

}  // namespace

// Bins that belong to no plan.
Result<SamplePart> Writer::State::place_apart(const Bins& bins, bool alone) {
  SamplePart part;
  const auto slice = times.place(bins.last_ms, *output);
  if (!slice) return fail(slice.error());
  part.times = *slice;
  encoded.clear();
  encode_bins(bins, alone, encoder, encoded);
  const auto values = columns.place(encoded, *output);
  if (!values) return fail(values.error());
  part.values = *values;
  encoded.clear();
  encode_bin_shape(bins, encoder, encoded);
  const auto shape = columns.place_shared(encoded, *output);
  if (!shape) return fail(shape.error());
  part.starts = *shape;
  return part;
}

Result<BinPlan> Writer::State::make_plan(std::span<const std::int64_t> t_ms) {
  BinPlan plan;
  for (std::size_t i = 0; i < kResolutions; ++i) {
    BinPlan::Part& part = plan.parts[i];
    part.layout = BinLayout::of(t_ms, kResolutionsMs[i]);
    part.wanted = is_dense(t_ms.size(), part.layout.size());
    if (!part.wanted) continue;
    const auto slice = times.place(part.layout.last_ms, *output);
    if (!slice) return fail(slice.error());
    part.times = *slice;
    Bins shape;
    shape.first_ms = part.layout.first_ms;
    shape.last_ms = part.layout.last_ms;
    std::uint32_t begin = 0;
    for (const std::uint32_t end : part.layout.end)
      shape.count.push_back(end - std::exchange(begin, end));
    encoded.clear();
    encode_bin_shape(shape, encoder, encoded);
    const auto placed = columns.place_shared(encoded, *output);
    if (!placed) return fail(placed.error());
    part.shape = *placed;
  }
  return plan;
}

const BinPlan& Writer::State::remember_plan(const TimeSlice& slice,
                                            BinPlan plan) {
  planned_bins += plan.parts[0].layout.size() + plan.parts[1].layout.size();
  if (planned_bins > kPlannedBinsMax) {
    plans.clear();
    planned_bins = plan.parts[0].layout.size() + plan.parts[1].layout.size();
  }
  return plans.insert_or_assign(key_of(slice), std::move(plan)).first->second;
}

Status Writer::State::place_made(const BinPlan& plan,
                                 std::span<const double> values,
                                 SeriesParts& into) {
  const auto all = bins_of(plan, values);
  for (std::size_t i = 0; i < kResolutions; ++i) {
    if (!plan.parts[i].wanted) continue;
    encoded.clear();
    encode_bins(all[i], false, encoder, encoded);
    const auto placed = columns.place(encoded, *output);
    if (!placed) return fail(placed.error());
    into.bins[i] = {.times = plan.parts[i].times,
                    .values = *placed,
                    .starts = plan.parts[i].shape};
  }
  return {};
}

Status Writer::State::place_bins(const SeriesSamples& floats,
                                 const TimeSlice& slice, const BinsAlone* alone,
                                 SeriesParts& into) {
  const bool stale = any_stale(floats.value);
  if (alone == nullptr && !stale) {
    const auto known = plans.find(key_of(slice));
    if (known != plans.end())
      return place_made(known->second, floats.value, into);
    auto plan = make_plan(floats.t_ms);
    if (!plan) return fail(std::move(plan).error());
    return place_made(remember_plan(slice, std::move(*plan)), floats.value,
                      into);
  }
  const Numbers numbers = without_stale(floats.t_ms, floats.value);
  BinPlan plan;
  for (std::size_t i = 0; i < kResolutions; ++i) {
    BinPlan::Part& part = plan.parts[i];
    part.layout = BinLayout::of(numbers.t_ms, kResolutionsMs[i]);
    part.wanted = is_dense(numbers.t_ms.size(), part.layout.size()) ||
                  (alone != nullptr && !(*alone)[i].empty());
  }
  auto all = bins_of(plan, numbers.value);
  for (std::size_t i = 0; i < kResolutions; ++i) {
    if (!plan.parts[i].wanted) continue;
    const bool any_alone = alone != nullptr && !(*alone)[i].empty();
    if (any_alone) {
      Bins both = (*alone)[i];
      header.info.bins_alone = true;
      into.min_ms = std::min(into.min_ms, both.first_ms.front());
      into.max_ms = std::max(into.max_ms, both.last_ms.back());
      append_all(both, all[i]);
      all[i] = std::move(both);
    }
    const auto placed = place_apart(all[i], any_alone);
    if (!placed) return fail(placed.error());
    into.bins[i] = *placed;
  }
  return {};
}

// -- merges

// Of the times of a slice that was just placed.
Result<const BinPlan*> Writer::State::plan_of(
    const TimeSlice& slice, std::span<const MergePart> parts) {
  const auto known = plans.find(key_of(slice));
  if (known != plans.end()) return &known->second;
  std::vector<std::int64_t> t_ms;
  for (const MergePart& part : parts) {
    Status status =
        append_times(part.block->state().floats, part.floats.times, t_ms);
    if (!status) return fail(std::move(status).error().in(part.block->path()));
  }
  auto plan = make_plan(t_ms);
  if (!plan) return fail(std::move(plan).error());
  return &remember_plan(slice, std::move(*plan));
}

Result<JoinedBins> Writer::State::join_times(
    std::span<const MergePart> parts, std::size_t resolution,
    std::span<const BinColumns> columns_of) {
  std::string key(1, static_cast<char>(resolution));
  for (const MergePart& part : parts) {
    append_le(key, std::bit_cast<std::uintptr_t>(part.block));
    append_key(key, part.bins[resolution].part.times);
    append_le(key, part.bins[resolution].part.starts);
  }
  if (const auto known = joined.find(key); known != joined.end())
    return known->second;
  std::vector<std::int64_t> last_ms;
  for (const MergePart& part : parts) {
    Status status = append_times(part.block->state().bins[resolution],
                                 part.bins[resolution].part.times, last_ms);
    if (!status) return fail(std::move(status).error().in(part.block->path()));
  }
  JoinedBins bins;
  const auto slice = times.place(last_ms, *output);
  if (!slice) return fail(slice.error());
  bins.times = *slice;
  encoded.clear();
  Status status = BinColumns::join_shapes(columns_of, encoder, encoded);
  if (!status) return fail(std::move(status).error());
  const auto shape = columns.place_shared(encoded, *output);
  if (!shape) return fail(shape.error());
  bins.shape = *shape;
  if (joined.size() == kJoinedMax) joined.clear();
  joined.emplace(std::move(key), bins);
  return bins;
}

// False when they cannot be copied.
Result<bool> Writer::State::join_bins_of(std::span<const MergePart> parts,
                                         std::size_t resolution,
                                         const SeriesParts& series,
                                         SamplePart& into) {
  std::vector<BinColumns> opened;
  opened.reserve(parts.size());
  std::uint64_t count = 0;
  for (const MergePart& part : parts) {
    const OpenPart& own = part.bins[resolution];
    if (own.part.times.column == 0) return false;
    auto bins =
        BinColumns::open(part.block->state().bins[resolution], own, kBinAll);
    if (!bins) return fail(std::move(bins).error());
    if (((bins->flags() ^ (opened.empty() ? *bins : opened.front()).flags()) &
         ~unsigned{kNotNegative}) != 0)
      return false;
    count += bins->size();
    opened.push_back(*bins);
  }
  if (count >
          bins_max(series.min_ms, series.max_ms, kResolutionsMs[resolution]) ||
      count > chunk::kColumnValuesMax)
    return false;
  const auto shape = join_times(parts, resolution, opened);
  if (!shape) return fail(shape.error());
  encoded.clear();
  Status status = BinColumns::join(opened, encoder, encoded);
  if (!status)
    return fail(
        std::move(status).error().in(parts.front().block->path() + " …"));
  const auto values = columns.place(encoded, *output);
  if (!values) return fail(values.error());
  into = {.times = shape->times, .values = *values, .starts = shape->shape};
  return true;
}

Status Writer::State::merge_bins(std::span<const MergePart> parts,
                                 SeriesParts& into) {
  bool copied = true;
  bool any = false;
  for (std::size_t i = 0; i < kResolutions && copied; ++i) {
    const auto none = std::ranges::none_of(parts, [&](const MergePart& part) {
      return part.bins[i].part.times.column != 0;
    });
    // Few samples a bin then: hours are kept for fewer than five minutes are.
    if (none && i + 1 < kResolutions) continue;
    const auto joined_bins = join_bins_of(parts, i, into, into.bins[i]);
    if (!joined_bins) return fail(joined_bins.error());
    copied = *joined_bins;
    any = any || copied;
  }
  if (copied && any) return {};
  into.bins = {};
  std::vector<double> values(into.floats.times.count);
  std::size_t at = 0;
  for (const MergePart& part : parts) {
    const SamplePart& own = part.floats;
    if (own.times.count == 0) continue;
    const SampleParts& of = part.block->state().floats;
    Status status = read_values(
        of, {.part = own, .times = {}, .first = 0, .count = own.times.count},
        values.data() + at);
    if (!status) return fail(std::move(status).error().in(part.block->path()));
    at += own.times.count;
  }
  if (any_stale(values)) {
    std::vector<std::int64_t> t_ms;
    for (const MergePart& part : parts) {
      Status status =
          append_times(part.block->state().floats, part.floats.times, t_ms);
      if (!status)
        return fail(std::move(status).error().in(part.block->path()));
    }
    return place_bins({t_ms, values, {}, {}}, into.floats.times, nullptr, into);
  }
  const auto plan = plan_of(into.floats.times, parts);
  if (!plan) return fail(plan.error());
  return place_made(**plan, values, into);
}

}  // namespace prom::block
