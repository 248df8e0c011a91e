// Opening, committing and syncing; records, metadata and refusals.  Series are
// in writer_series.cc, rows in writer_rows.cc, loose and late samples in
// writer_loose.cc.
#include "libprom/store/writer.h"

#include <algorithm>
#include <random>

#include "libprom/os/boot.h"
#include "libprom/os/log.h"
#include "libprom/store/snapshot.h"
#include "libprom/store/unfinished.h"
#include "libprom/store/writer_internal.h"

namespace prom::store {
namespace {

// Bytes of log after which a new table of sources spares readers the walk.
constexpr std::uint64_t kSourcesEveryBytes = 1ULL << 20U;
constexpr std::uint64_t kSourcesShareMax = 8;
// A batch may be large once; its memory is given back.
constexpr std::size_t kBatchBytesKept = 1ULL << 20U;

std::uint64_t random_id() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32U | device();
}

Status create_store(os::FileSystem& files, const std::string& path,
                    std::int64_t now_ms) {
  const std::string head = head_path(path, kFirstGeneration);
  if (Status made = os::make_directories(files, head); !made) return made;
  for (const std::string& directory : {path + "/head", path}) {
    if (Status done = files.sync_directory(directory); !done) return done;
  }
  // Also the store's own name: who made it may not have come so far.  A parent
  // that we may not read is somebody else's to care for.
  Status named = files.sync_directory(path + "/..");
  if (!named && named.error().code != Code::kPermission) return named;
  return Ctl::create(files, path, kFirstGeneration, random_id(), now_ms);
}

}  // namespace

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::kDuplicate:
      return "duplicate";
    case Refusal::kTooOld:
      return "too_old";
    case Refusal::kFuture:
      return "future";
    case Refusal::kSeriesLimit:
      return "series_limit";
    case Refusal::kBadLabels:
      return "bad_labels";
  }
  return "";
}

Writer::Writer(std::string path, const WriterOptions& options,
               os::FileSystem& files, os::Clock& clock, os::FileLock lock)
    : path_(std::move(path)),
      options_(options),
      files_(files),
      clock_(clock),
      lock_(std::move(lock)) {}

Writer::~Writer() = default;

Result<std::unique_ptr<Writer>> Writer::open(const std::string& path,
                                             const WriterOptions& options,
                                             os::FileSystem& files,
                                             os::Clock& clock) {
  if (Status made = os::make_directories(files, path); !made)
    return fail(std::move(made).error());
  const auto unsafe = os::unsafe_file_system(path);
  if (!unsafe) return fail(unsafe.error());
  if (!unsafe->empty() && !options.unsafe_filesystem)
    return fail(Code::kConfig,
                path + ": is on " + *unsafe +
                    ", where several hosts or a user process can change files "
                    "behind a lock; --unsafe-filesystem overrides this");
  auto lock = os::FileLock::acquire(lock_path(path));
  if (!lock) return fail(std::move(lock).error());
  std::unique_ptr<Writer> writer(
      new Writer(path, options, files, clock, std::move(*lock)));
  if (Status ready = writer->prepare(); !ready)
    return fail(std::move(ready).error());
  return writer;
}

Status Writer::prepare() {
  if (!os::exists(ctl_path(path_, kFirstGeneration))) {
    Status made = create_store(files_, path_, clock_.wall_ms());
    if (!made) return fail(std::move(made).error().in("create " + path_));
  }
  const auto generation = live_generation();
  if (!generation) return fail(generation.error());
  for (const std::uint64_t begun :
       {kFirstGeneration, *generation, *generation + 1})
    remove_unfinished(files_, ctl_path(path_, begun), ".tmp-");
  auto ctl = Ctl::open(path_, *generation, os::MappedFile::Access::kReadWrite);
  if (!ctl) return fail(std::move(ctl).error());
  ctl_ = std::move(*ctl);
  auto head = Head::open(path_, ctl_);
  if (!head) return fail(std::move(head).error());
  if (Status loaded = load(**head); !loaded) return loaded;
  if (Status loaded = load_closed(); !loaded) return loaded;
  if (Status opened = open_streams(ctl_->generation(), (*head)->append_at(),
                                   (*head)->index_end());
      !opened)
    return opened;
  batch_start_ = log_->end();
  ctl_->publish((*head)->log_end());
  // What a writer before us did not get to sync is synced now, so that the
  // newest sync always covers everything before it.
  if (Status synced = sync(); !synced) return synced;
  ctl_->set_boot(os::boot_id());
  std::ranges::move((*head)->damage(), std::back_inserter(damage_));
  if ((*head)->append_at() != (*head)->log_end()) {
    // The newest commit record is damaged: a new one makes a sound end.
    stage_commit();
    if (Status written = write_batch(); !written) return written;
  }
  return index_damaged_ ? rotate() : Status();
}

