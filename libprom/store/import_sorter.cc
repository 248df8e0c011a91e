#include "libprom/store/import_sorter.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

#include "libprom/base/bytes.h"

namespace prom::store {
namespace {

// A sample and its places in two orders.
constexpr std::uint64_t kItemBytes = 24 + 8;
// Of a series beside its labels: string, rank, slot of the index.
constexpr std::uint64_t kSeriesBytes = 80;
constexpr std::uint64_t kKeyBytes = 32;
constexpr std::size_t kStretchPieceBytes = 256U << 10U;

void append_time(std::string& out, std::uint64_t t, std::uint64_t expected,
                 bool same) {
  const std::uint64_t code = zigzag(static_cast<std::int64_t>(t - expected));
  if (code >> 61U != 0) {
    append_varint(out, 2U | (same ? 1U : 0U));
    append_le(out, t);
  } else {
    append_varint(out, code << 2U | (same ? 1U : 0U));
  }
}

std::uint64_t bytes_of(const FloatHistogram& histogram) {
  return sizeof(FloatHistogram) + 8 * (histogram.positive_spans.size() +
                                       histogram.negative_spans.size() +
                                       histogram.positive_buckets.size() +
                                       histogram.negative_buckets.size() +
                                       histogram.custom_values.size());
}

}  // namespace

std::int64_t slot_of(std::int64_t t_ms, std::int64_t width_ms) {
  const std::int64_t slot = t_ms / width_ms;
  return slot - (t_ms % width_ms < 0 ? 1 : 0);
}

std::int64_t slot_width(std::int64_t min_ms, std::int64_t max_ms) {
  std::int64_t width_ms = kSlotMs;
  while (slot_of(max_ms, width_ms) - slot_of(min_ms, width_ms) >= kSlotsMax)
    width_ms *= 3;
  return width_ms;
}

std::int64_t begin_of(const ImportSlot& slot) {
  return slot.index < INT64_MIN / slot.width_ms ? INT64_MIN
                                                : slot.index * slot.width_ms;
}

std::int64_t end_of(const ImportSlot& slot) {
  return slot.index >= INT64_MAX / slot.width_ms
             ? INT64_MAX
             : (slot.index + 1) * slot.width_ms - 1;
}

ImportSorter::ImportSorter(os::FileSystem& files, std::string directory,
                           std::uint64_t memory_bytes)
    : memory_bytes_(std::max(memory_bytes, kImportMemoryMin)),
      spill_(files, std::move(directory)),
      items_max_(static_cast<std::size_t>(memory_bytes_ / 2 / kItemBytes)) {}

ImportSorter::~ImportSorter() = default;

ImportSeries ImportSorter::known(const Hash128& key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? kNoSeries : at->second;
}

Result<ImportSeries> ImportSorter::series(const Labels& labels,
                                          const Hash128* key) {
  if (series_bytes_ >= memory_bytes_ / 2) {
    if (Status written = write_run(); !written) return fail(written.error());
    forget_series();
  }
  const std::uint64_t hash = labels.hash();
  ImportSeries id =
      by_labels_.find(hash, [&](SeriesId at) { return series_[at] == labels; });
  if (id == kNone) {
    id = static_cast<ImportSeries>(series_.size());
    series_.push_back(labels);
    by_labels_.insert(hash, id);
    series_bytes_ += kSeriesBytes + labels.encoded().size();
  }
  if (key != nullptr && by_key_.try_emplace(*key, id).second)
    series_bytes_ += kKeyBytes;
  return id;
}

void ImportSorter::forget_series() {
  series_.clear();
  ranks_.clear();
  by_labels_ = SeriesIndex();
  by_key_.clear();
  series_bytes_ = 0;
}

Status ImportSorter::push(std::int64_t t_ms, double value, ImportSeries series,
                          std::uint32_t extra) {
  if (items_.empty()) {
    items_.reserve(items_max_);
    run_min_ms_ = run_max_ms_ = t_ms;
  }
  if (samples_ == 0) min_ms_ = max_ms_ = t_ms;
  run_min_ms_ = std::min(run_min_ms_, t_ms);
  run_max_ms_ = std::max(run_max_ms_, t_ms);
  min_ms_ = std::min(min_ms_, t_ms);
  max_ms_ = std::max(max_ms_, t_ms);
  items_.push_back({t_ms, value, series, extra});
  ++samples_;
  if (items_.size() < items_max_ && extra_bytes_ < memory_bytes_ / 2) return {};
  return write_run();
}

Status ImportSorter::add(ImportSeries series, std::int64_t t_ms, double value,
                         std::int64_t start_ms) {
  if (start_ms == 0) return push(t_ms, value, series, 0);
  extras_.push_back({.start_ms = start_ms});
  extra_bytes_ += sizeof(Extra);
  return push(t_ms, value, series, static_cast<std::uint32_t>(extras_.size()));
}

Status ImportSorter::add(ImportSeries series, std::int64_t t_ms,
                         FloatHistogram value, std::int64_t start_ms) {
  extra_bytes_ += sizeof(Extra) + bytes_of(value);
  const double sum = value.sum;
  extras_.push_back({.histogram = std::move(value),
                     .is_histogram = true,
                     .start_ms = start_ms});
  return push(t_ms, sum, series, static_cast<std::uint32_t>(extras_.size()));
}

void ImportSorter::add_metadata(std::string_view family,
                                const FamilyWords& words) {
  if (words.type.empty() && words.help.empty() && words.unit.empty()) return;
  auto at = metadata_.find(family);
  if (at == metadata_.end()) {
    if (metadata_.size() >= kImportFamiliesMax) return;
    at = metadata_.try_emplace(std::string(family)).first;
    metadata_bytes_ += family.size() + sizeof(FamilyWords);
  }
  const auto take = [&](const std::string& from, std::string& into) {
    if (from.empty() || from == into) return;
    if (metadata_bytes_ + from.size() > kImportMetadataBytesMax) return;
    metadata_bytes_ += from.size();
    into = from;
  };
  take(words.type, at->second.type);
  take(words.help, at->second.help);
  take(words.unit, at->second.unit);
}

// Only when series came since the last run: their order is that of labels.
void ImportSorter::rank_series() {
  if (ranks_.size() == series_.size()) return;
  std::vector<ImportSeries> order(series_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](ImportSeries a, ImportSeries b) {
    return series_[a] < series_[b];
  });
  ranks_.resize(series_.size());
  for (std::uint32_t rank = 0; rank < order.size(); ++rank)
    ranks_[order[rank]] = rank;
}

