#include "libprom/store/head.h"

#include <algorithm>
#include <limits>

#include "libprom/os/boot.h"

namespace prom::store {
namespace {

constexpr std::size_t kDamageMax = 1000;  // reports kept; the rest is counted

CommitBody commit_of(const Record& record) {
  CommitBody body{};
  std::memcpy(&body, record.body.data(),
              std::min(sizeof body, record.body.size()));
  return body;
}

bool holds(const Record& record, RecordType type, std::size_t bytes) {
  return record.header.type == type && record.body.size() >= bytes;
}

bool is_commit(const Record& record) {
  return holds(record, RecordType::kCommit, kFirstCommitBodyBytes);
}

// Calls `take` for each series of a record that is in bounds.
template <typename Take>
void for_each_series(const Record& record, Take take) {
  const auto body = load_struct<SeriesBody>(record.body.data());
  ByteReader reader(record.body.subspan(sizeof body));
  for (std::uint32_t i = 0; i < body.count && reader.ok(); ++i) {
    const auto home = reader.fixed<std::uint32_t>();
    const auto size = reader.fixed<std::uint32_t>();
    const std::string_view encoded = as_text(reader.take(size));
    if (reader.ok()) take(body.first + i, home, encoded);
  }
}

}  // namespace

void visit_batches(const StreamReader& log, Position from, Position end,
                   const BatchVisitor& visitor) {
  std::vector<Record> pending;
  Position at = from;
  while (at < end) {
    const auto record = log.record(at);
    if (!record) {
      if (visitor.on_damage) visitor.on_damage(record.error());
      at = log.resync(at + 8, end);
      continue;
    }
    at = record->next();
    if (!is_commit(*record)) {
      pending.push_back(*record);
      continue;
    }
    // Records before the batch were never committed: their own commit record
    // is damaged or was never written.
    const CommitBody commit = commit_of(*record);
    for (const Record& one : pending) {
      if (one.position >= commit.batch_start && visitor.on_record)
        visitor.on_record(one);
    }
    pending.clear();
    if (visitor.on_commit) visitor.on_commit(at, commit);
  }
}

Result<std::unique_ptr<Head>> Head::open(const std::string& store,
                                         const std::shared_ptr<Ctl>& ctl) {
  std::unique_ptr<Head> head(new Head());
  // The end first: every arena that holds something before it is there when
  // the directory is listed.
  const auto end = ctl->log_end();
  const std::string directory = head_path(store, ctl->generation());
  for (const auto& [stream, name] :
       {std::pair(&head->log_, "log"), std::pair(&head->index_, "index")}) {
    auto reader = StreamReader::open(directory, name, ctl->store_id());
    if (!reader) return fail(std::move(reader).error());
    *stream = std::move(*reader);
  }
  head->root_.min_ms = std::numeric_limits<std::int64_t>::max();
  head->root_.max_ms = std::numeric_limits<std::int64_t>::min();
  // Without them the end is found as after a power loss.
  for (const auto& [counter, offset] :
       {std::pair(end, "512"), std::pair(ctl->synced_end(), "520")}) {
    if (!counter)
      head->report({.code = Code::kCorrupt,
                    .message = ctl_path(store, ctl->generation()) +
                               ": bad counter at offset " + offset});
  }
  const bool same_boot = ctl->boot() == os::boot_id();
  if (!(same_boot && end && head->take_root(*end))) {
    if (same_boot && end) head->append_at_ = *end;
    if (Status found = head->find_end(*ctl); !found)
      return fail(std::move(found).error());
  }
  head->append_at_ = std::max(head->append_at_, head->log_end_);
  if (Status loaded = head->load_sources(); !loaded)
    return fail(std::move(loaded).error());
  if (Status loaded = head->load_zones(); !loaded)
    return fail(std::move(loaded).error());
  if (head->root_.series_count - head->tail_first() >= kZoneSeries)
    return fail(Code::kCorrupt, "more series outside of zones than fit");
  const std::size_t in_tail = head->root_.series_count - head->tail_first();
  head->tail_.resize(in_tail);
  head->tail_homes_.assign(in_tail, kNone);
  head->load_series(head->tail_first(), head->tail_, head->tail_homes_);
  return head;
}

bool Head::take_root(Position log_end) {
  if (log_end == kFirstPosition) return true;
  for (const std::size_t bytes : {kCommitBytes, kFirstCommitBytes}) {
    if (log_end < kFirstPosition + bytes) continue;
    const auto record = log_->record(log_end - bytes);
    if (!record || record->next() != log_end || !is_commit(*record)) continue;
    root_ = commit_of(*record);
    log_end_ = log_end;
    return true;
  }
  return false;
}

// After a crash of the machine, or with a damaged counter: everything up to the
// last sync is on the disk, damaged or not; behind it only whole batches count.
Status Head::find_end(const Ctl& ctl) {
  const auto synced = ctl.synced_end();
  if (synced && take_root(*synced)) {
    scan(*synced, std::max(*synced, append_at_));
    return {};
  }
  if (log_->begin() != kFirstPosition)
    return fail(Code::kCorrupt, "the log begins at " +
                                    log_->describe(log_->begin()) +
                                    ": what was before is missing");
  const Position durable = synced ? *synced : log_->capacity_end();
  scan(log_->begin(), std::max(durable, append_at_));
  return {};
}

Position Head::scan(Position from, Position lenient_until) {
  if (from < lenient_until) {
    const Position capacity = log_->capacity_end();
    if (capacity < lenient_until)
      report({.code = Code::kCorrupt,
              .message = log_->describe(capacity) + ": the file is cut off"});
    visit_batches(*log_, from, std::min(lenient_until, capacity),
                  {.on_record = {},
                   .on_commit =
                       [&](Position end, const CommitBody& commit) {
                         root_ = commit;
                         log_end_ = end;
                       },
                   // It was there once, so it is no end.
                   .on_damage = [&](const Error& e) { report(e); }});
    from = std::max(log_end_, from);
  }
  Position batch = from;
  Position at = from;
  std::uint32_t crc = 0;
  while (true) {
    const auto record = log_->record(at);
    if (!record) return log_end_;
    at = record->next();
    if (record->header.type != RecordType::kCommit) {
      char raw[4];
      store_le(raw, record->header.crc);
      crc = crc32c(std::string_view(raw, 4), crc);
      continue;
    }
    if (!is_commit(*record)) return log_end_;
    const CommitBody commit = commit_of(*record);
    const bool fits = commit.batch_start == batch &&
                      commit.records_crc == crc && commit.number > root_.number;
    // The index is synced with the log; a zone that did not arrive undoes the
    // batch that speaks of it.
    const bool zone_is_there = commit.last_zone == root_.last_zone ||
                               index_->record(commit.last_zone).has_value();
    if (!fits || !zone_is_there) return log_end_;
    root_ = commit;
    log_end_ = batch = at;
    crc = 0;
  }
}

Status Head::load_sources() {
  if (root_.number == 0) return {};
  Position from = log_->begin();
  if (root_.last_sources != kNowhere) {
    const auto record = log_->record(root_.last_sources);
    if (!record) {
      report(record.error());
    } else if (holds(*record, RecordType::kSources, sizeof(SourcesBody))) {
      apply(*record);
      from = record->next();
    }
  }
  visit_batches(*log_, from, log_end_,
                {.on_record = [&](const Record& record) { apply(record); },
                 .on_commit = {},
                 .on_damage = [&](const Error& error) { report(error); }});
  if (root_.source_count > kSourcesMax)
    return fail(Code::kCorrupt, "more sources than a store has");
  sources_.resize(root_.source_count);
  return {};
}

void Head::apply(const Record& record) {
  if (holds(record, RecordType::kSources, sizeof(SourcesBody))) {
    const auto body = load_struct<SourcesBody>(record.body.data());
    ByteReader reader(record.body.subspan(sizeof body));
    if (body.count > reader.remaining() / sizeof(SourceEntry)) return;
    sources_.clear();
    for (std::uint32_t i = 0; i < body.count; ++i) {
      const auto entry =
          load_struct<SourceEntry>(reader.take(sizeof(SourceEntry)).data());
      sources_.push_back(
          {entry.key, entry.last_row, entry.last_layout, entry.foreign != 0});
    }
    return;
  }
  const bool layout = holds(record, RecordType::kLayout, sizeof(LayoutBody));
  const bool row = holds(record, RecordType::kRow, sizeof(RowBody));
  const SourceId source = record.header.source;
  if ((!layout && !row) || source >= root_.source_count) return;
  if (source >= sources_.size()) sources_.resize(source + 1ULL);
  if (layout) {
    sources_[source].key =
        load_struct<LayoutBody>(record.body.data()).source_key;
    sources_[source].last_layout = record.position;
    sources_[source].foreign |= (record.header.flags & kLayoutForeign) != 0;
  } else {
    sources_[source].last_row = record.position;
  }
}

Status Head::load_zones() {
  const std::uint32_t count =
      std::min(root_.zone_count, root_.series_count / kZoneSeries);
  zones_.resize(count);
  rebuilt_.resize(count);
  current_ = std::vector<std::atomic<const ZoneView*>>(count);
  Position at = root_.last_zone;
  for (std::size_t i = count; i-- > 0;) {
    // Not the whole checksum: each section of a zone has its own.
    const auto record = index_->unchecked_record(at);
    auto view = record
                    ? ZoneView::parse(record->body)
                    : Result<std::unique_ptr<ZoneView>>(fail(record.error()));
    if (view && ((*view)->header().first != i * kZoneSeries ||
                 (*view)->count() != kZoneSeries))
      view = fail(Code::kCorrupt, "zone out of place");
    if (i + 1 == count && record) index_end_ = record->next();
    if (!view) {
      report(std::move(view).error().in(index_->describe(at)));
      break;
    }
    at = (*view)->header().previous;
    zones_[i] = std::move(*view);
    current_[i] = zones_[i].get();
  }
  if (count > 0 && index_end_ == kFirstPosition)
    index_end_ = index_->capacity_end();
  for (std::size_t i = 0; i < count; ++i) {
    if (zones_[i]) continue;
    if (auto rebuilt = rebuild_zone(i); !rebuilt)
      return fail(std::move(rebuilt).error());
  }
  return {};
}

Result<const ZoneView*> Head::rebuild_zone(std::size_t i) const {
  std::vector<Labels> labels(kZoneSeries);
  std::vector<SourceId> homes(kZoneSeries, kNone);
  const auto first = static_cast<SeriesId>(i * kZoneSeries);
  load_series(first, labels, homes);
  auto owned = std::make_unique<OwnedZone>();
  owned->body = encode_zone(labels, homes, first, kNowhere);
  auto view = ZoneView::parse(as_bytes(owned->body));
  if (!view) return fail(std::move(view).error());
  owned->view = std::move(*view);
  const std::scoped_lock lock(mutex_);
  // A thread that was faster keeps its zone: others may be reading it.
  if (!rebuilt_[i]) {
    rebuilt_[i] = std::move(owned);
    current_[i].store(rebuilt_[i]->view.get(), std::memory_order_release);
  }
  return rebuilt_[i]->view.get();
}

bool Head::load_series_by_chain(SeriesId first, std::vector<Labels>& labels,
                                std::vector<SourceId>& homes) const {
  Position at = root_.last_series;
  SeriesId reached = root_.series_count;
  while (reached > first) {
    const auto record = log_->record(at);
    if (!record) report(record.error());
    if (!record || !holds(*record, RecordType::kSeries, sizeof(SeriesBody)))
      return false;
    for_each_series(*record,
                    [&](SeriesId id, SourceId home, std::string_view encoded) {
                      if (id < first || id - first >= labels.size()) return;
                      if (Labels::decode(encoded, labels[id - first]))
                        homes[id - first] = home;
                    });
    const auto body = load_struct<SeriesBody>(record->body.data());
    if (body.first >= reached || body.previous >= at) return false;
    reached = body.first;
    at = body.previous;
  }
  return true;
}

void Head::load_series(SeriesId first, std::vector<Labels>& labels,
                       std::vector<SourceId>& homes) const {
  if (labels.empty() || load_series_by_chain(first, labels, homes)) return;
  // A link of the chain is damaged: look at every record instead.
  visit_batches(
      *log_, log_->begin(), log_end_,
      {.on_record =
           [&](const Record& record) {
             if (!holds(record, RecordType::kSeries, sizeof(SeriesBody)))
               return;
             for_each_series(record, [&](SeriesId id, SourceId home,
                                         std::string_view encoded) {
               if (id < first || id - first >= labels.size()) return;
               if (Labels::decode(encoded, labels[id - first]))
                 homes[id - first] = home;
             });
           },
       .on_commit = {},
       .on_damage = [&](const Error& error) { report(error); }});
}

Labels Head::labels(SeriesId series) const {
  if (series >= tail_first()) return tail_[series - tail_first()];
  const std::size_t i = series / kZoneSeries;
  auto found = zone(i).labels(series % kZoneSeries);
  if (found) return std::move(*found);
  report(found.error());
  const auto rebuilt = rebuild_zone(i);
  if (!rebuilt) return {};
  return (*rebuilt)->labels(series % kZoneSeries).value_or(Labels());
}

SourceId Head::home(SeriesId series) const {
  if (series >= tail_first()) return tail_homes_[series - tail_first()];
  const std::size_t i = series / kZoneSeries;
  Result<Bytes> homes = zone(i).homes();
  if (!homes) {
    report(homes.error());
    const auto rebuilt = rebuild_zone(i);
    if (rebuilt) homes = (*rebuilt)->homes();
  }
  if (!homes) return kNone;
  return load_le<std::uint32_t>(homes->data() +
                                (series % kZoneSeries) * std::size_t{4});
}

void Head::report(const Error& damage) const {
  const std::scoped_lock lock(mutex_);
  const bool known = std::ranges::any_of(damage_, [&](const Error& error) {
    return error.message == damage.message;
  });
  if (!known && damage_.size() < kDamageMax) damage_.push_back(damage);
}

std::vector<Error> Head::damage() const {
  const std::scoped_lock lock(mutex_);
  return damage_;
}

}  // namespace prom::store