Status Writer::open_streams(std::uint64_t generation, Position log_end,
                            Position index_end) {
  StreamOptions stream{.directory = head_path(path_, generation),
                       .name = "log",
                       .store_id = ctl_->store_id(),
                       .arena_bytes_min = options_.arena_bytes_min,
                       .arena_bytes_max = options_.arena_bytes_max,
                       .durable = options_.durable};
  auto log = StreamWriter::open(files_, stream, log_end);
  if (!log) return fail(std::move(log).error());
  stream.name = "index";
  auto index = StreamWriter::open(files_, stream, index_end);
  if (!index) return fail(std::move(index).error());
  auto reader = StreamReader::open(stream.directory, "index", stream.store_id);
  if (!reader) return fail(std::move(reader).error());
  log_ = std::make_unique<StreamWriter>(std::move(*log));
  index_ = std::make_unique<StreamWriter>(std::move(*index));
  index_reader_ = std::move(*reader);
  return {};
}

Status Writer::load(Head& head) {
  root_ = head.root();
  newest_at_open_ms_ = root_.max_ms;
  series_at_open_ = root_.series_count;
  sources_written_at_ = head.log_end();
  if (root_.last_loose != kNowhere) {
    // When it is damaged, anything may be the newest.
    loose_newest_ms_ = newest_at_open_ms_;
    const auto record = head.log().record(root_.last_loose);
    if (record && record->body.size() >= sizeof(LooseBody))
      loose_newest_ms_ = load_struct<LooseBody>(record->body.data()).newest_ms;
  }
  loose_newest_at_open_ms_ = loose_newest_ms_;
  if (Status loaded = load_series(head); !loaded) return loaded;
  for (SourceId id = 0; id < head.sources().size(); ++id) load_source(head, id);
  for (const auto& source : sources_) {
    if (!source->foreign) continue;
    for (const SeriesId id : source->columns) {
      if (homes_[id] < sources_.size()) sources_[homes_[id]]->shared = true;
    }
  }
  return {};
}

// -- records

Position Writer::stage(RecordType type, std::uint8_t flags, SourceId source,
                       std::string_view body) {
  if (commit_staged_) {
    commit_staged_ = false;
    batch_crc_ = 0;
    batch_start_ = log_->end() + batch_.size();
  }
  const std::size_t start = batch_.size();
  const Position position = log_->end() + start;
  const std::size_t size = (sizeof(RecordHeader) + body.size() + 7) / 8 * 8;
  append_struct(batch_, RecordHeader{.crc = 0,
                                     .size = static_cast<std::uint32_t>(size),
                                     .type = type,
                                     .flags = flags,
                                     .reserved = 0,
                                     .source = source});
  batch_ += body;
  batch_.resize(start + size);
  const std::uint32_t crc =
      record_crc(position, as_bytes(batch_).subspan(start));
  store_le(batch_.data() + start, crc);
  if (type != RecordType::kCommit)
    batch_crc_ = crc32c(std::string_view(batch_).substr(start, 4), batch_crc_);
  return position;
}

Status Writer::check_room() const {
  if (batch_.size() < kBatchBytesMax) return {};
  return fail(Code::kBusy, std::to_string(batch_.size()) +
                               " bytes wait for a commit to succeed");
}

void Writer::note_time(std::int64_t min_ms, std::int64_t max_ms,
                       std::uint64_t samples) {
  root_.min_ms = std::min(root_.min_ms, min_ms);
  root_.max_ms = std::max(root_.max_ms, max_ms);
  root_.samples += samples;
  counters_.samples += samples;
}

void Writer::stage_sources() {
  const std::uint64_t table = sources_.size() * sizeof(SourceEntry);
  const Position here = log_->end() + batch_.size();
  if (sources_.empty() ||
      here - sources_written_at_ <
          std::max(kSourcesEveryBytes, kSourcesShareMax * table))
    return;
  std::string body;
  append_struct(
      body, SourcesBody{.previous = root_.last_sources,
                        .count = static_cast<std::uint32_t>(sources_.size()),
                        .reserved = 0});
  for (const auto& source : sources_)
    append_struct(body, SourceEntry{.key = source->key,
                                    .last_row = source->last_row,
                                    .last_layout = source->last_layout,
                                    .foreign = source->foreign ? 1U : 0U,
                                    .reserved = 0});
  root_.last_sources = stage(RecordType::kSources, 0, kNone, body);
  sources_written_at_ = here;
}