// Indices of items by slot, rank and arrival: two stable counting sorts.
// `ends` says where each slot ends.
std::vector<std::uint32_t> ImportSorter::by_slot_and_series(
    std::int64_t first_slot, std::int64_t width_ms,
    std::vector<std::size_t>& ends) const {
  std::vector<std::size_t> next(series_.size() + 1);
  for (const Item& item : items_) ++next[ranks_[item.series] + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<std::uint32_t> by_series(items_.size());
  for (std::uint32_t i = 0; i < items_.size(); ++i)
    by_series[next[ranks_[items_[i].series]]++] = i;

  const auto slot_at = [&](std::uint32_t item) {
    return static_cast<std::size_t>(slot_of(items_[item].t_ms, width_ms) -
                                    first_slot);
  };
  next.assign(static_cast<std::size_t>(kSlotsMax) + 1, 0);
  for (std::uint32_t i = 0; i < items_.size(); ++i) ++next[slot_at(i) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<std::uint32_t> order(items_.size());
  for (const std::uint32_t item : by_series)
    order[next[slot_at(item)]++] = item;
  ends = std::move(next);
  ends.pop_back();
  return order;
}

Status ImportSorter::write_run() {
  if (items_.empty()) return {};
  rank_series();
  const std::int64_t width_ms = slot_width(run_min_ms_, run_max_ms_);
  const std::int64_t first_slot = slot_of(run_min_ms_, width_ms);
  std::vector<std::size_t> ends;
  const auto order = by_slot_and_series(first_slot, width_ms, ends);
  std::size_t begin = 0;
  for (std::size_t slot = 0; slot < ends.size(); ++slot) {
    if (ends[slot] == begin) continue;
    SpilledStretch stretch{
        .index = first_slot + static_cast<std::int64_t>(slot),
        .width_ms = width_ms,
        .offset = spill_.size()};
    const auto part = std::span(order).subspan(begin, ends[slot] - begin);
    if (Status written = write_stretch(part); !written) return written;
    stretch.bytes = spill_.size() - stretch.offset;
    stretches_.push_back(stretch);
    begin = ends[slot];
  }
  ++runs_;
  items_.clear();
  extras_.clear();
  extra_bytes_ = 0;
  return {};
}

Status ImportSorter::write_stretch(std::span<const std::uint32_t> order) {
  std::string out;
  std::string_view labels_before;
  while (!order.empty()) {
    const ImportSeries series = items_[order.front()].series;
    std::size_t count = 1;
    while (count < order.size() && items_[order[count]].series == series)
      ++count;
    encode_group(order.first(count), labels_before, out);
    order = order.subspan(count);
    if (out.size() < kStretchPieceBytes && !order.empty()) continue;
    if (Status done = spill_.append(out); !done) return done;
    out.clear();
  }
  return {};
}

void ImportSorter::encode_group(std::span<const std::uint32_t> order,
                                std::string_view& labels_before,
                                std::string& out) const {
  const std::size_t size_at = out.size();
  append_le(out, std::uint32_t{0});
  const std::string_view labels =
      series_[items_[order.front()].series].encoded();
  const auto shared = static_cast<std::size_t>(
      std::ranges::mismatch(labels, labels_before).in1 - labels.begin());
  append_varint(out, shared);
  append_varint(out, labels.size() - shared);
  out += labels.substr(shared);
  labels_before = labels;
  append_varint(out, order.size());
  const bool has_extras = std::ranges::any_of(
      order, [&](std::uint32_t i) { return items_[i].extra != 0; });
  append_varint(out, has_extras ? kGroupHasExtras : 0);

  std::uint64_t before = 0;
  std::uint64_t delta = 0;
  std::uint64_t bits_before = 0;
  for (const std::uint32_t i : order) {
    const auto t = static_cast<std::uint64_t>(items_[i].t_ms);
    const auto bits = std::bit_cast<std::uint64_t>(items_[i].value);
    append_time(out, t, before + delta, bits == bits_before);
    if (bits != bits_before) append_le(out, bits);
    delta = t - before;
    before = t;
    bits_before = bits;
  }
  if (has_extras) {
    for (const std::uint32_t i : order) {
      const std::uint32_t at = items_[i].extra;
      const Extra* const extra = at == 0 ? nullptr : &extras_[at - 1];
      const bool start = extra != nullptr && extra->start_ms != 0;
      const bool histogram = extra != nullptr && extra->is_histogram;
      append_varint(
          out, (start ? kExtraStart : 0U) | (histogram ? kExtraHistogram : 0U));
      if (start) append_le(out, extra->start_ms);
      if (histogram) append_spilled(out, extra->histogram);
    }
  }
  // A group is at most a run, which fits into memory.
  store_le(out.data() + size_at,
           static_cast<std::uint32_t>(out.size() - size_at - 4));
}

void ImportSorter::add_exemplar(const Labels& series,
                                block::Exemplar exemplar) {
  if (exemplar_count_ == kImportExemplarsMax) return;
  ++exemplar_count_;
  exemplars_[series].push_back(std::move(exemplar));
}

Status ImportSorter::finish() {
  Status written = write_run();
  forget_series();
  items_ = {};
  return written;
}

std::uint64_t ImportSorter::spilled_bytes() const {
  return spill_.size();
}

std::vector<ImportSlot> ImportSorter::slots() const {
  if (samples_ == 0) return {};
  const std::int64_t width_ms = slot_width(min_ms_, max_ms_);
  std::vector<std::int64_t> indices;
  indices.reserve(stretches_.size());
  for (const SpilledStretch& stretch : stretches_)
    indices.push_back(slot_of(stretch.index, width_ms / stretch.width_ms));
  std::ranges::sort(indices);
  const auto rest = std::ranges::unique(indices);
  indices.erase(rest.begin(), rest.end());
  std::vector<ImportSlot> slots;
  slots.reserve(indices.size());
  for (const std::int64_t index : indices) slots.push_back({index, width_ms});
  return slots;
}

Result<std::unique_ptr<SortedSeries>> ImportSorter::open(
    const ImportSlot& slot, Duplicates& duplicates) const {
  std::vector<SpilledStretch> of_slot;
  for (const SpilledStretch& stretch : stretches_) {
    if (slot_of(stretch.index, slot.width_ms / stretch.width_ms) == slot.index)
      of_slot.push_back(stretch);
  }
  return merge_stretches(spill_, of_slot, memory_bytes_ / 4, duplicates);
}

}  // namespace prom::store
