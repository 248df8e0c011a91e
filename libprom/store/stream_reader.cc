#include "libprom/store/stream_reader.h"

#include <algorithm>
#include <optional>

#include "libprom/os/file.h"
#include "libprom/store/stream_writer.h"

namespace prom::store {
namespace {

constexpr std::uint64_t kResyncBytesMax = 4ULL << 30U;

}  // namespace

Result<std::unique_ptr<StreamReader>> StreamReader::open(
    const std::string& directory, std::string stream, std::uint64_t store_id) {
  std::unique_ptr<StreamReader> reader(
      new StreamReader(directory, std::move(stream), store_id));
  if (Status listed = reader->refresh(); !listed)
    return fail(std::move(listed).error());
  return reader;
}

Status StreamReader::refresh() {
  auto entries = os::real_file_system().list(directory_);
  if (!entries) return fail(std::move(entries).error());
  for (const os::DirectoryEntry& entry : *entries) {
    const auto start = arena_start(stream_, entry.name);
    if (!start) continue;
    const bool known = std::ranges::any_of(
        arenas_, [&](const auto& arena) { return arena->start == *start; });
    if (known) continue;
    auto arena = std::make_unique<Arena>();
    arena->path = directory_ + "/" + entry.name;
    arena->start = *start;
    const auto info = os::file_info(arena->path);
    if (!info) continue;  // unlinked since
    arena->file_size = info->size;
    arena->limit =
        *start + (info->size - std::min(info->size, sizeof(ArenaHeader)));
    map(*arena);
    arenas_.push_back(std::move(arena));
  }
  std::ranges::sort(arenas_, {}, [](const auto& a) { return a->start; });
  for (std::size_t i = 0; i + 1 < arenas_.size(); ++i) {
    arenas_[i]->limit = std::min(arenas_[i]->limit, arenas_[i + 1]->start);
  }
  return {};
}

StreamReader::Arena* StreamReader::arena_of(Position position) const {
  const auto after = std::ranges::upper_bound(
      arenas_, position, {}, [](const auto& a) { return a->start; });
  if (after == arenas_.begin()) return nullptr;
  return std::prev(after)->get();
}

void StreamReader::map(Arena& arena) const {
  auto file = os::MappedFile::open(arena.path);
  if (!file) {
    arena.status = fail(std::move(file).error());
    return;
  }
  arena.file = std::move(*file);
  arena.guard = os::FaultGuard(arena.file.bytes());
  const Bytes bytes = arena.file.bytes();
  if (bytes.size() < sizeof(ArenaHeader)) {
    arena.status = fail(Code::kCorrupt, arena.path + ": shorter than a header");
    return;
  }
  const auto header = load_struct<ArenaHeader>(bytes.data());
  if (std::string_view(header.magic, 8) != kArenaMagic ||
      header.crc != crc32c(bytes.first(60)) || header.start != arena.start ||
      header.store_id != store_id_) {
    arena.status = fail(Code::kCorrupt, arena.path + ": bad header at 0");
  } else if (header.version != kFormatVersion ||
             (header.features & ~kFeatures) != 0) {
    arena.status =
        fail(Code::kConfig, arena.path + ": this program is too old for it");
  }
}

std::unexpected<Error> StreamReader::damaged(const Arena& arena,
                                             Position position,
                                             std::string_view what) const {
  const std::uint64_t offset = position - arena.start + sizeof(ArenaHeader);
  if (const auto fault = arena.guard.fault())
    return fail(Code::kIo, arena.path + ": unreadable at offset " +
                               std::to_string(*fault));
  return fail(Code::kCorrupt, arena.path + ": " + std::string(what) +
                                  " at offset " + std::to_string(offset));
}

Result<Record> StreamReader::unchecked_record(Position position) const {
  const Arena* const arena = arena_of(position);
  if (arena == nullptr)
    return fail(Code::kCorrupt, stream_ + ": no arena holds position " +
                                    std::to_string(position));
  if (!arena->status) return fail(arena->status.error());
  if (position % 8 != 0 || position >= arena->limit)
    return damaged(*arena, position, "no record");
  const std::uint64_t mapped = arena->file.size() - sizeof(ArenaHeader);
  const std::uint64_t held = std::min(arena->limit - arena->start, mapped);
  const std::uint64_t room = held - std::min(position - arena->start, held);
  if (room < sizeof(RecordHeader))
    return damaged(*arena, position, "no record");
  const std::byte* const at = arena->file.bytes().data() + sizeof(ArenaHeader) +
                              (position - arena->start);
  const auto header = load_struct<RecordHeader>(at);
  if (header.size < sizeof(RecordHeader) || header.size % 8 != 0 ||
      header.size > room || header.size > kRecordBytesMax)
    return damaged(*arena, position, "bad record size");
  return Record{.position = position,
                .header = header,
                .body = Bytes(at + sizeof(RecordHeader),
                              header.size - sizeof(RecordHeader))};
}

Result<Record> StreamReader::record(Position position) const {
  auto found = unchecked_record(position);
  if (!found) return found;
  const Bytes whole(found->body.data() - sizeof(RecordHeader),
                    found->header.size);
  // The header that was checked is the one that is used.
  if (record_crc(position, whole) != found->header.crc ||
      load_struct<RecordHeader>(whole.data()).size != found->header.size)
    return damaged(*arena_of(position), position, "bad crc");
  return found;
}

Position StreamReader::resync(Position position, Position end) const {
  // Hostile bytes could look like the beginning of a long record everywhere.
  std::uint64_t budget = kResyncBytesMax;
  position = (position + 7) / 8 * 8;
  for (; position < end; position += 8) {
    const auto found = unchecked_record(position);
    if (!found || found->header.reserved != 0 ||
        found->header.type < RecordType::kCommit ||
        found->header.type > RecordType::kExemplars)
      continue;
    if (found->header.size > budget) return end;
    budget -= found->header.size;
    if (record(position)) return position;
  }
  return end;
}

Position StreamReader::capacity_end() const {
  return arenas_.empty() ? kFirstPosition : arenas_.back()->limit;
}

Position StreamReader::begin() const {
  return arenas_.empty() ? kFirstPosition : arenas_.front()->start;
}

std::string StreamReader::describe(Position position) const {
  const Arena* const arena = arena_of(position);
  if (arena == nullptr) return stream_ + " " + std::to_string(position);
  return arena->path + " at " +
         std::to_string(position - arena->start + sizeof(ArenaHeader));
}

std::vector<StreamReader::ArenaInfo> StreamReader::arenas() const {
  std::vector<ArenaInfo> all;
  for (const auto& arena : arenas_)
    all.push_back({arena->path, arena->start, arena->file_size});
  return all;
}

}  // namespace prom::store