void Writer::stage_commit() {
  if (commit_staged_) {  // an empty batch
    commit_staged_ = false;
    batch_crc_ = 0;
    batch_start_ = log_->end() + batch_.size();
  }
  ++root_.number;
  root_.batch_start = batch_start_;
  root_.wall_ms = clock_.wall_ms();
  root_.source_count = static_cast<std::uint32_t>(sources_.size());
  root_.records_crc = batch_crc_;
  std::string body;
  append_struct(body, root_);
  stage(RecordType::kCommit, 0, kNone, body);
  commit_staged_ = true;
}

Status Writer::write_batch() {
  if (!rotation_failed_) return rotation_failed_;
  stage_series();
  stage_loose();
  stage_exemplars();
  if (late_.empty()) extras_.clear();
  // Zones before the commit record that speaks of them.
  if (Status sealed = seal_zones(); !sealed) return sealed;
  if (!commit_staged_) {
    stage_sources();
    stage_commit();
  }
  if (batch_.empty()) return {};
  if (Status room = log_->reserve(batch_.size()); !room) return room;
  if (Status written = log_->write(batch_); !written) return written;
  batch_.clear();
  if (batch_.capacity() > kBatchBytesKept) batch_.shrink_to_fit();
  ctl_->publish(log_->end());
  ++counters_.commits;
  return {};
}

Status Writer::commit() {
  if (Status settled = settle_late(); !settled) return settled;
  return write_batch();
}

Status Writer::sync() {
  if (!options_.durable) return {};
  // The index first: a commit record on the disk finds its zone there.
  if (Status done = index_->sync(); !done) return done;
  if (Status done = log_->sync(); !done) return done;
  ctl_->set_synced(log_->end());
  ++counters_.syncs;
  let_closed_parts_go();
  return {};
}

bool Writer::has_uncommitted() const {
  return !batch_.empty() || !loose_.empty() || !late_.empty() ||
         !exemplars_.empty() || series_staged_ < series_count_;
}

bool Writer::has_unsynced() const {
  return options_.durable &&
         (log_->unsynced_bytes() > 0 || index_->unsynced_bytes() > 0);
}

WriterCounters Writer::counters() const {
  WriterCounters all = counters_;
  all.bytes_written += log_->bytes_written() + index_->bytes_written();
  all.arenas_replaced += log_->arenas_replaced() + index_->arenas_replaced();
  return all;
}

std::size_t Writer::memory_bytes() const {
  std::size_t bytes = series_.memory_bytes() +
                      (homes_.capacity() + slots_.capacity()) * 4 +
                      touched_.size() * 32 + batch_.capacity();
  for (const auto& source : sources_)
    bytes += sizeof(Source) +
             (source->sent.capacity() + source->columns.capacity()) * 4 +
             source->reference.capacity() * 8;
  return bytes;
}

// -- metadata

void Writer::load_metadata() {
  metadata_loaded_ = true;
  const auto snapshot = Snapshot::open(path_, ctl_);
  if (!snapshot) return;  // it is written once more, which does no harm
  for (const FamilyMetadata& one : (*snapshot)->metadata())
    metadata_[one.family] =
        hash64(one.type + '\0' + one.help + '\0' + one.unit);
}

Status Writer::add(const wire::MetadataFrame& metadata) {
  if (Status room = check_room(); !room) return room;
  if (!metadata_loaded_) load_metadata();
  std::string items;
  std::uint32_t count = 0;
  for (const wire::MetadataFrame::Item& item : metadata.items) {
    const std::uint64_t hash =
        hash64(item.type + '\0' + item.help + '\0' + item.unit);
    const auto [at, fresh] = metadata_.try_emplace(item.family, hash);
    if (!fresh && at->second == hash) continue;
    at->second = hash;
    ++count;
    for (const std::string* text :
         {&item.family, &item.type, &item.help, &item.unit}) {
      append_varint(items, text->size());
      items += *text;
    }
  }
  if (count == 0) return {};
  std::string body;
  append_struct(body, MetadataBody{.previous = root_.last_metadata,
                                   .count = count,
                                   .reserved = 0});
  root_.last_metadata = stage(RecordType::kMetadata, 0, kNone, body + items);
  return {};
}

// -- refusals

bool Writer::too_far_ahead(std::int64_t t_ms) const {
  return !options_.allow_future && t_ms > clock_.wall_ms() + options_.future_ms;
}

void Writer::refuse(Refusal refusal, SeriesId id, std::int64_t t_ms) {
  refuse(refusal, labels_of(id).to_string(), t_ms, 1);
}

void Writer::refuse(Refusal refusal, const std::string& what, std::int64_t t_ms,
                    std::uint64_t count) {
  std::uint64_t& counter = counters_.refused[static_cast<std::size_t>(refusal)];
  if (counter == 0)
    os::log_warn("sample refused; more of the kind are only counted",
                 {{"reason", std::string(to_string(refusal))},
                  {"series", what},
                  {"time_ms", std::to_string(t_ms)}});
  counter += count;
}

}  // namespace prom::store
