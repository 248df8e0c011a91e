#include "libprom/store/stream_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace prom::store {

std::string arena_name(std::string_view stream, Position start) {
  std::string name(stream);
  name += '.';
  for (int shift = 60; shift >= 0; shift -= 4)
    name += "0123456789abcdef"[start >> static_cast<unsigned>(shift) & 0xFU];
  return name;
}

std::optional<Position> arena_start(std::string_view stream,
                                    std::string_view file_name) {
  if (!file_name.starts_with(stream)) return std::nullopt;
  file_name.remove_prefix(stream.size());
  if (file_name.size() != 17 || file_name.front() != '.') return std::nullopt;
  file_name.remove_prefix(1);
  Position start = 0;
  const char* const last = file_name.data() + file_name.size();
  const auto [end, error] = std::from_chars(file_name.data(), last, start, 16);
  if (error != std::errc() || end != last) return std::nullopt;
  return start;
}

Result<StreamWriter> StreamWriter::open(os::FileSystem& files,
                                        const StreamOptions& options,
                                        Position end) {
  StreamWriter writer(files, options, end);
  auto entries = files.list(options.directory);
  if (!entries) return fail(std::move(entries).error());
  std::optional<Position> last;
  for (const os::DirectoryEntry& entry : *entries) {
    const auto start = arena_start(options.name, entry.name);
    if (!start) continue;
    if (*start <= end) {
      last = start;
      continue;
    }
    const std::string path = options.directory + "/" + entry.name;
    if (Status gone = files.unlink(path); !gone)
      return fail(std::move(gone).error());
  }
  if (!last) return writer;
  const std::string path =
      options.directory + "/" + arena_name(options.name, *last);
  auto file = files.open(path, os::OpenMode::kReadWrite);
  if (!file) return fail(std::move(file).error());
  const auto bytes = (*file)->size();
  if (!bytes) return fail(bytes.error());
  // An arena that was not finished, or not by us, is left for a new one.
  const std::uint64_t size = *bytes - std::min(*bytes, kFirstPosition);
  if (size < end - *last) return writer;
  if (size == 0) {
    if (Status gone = files.unlink(path); !gone)
      return fail(std::move(gone).error());
    return writer;
  }
  writer.file_ = std::move(*file);
  writer.start_ = *last;
  writer.size_ = size;
  writer.dirty_ = true;  // what a writer before us left unsynced
  return writer;
}

std::uint64_t StreamWriter::room() const {
  return file_ ? size_ - (end_ - start_) : 0;
}

Status StreamWriter::reserve(std::uint64_t bytes) {
  if (!broken_) return broken_;
  if (bytes <= room()) return {};
  // A file is left only when all of it is on the disk, so that what a failed
  // sync has to save is always in the current one.
  if (options_.durable) {
    if (Status synced = sync(); !synced) return synced;
    if (bytes <= room()) return {};
  }
  return create_arena(end_, {}, bytes);
}

Status StreamWriter::create_arena(Position start, std::string_view content,
                                  std::uint64_t bytes) {
  const std::uint64_t want = std::max(
      bytes,
      std::clamp(start, options_.arena_bytes_min, options_.arena_bytes_max));
  Status made = create_file(start, content, want);
  // A nearly full disk may still have room for a small arena.
  const std::uint64_t least = std::max(bytes, options_.arena_bytes_min);
  if (!made && made.error().code == Code::kIo && least < want)
    made = create_file(start, content, least);
  return made;
}

// The arena appears under its name when it is complete, so that a reader never
// takes a half-made one for the holder of a position.
Status StreamWriter::create_file(Position start, std::string_view content,
                                 std::uint64_t size) {
  const std::string path =
      options_.directory + "/" + arena_name(options_.name, start);
  const std::string temporary = path + ".tmp";
  (void)files_->unlink(temporary);  // left by a writer that died
  auto file = files_->open(temporary, os::OpenMode::kCreate);
  if (!file) return fail(std::move(file).error());
  ArenaHeader header{};
  std::memcpy(header.magic, kArenaMagic.data(), sizeof header.magic);
  header.version = kFormatVersion;
  header.features = kFeatures;
  header.store_id = options_.store_id;
  header.start = start;
  header.size = size;
  std::memcpy(header.stream, options_.name.data(),
              std::min(options_.name.size(), sizeof header.stream));
  std::string raw;
  append_struct(raw, header);
  store_le(raw.data() + 60, crc32c(std::string_view(raw).substr(0, 60)));
  raw += content;
  Status made = (*file)->preallocate(sizeof header + size);
  if (made) made = (*file)->write_at(0, as_bytes(raw));
  if (made && options_.durable) made = (*file)->sync();
  if (made) made = files_->rename(temporary, path);
  if (made && options_.durable)
    made = files_->sync_directory(options_.directory);
  if (!made) {
    (void)files_->unlink(temporary);
    return made;
  }
  file_ = std::move(*file);
  start_ = start;
  size_ = size;
  return {};
}

Status StreamWriter::write(std::string_view bytes) {
  const std::uint64_t offset = sizeof(ArenaHeader) + (end_ - start_);
  if (Status done = file_->write_at(offset, as_bytes(bytes)); !done)
    return done;
  end_ += bytes.size();
  written_ += bytes.size();
  dirty_ = true;
  if (options_.durable) unsynced_ += bytes;
  return {};
}

Status StreamWriter::sync() {
  if (!broken_) return broken_;
  if (!file_ || !dirty_) return {};
  if (Status done = file_->sync(); !done) {
    broken_ = fail(std::move(done).error());
    const Position start = end_ - unsynced_.size();
    // The same file again would be the retry that must not be.
    if (start == start_) return broken_;
    const Status replaced = create_arena(start, unsynced_, unsynced_.size());
    if (!replaced) return broken_;
    broken_ = {};
    ++replaced_;
  }
  dirty_ = false;
  unsynced_.clear();
  return {};
}

}  // namespace prom::store
