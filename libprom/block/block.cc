#include "libprom/block/block.h"

#include <cassert>

#include "libprom/block/block_internal.h"
#include "libprom/block/cold.h"
#include "libprom/block/statistics.h"

namespace prom::block {
namespace {

// What Samples was like, so that a failed read can undo itself.
class Checkpoint {
 public:
  explicit Checkpoint(Samples& samples)
      : samples_(samples),
        size_(samples.t_ms.size()),
        had_histograms_(!samples.histogram.empty()),
        had_starts_(!samples.start_ms.empty()),
        histograms_(samples.histograms.size()) {}

  void restore() {
    samples_.t_ms.resize(size_);
    samples_.value.resize(size_);
    samples_.histogram.resize(had_histograms_ ? size_ : 0);
    samples_.start_ms.resize(had_starts_ ? size_ : 0);
    samples_.histograms.resize(histograms_);
  }

 private:
  Samples& samples_;
  const std::size_t size_;
  const bool had_histograms_;
  const bool had_starts_;
  const std::size_t histograms_;
};

Result<std::vector<Ulid>> read_parents(const CheckedFile& file) {
  std::vector<Ulid> parents;
  const auto section = file.header().section(SectionKind::kParents);
  if (!section) return parents;
  const auto bytes = file.bytes(section->offset, section->size);
  if (!bytes) return fail(bytes.error());
  for (Bytes rest = *bytes; rest.size() >= sizeof(Ulid);
       rest = rest.subspan(sizeof(Ulid)))
    parents.push_back(load_struct<Ulid>(rest.data()));
  return parents;
}

Result<std::unique_ptr<const Block::State>> open_state(
    const std::string& path) {
  auto file = CheckedFile::open(path);
  if (!file) return fail(std::move(file).error());
  const CheckedFile& opened = **file;
  const auto hashes = opened.header().section(SectionKind::kHashes);
  if (!hashes || hashes->size != opened.header().info.series * 8)
    return fail(opened.damage(0, "no hashes of the labels"));
  auto parents = read_parents(opened);
  if (!parents) return fail(std::move(parents).error());
  auto labels = LabelIndex::open(opened);
  if (!labels) return fail(std::move(labels).error());
  const BlockInfo& info = opened.header().info;
  auto floats = SampleParts::open(opened, SectionKind::kFloats, info.samples);
  if (!floats) return fail(std::move(floats).error());
  auto histograms =
      SampleParts::open(opened, SectionKind::kHistograms, info.samples);
  if (!histograms) return fail(std::move(histograms).error());
  auto state = std::make_unique<Block::State>();
  state->info = opened.header().info;
  state->info.parents = std::move(*parents);
  state->labels = std::move(*labels);
  state->floats = *floats;
  state->histograms = *histograms;
  for (std::size_t i = 0; i < kResolutions; ++i) {
    const auto bins = SampleParts::open(
        opened, bins_section(i),
        bins_max(info.min_ms, info.max_ms, kResolutionsMs[i]));
    if (!bins) return fail(bins.error());
    state->bins[i] = *bins;
  }
  state->file = std::move(*file);
  return state;
}

}  // namespace

Block::Block(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Block::~Block() = default;

Result<std::shared_ptr<const Block>> Block::open(const std::string& path) {
  auto state = open_state(path);
  if (!state) return fail(std::move(state).error().in("open block"));
  return std::shared_ptr<const Block>(new Block(std::move(*state)));
}

const BlockInfo& Block::info() const {
  return state_->info;
}
const std::string& Block::path() const {
  return state_->file->path();
}
std::uint32_t Block::series_count() const {
  return static_cast<std::uint32_t>(state_->info.series);
}

Result<std::vector<Ordinal>> Block::select(const Matchers& matchers) const {
  return state_->file->guarded([&] { return state_->labels.select(matchers); });
}

Result<Labels> Block::labels(Ordinal series) const {
  assert(series < series_count());
  return state_->file->guarded([&] { return state_->labels.labels(series); });
}

Result<LabelIds> Block::column(std::string_view name,
                               std::span<const Ordinal> series) const {
  return state_->file->guarded(
      [&] { return state_->labels.column(name, series); });
}

std::uint64_t Block::labels_hash(Ordinal series) const {
  assert(series < series_count());
  const auto section = state_->file->header().section(SectionKind::kHashes);
  const auto hash = state_->file->guarded([&]() -> Result<std::uint64_t> {
    const auto bytes = state_->file->bytes(section->offset + series * 8ULL,
                                           sizeof(std::uint64_t));
    if (!bytes) return fail(bytes.error());
    return load_le<std::uint64_t>(bytes->data());
  });
  if (hash) return *hash;
  // Damaged: the labels still know.  When they do not, they say so to whoever
  // asks for them.
  const auto found = labels(series);
  return found ? found->hash() : 0;
}

Result<std::vector<std::string>> Block::label_names(
    std::span<const Ordinal> series, std::size_t limit) const {
  return state_->file->guarded(
      [&] { return state_->labels.label_names(series, limit); });
}

Result<std::vector<std::string>> Block::label_values(
    std::string_view name, std::span<const Ordinal> series,
    std::size_t limit) const {
  return state_->file->guarded(
      [&] { return state_->labels.label_values(name, series, limit); });
}

Status Block::read(Ordinal series, std::int64_t min_ms, std::int64_t max_ms,
                   Samples& into) const {
  assert(series < series_count());
  Checkpoint before(into);
  Status status = state_->file->guarded(
      [&] { return read_samples(*state_, series, min_ms, max_ms, into); });
  if (!status) before.restore();
  return status;
}

Status Block::read_points(Ordinal series, std::int64_t min_ms,
                          std::int64_t max_ms, Resolution use, Samples& into,
                          std::int64_t& coarsest_ms) const {
  assert(series < series_count());
  Checkpoint before(into);
  Status status = state_->file->guarded([&] {
    return block::read_points(*state_, series, min_ms, max_ms, use, into,
                              coarsest_ms);
  });
  if (!status) before.restore();
  return status;
}

Result<bool> Block::read_bins(Ordinal series, const BinRequest& request,
                              Bins& into) const {
  assert(series < series_count());
  const std::size_t before = into.size();
  auto read = state_->file->guarded(
      [&] { return block::read_bins(*state_, series, request, into); });
  if (!read) into.resize(before);
  return read;
}

Result<Block::BinSet> Block::bins(Ordinal series,
                                  std::size_t resolution) const {
  assert(series < series_count());
  return state_->file->guarded(
      [&] { return read_all_bins(*state_, series, resolution); });
}

Result<Block::Counts> Block::counts(Ordinal series) const {
  assert(series < series_count());
  return state_->file->guarded([&]() -> Result<Counts> {
    Counts counts;
    const auto floats = state_->floats.part(series);
    if (!floats) return fail(floats.error());
    const auto histograms = state_->histograms.part(series);
    if (!histograms) return fail(histograms.error());
    counts.floats = floats->part.times.count;
    counts.histograms = histograms->part.times.count;
    for (std::size_t i = 0; i < kResolutions; ++i) {
      const auto bins = state_->bins[i].part(series);
      if (!bins) return fail(bins.error());
      counts.bins[i] = bins->part.times.count;
    }
    return counts;
  });
}

Result<bool> Block::has_bins_alone(Ordinal series) const {
  assert(series < series_count());
  return state_->file->guarded(
      [&] { return block::has_bins_alone(*state_, series); });
}

Result<std::vector<Exemplar>> Block::exemplars(Ordinal series) const {
  assert(series < series_count());
  return state_->file->guarded(
      [&] { return read_exemplars(*state_->file, series); });
}

Result<std::vector<FamilyMetadata>> Block::metadata() const {
  return state_->file->guarded([&] { return read_metadata(*state_->file); });
}

void Block::verify(const std::function<void(const Error&)>& on_damage) const {
  bool damaged = false;
  state_->file->verify([&](const Error& error) {
    damaged = true;
    on_damage(error);
  });
  // Behind bad pages, what they hold would be reported again and again.
  if (damaged) return;
  Samples samples;
  for (Ordinal series = 0; series < series_count(); ++series) {
    samples.clear();
    if (const auto found = labels(series); !found) on_damage(found.error());
    if (const Status status = read(series, INT64_MIN, INT64_MAX, samples);
        !status)
      on_damage(status.error());
    for (std::size_t i = 0; i < kResolutions; ++i) {
      if (const auto found = bins(series, i); !found) on_damage(found.error());
    }
    if (const auto found = exemplars(series); !found) on_damage(found.error());
  }
  if (const auto found = metadata(); !found) on_damage(found.error());
}

}  // namespace prom::block
