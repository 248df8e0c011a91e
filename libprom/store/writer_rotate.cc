// Generations: when one is closed, what the next one is given, and what the
// writer asks of closed ones.
#include <algorithm>
#include <limits>

#include "libprom/os/boot.h"
#include "libprom/os/log.h"
#include "libprom/store/writer_internal.h"

namespace prom::store {
namespace {

// A generation of samples that come faster than time passes (a backfill) may
// be longer, so that it is not all layouts.
constexpr std::uint64_t kBackfillShare = 64;
// Even the smallest generation is closed after so many spans.
constexpr std::int64_t kSpansMax = 12;
// Dead series are dropped once they are so many more than the living.
constexpr std::uint32_t kChurnFactor = 4;
constexpr std::uint32_t kChurnSeriesMin = 1U << 18U;
// Sources that were silent for so long need a new layout from their sender.
constexpr std::int64_t kSilentMs = 2 * 3'600'000LL;
// Closed parts that are not asked for so long are closed.
constexpr std::int64_t kAskedNsMax = 60'000'000'000LL;

std::int64_t slot_of_time(std::int64_t t_ms, std::int64_t span_ms) {
  return t_ms / span_ms;
}

// Also its memory.
template <typename Container>
void let_go(Container& container) {
  Container().swap(container);
}

CommitBody empty_root() {
  CommitBody root{};
  root.min_ms = std::numeric_limits<std::int64_t>::max();
  root.max_ms = std::numeric_limits<std::int64_t>::min();
  return root;
}

}  // namespace

// -- when

bool Writer::rotation_due() {
  if (root_.samples == 0) return false;
  const std::int64_t span_ms = options_.generation_span_ms;
  const std::int64_t now_ms = clock_.wall_ms();
  const std::uint64_t bytes = log_->end() - kFirstPosition;
  if (bytes >= options_.generation_bytes_max) return true;
  if (series_count_ >= std::max(kChurnSeriesMin, 2 * churn_checked_at_)) {
    churn_checked_at_ = series_count_;
    if (series_count_ >= kChurnSeriesMin + kChurnFactor * living_series())
      return true;
  }
  if (now_ms - ctl_->created_ms() >= kSpansMax * span_ms) return true;
  if (bytes < options_.generation_bytes_min) return false;
  // Cuts at multiples of the span make blocks that do not overlap.
  const bool next_slot =
      slot_of_time(now_ms, span_ms) > slot_of_time(ctl_->created_ms(), span_ms);
  const bool long_span = static_cast<std::uint64_t>(root_.max_ms) -
                             static_cast<std::uint64_t>(root_.min_ms) >=
                         static_cast<std::uint64_t>(span_ms);
  return next_slot ||
         (long_span && bytes >= kBackfillShare * options_.generation_bytes_min);
}

// Series in rows of sources that are not silent, and half of the others.
std::size_t Writer::living_series() const {
  std::size_t living = touched_.size() / 2;
  for (const auto& source : sources_)
    living += source->has_sender ? source->sent.size() : source->columns.size();
  return living;
}

// -- rotating

Status Writer::rotate() {
  if (Status done = commit(); !done) return done;
  if (Status done = sync(); !done) return done;
  if (root_.samples == 0) return {};
  auto closed = Snapshot::open(path_, ctl_);
  if (!closed) return fail(std::move(closed).error());
  const std::uint64_t next = ctl_->generation() + 1;
  Status begun = begin_generation(next, *closed);
  if (!begun) {
    if (!undo_generation(next)) rotation_failed_ = begun;
    return begun;
  }
  return write_batch();
}

// It must not be there, or this one would count as closed.  A compaction that
// saw it publishes under the same lock, and looks once more before it does.
Status Writer::undo_generation(std::uint64_t generation) {
  const auto editor = ManifestEditor::open(files_, path_);
  if (!editor) return fail(editor.error());
  if (editor->manifest.first_generation >= generation)
    return fail(Code::kIo, "this generation is in blocks already");
  const std::string ctl = ctl_path(path_, generation);
  if (!os::exists(ctl)) return {};
  return files_.unlink(ctl);
}

Status Writer::create_generation(std::uint64_t generation,
                                 std::uint64_t store_id) {
  const std::string directory = head_path(path_, generation);
  if (Status made = files_.make_directory(directory); !made) return made;
  if (options_.durable) {
    if (Status done = files_.sync_directory(path_ + "/head"); !done)
      return done;
  }
  return Ctl::create(files_, path_, generation, store_id, clock_.wall_ms());
}

Status Writer::begin_generation(std::uint64_t generation,
                                const std::shared_ptr<const Snapshot>& closed) {
  if (Status made = create_generation(generation, ctl_->store_id()); !made)
    return made;
  auto ctl = Ctl::open(path_, generation, os::MappedFile::Access::kReadWrite);
  if (!ctl) return fail(std::move(ctl).error());
  const std::uint64_t bytes_before =
      log_->bytes_written() + index_->bytes_written();
  const std::uint64_t replaced_before =
      log_->arenas_replaced() + index_->arenas_replaced();
  if (Status opened = open_streams(generation, kFirstPosition, kFirstPosition);
      !opened)
    return opened;
  // From here on nothing fails.
  (*ctl)->set_boot(os::boot_id());
  ctl_ = std::move(*ctl);
  counters_.bytes_written += bytes_before;
  counters_.arenas_replaced += replaced_before;
  ++counters_.generations;
  carry(closed);
  reset_tables();
  wire::MetadataFrame frame;
  for (FamilyMetadata& one : closed->metadata())
    frame.items.push_back({.family = std::move(one.family),
                           .type = std::move(one.type),
                           .help = std::move(one.help),
                           .unit = std::move(one.unit)});
  (void)add(frame);  // the batch is empty, so there is room
  return {};
}

void Writer::carry(const std::shared_ptr<const Snapshot>& closed) {
  closed_newest_ms_ = std::max(closed_newest_ms_, root_.max_ms);
  closed_.reset();
  for (auto& source : sources_) {
    if (!source->has_sender) continue;
    const std::uint64_t key = source->key;
    carried_.insert_or_assign(
        key, Carried{.from = closed, .source = std::move(source)});
  }
  forget_silent();
}

void Writer::forget_silent() {
  std::int64_t newest = INT64_MIN;
  for (const auto& [key, carried] : carried_)
    newest = std::max(newest, carried.source->last_ms);
  boost::unordered::erase_if(carried_, [&](const auto& entry) {
    const std::int64_t last_ms = entry.second.source->last_ms;
    return last_ms != INT64_MIN && last_ms < newest - kSilentMs;
  });
}

void Writer::reset_tables() {
  batch_.clear();
  commit_staged_ = true;
  batch_crc_ = 0;
  root_ = empty_root();
  batch_start_ = sources_written_at_ = kFirstPosition;
  series_ = SeriesIndex();
  series_count_ = series_staged_ = 0;
  let_go(zones_);
  let_go(tail_);
  let_go(homes_);
  let_go(slots_);
  let_go(sources_);
  let_go(source_ids_);
  let_go(touched_);
  loose_newest_at_open_ms_ = newest_at_open_ms_ = loose_newest_ms_ = INT64_MIN;
  series_at_open_ = 0;
  churn_checked_at_ = 0;
  let_go(metadata_);
  metadata_loaded_ = true;
  let_go(extras_);
  let_go(exemplars_);
  let_go(newest_exemplars_);
  exemplars_loaded_ = true;
}

// -- what is carried over

Result<Manifest> Writer::manifest() const {
  auto manifest = load_manifest(path_);
  if (!manifest && manifest.error().code == Code::kCorrupt)
    manifest = rebuild_manifest(path_);
  return manifest;
}

// The newest generation.  After a power loss it may be missing although others
// know of it; then it is made again.
Result<std::uint64_t> Writer::live_generation() {
  const auto known = manifest();
  if (!known) return fail(known.error());
  const auto generations = list_generations(path_);
  if (!generations) return fail(generations.error());
  const std::uint64_t first = known->first_generation;
  if (!generations->empty() && generations->back() >= first)
    return generations->back();
  const auto mark =
      Ctl::open(path_, kFirstGeneration, os::MappedFile::Access::kRead);
  if (!mark) return fail(mark.error());
  if (first == kFirstGeneration)
    return fail(Code::kCorrupt, path_ + ": the head is missing");
  if (Status made = create_generation(first, (*mark)->store_id()); !made)
    return fail(std::move(made).error());
  return first;
}

// When the store is opened: closed generations that are still there, newest
// first, also those that are in blocks already.
Status Writer::load_closed() {
  while (true) {
    const auto before = manifest();
    if (!before) return fail(before.error());
    for (const ManifestBlock& block : before->blocks)
      closed_newest_ms_ = std::max(closed_newest_ms_, block.max_ms);
    const auto generations = list_generations(path_);
    if (!generations) return fail(generations.error());
    for (std::size_t i = generations->size(); i-- > 0;) {
      const std::uint64_t generation = (*generations)[i];
      if (generation >= ctl_->generation()) continue;
      const auto closed = Snapshot::open(path_, generation);
      if (closed) {
        load_carried(*closed);
      } else if (generation >= before->first_generation) {
        damage_.push_back(closed.error());
      }
    }
    // What a compaction moved meanwhile would be in neither.
    const auto after = manifest();
    if (!after) return fail(after.error());
    if (after->version == before->version) break;
  }
  forget_silent();
  return {};
}

void Writer::load_carried(const std::shared_ptr<const Snapshot>& closed) {
  closed_newest_ms_ = std::max(closed_newest_ms_, closed->root().max_ms);
  for (const SourceState& state : closed->head().sources()) {
    if (source_ids_.contains(state.key) || carried_.contains(state.key))
      continue;
    auto source = std::make_unique<Source>();
    load_state(closed->head(), state, closed->root().max_ms, *source);
    if (source->has_sender)
      carried_.try_emplace(
          state.key, Carried{.from = closed, .source = std::move(source)});
  }
}

// A source that goes on after a rotation: its series get new numbers.
Writer::Source* Writer::adopt(std::uint64_t key) {
  const auto found = carried_.find(key);
  if (found == carried_.end()) return nullptr;
  const Carried carried = std::move(found->second);
  carried_.erase(found);
  const SourceId id = source_of(key);
  Source& source = *sources_[id];
  source.last_ms = carried.source->last_ms;
  source.last_sequence = carried.source->last_sequence;
  std::vector<SeriesId> sent;
  sent.reserve(carried.source->sent.size());
  for (const SeriesId old : carried.source->sent) {
    const bool known = old < carried.from->series_count();
    const Labels labels = known ? carried.from->labels(old) : Labels();
    sent.push_back(labels.empty() ? kNone : find_or_create(labels));
  }
  update_layout(id, sent);
  source.has_sender = true;
  source.version = carried.source->version;
  source.fingerprint = carried.source->fingerprint;
  source.sent = std::move(sent);
  stage_layout(id, static_cast<std::uint32_t>(source.columns.size()), {}, true);
  return &source;
}

// -- questions to closed generations and blocks

Result<std::shared_ptr<const View>> Writer::closed_parts() {
  closed_asked_ns_ = clock_.monotonic_ns();
  if (closed_) {
    // A deletion changes what there is.
    const auto manifest = load_manifest(path_);
    if (manifest &&
        manifest->last_deletion == closed_->manifest().last_deletion)
      return closed_;
  }
  auto view = View::open_before(path_, ctl_->generation());
  if (!view) return fail(std::move(view).error());
  closed_ = std::move(*view);
  return closed_;
}

void Writer::let_closed_parts_go() {
  if (closed_ && clock_.monotonic_ns() - closed_asked_ns_ > kAskedNsMax)
    closed_.reset();
}

// Whether no column of the source has a sample at or after `t_ms` outside of
// this generation.  What is closed does not change, so one look is enough for
// all later rows.
bool Writer::clear_of_closed(Source& source, std::int64_t t_ms) {
  if (t_ms > closed_newest_ms_ || t_ms >= source.clear_from_ms) return true;
  const auto parts = closed_parts();
  if (!parts) return false;
  std::vector<Labels> labels;
  labels.reserve(source.columns.size());
  for (const SeriesId id : source.columns) labels.push_back(labels_of(id));
  const auto found =
      (*parts)->find(labels, t_ms, std::numeric_limits<std::int64_t>::max());
  Samples samples;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    found->append(i, samples);
    if (!samples.t_ms.empty()) return false;
  }
  source.clear_from_ms = t_ms;
  return true;
}

}  // namespace prom::store
