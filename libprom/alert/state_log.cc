#include "libprom/alert/state_log.h"

#include <algorithm>

#include "libprom/base/bytes.h"
#include "libprom/base/checksum.h"

namespace prom::alert {
namespace {

constexpr std::string_view kMagic("PROM-ALERT-LOG\x01\n", 16);
constexpr std::uint32_t kMarker = 0xa1e27106U;
constexpr std::size_t kHeaderBytes = 20;
constexpr std::uint32_t kKindsKnown = 3;
constexpr std::uint64_t kFileBytesMax = 1ULL << 30U;
// Below this size a file is not worth rewriting.
constexpr std::uint64_t kRewriteBytesMin = 4ULL << 20U;
constexpr std::uint64_t kRewriteGrowth = 4;

void append_record(std::string& out, RecordKind kind,
                   std::string_view payload) {
  const std::size_t begin = out.size();
  append_le(out, kMarker);
  append_le(out, static_cast<std::uint32_t>(payload.size()));
  append_le(out, static_cast<std::uint32_t>(kind));
  append_le(out, crc32c(std::string_view(out).substr(begin)));
  append_le(out, crc32c(payload));
  out += payload;
}

struct Header {
  std::uint32_t size = 0;
  std::uint32_t kind = 0;
  std::uint32_t payload_crc = 0;
};
// REQUIRES: at least kHeaderBytes.  False for anything that is no header.
bool read_header(std::string_view bytes, Header& header) {
  ByteReader in(bytes);
  const auto marker = in.fixed<std::uint32_t>();
  header.size = in.fixed<std::uint32_t>();
  header.kind = in.fixed<std::uint32_t>();
  const auto crc = in.fixed<std::uint32_t>();
  header.payload_crc = in.fixed<std::uint32_t>();
  return marker == kMarker && header.size <= kRecordBytesMax &&
         crc == crc32c(bytes.substr(0, 12));
}

// Where the next record begins at or behind `from`; the end if nowhere.
std::size_t find_header(std::string_view bytes, std::size_t from) {
  std::string marker;
  append_le(marker, kMarker);
  Header header;
  for (std::size_t at = bytes.find(marker, from);
       at != std::string_view::npos && bytes.size() - at >= kHeaderBytes;
       at = bytes.find(marker, at + 1))
    if (read_header(bytes.substr(at), header)) return at;
  return bytes.size();
}

// Gives every whole record to `on_record` and returns where the last ends.
std::size_t scan(std::string_view bytes, const StateLog::OnRecord& on_record,
                 std::vector<Damage>& damage) {
  std::size_t at = kMagic.size();
  if (!bytes.starts_with(kMagic)) {
    at = find_header(bytes, 0);
    if (at > 0) damage.push_back({.offset = 0, .bytes = at});
  }
  std::size_t whole = std::min(at, bytes.size());
  while (at < bytes.size()) {
    Header header;
    const std::string_view rest = bytes.substr(at);
    const bool good = rest.size() >= kHeaderBytes && read_header(rest, header);
    const std::size_t end = at + kHeaderBytes + header.size;
    if (good && end > bytes.size()) break;  // cut by a crash
    const std::string_view payload =
        good ? rest.substr(kHeaderBytes, header.size) : std::string_view();
    if (good && crc32c(payload) == header.payload_crc) {
      // Kinds of a later version are skipped.
      if (header.kind >= 1 && header.kind <= kKindsKnown)
        on_record(RecordKind{header.kind}, payload);
      at = whole = end;
      continue;
    }
    const std::size_t next = good ? end : find_header(bytes, at + 1);
    if (next == bytes.size() && !good) break;  // a cut header, or a torn end
    damage.push_back({.offset = at, .bytes = next - at});
    at = whole = next;
  }
  return whole;
}

}  // namespace

Result<std::unique_ptr<StateLog>> StateLog::open(os::FileSystem& files,
                                                 const std::string& directory,
                                                 const OnRecord& on_record) {
  std::unique_ptr<StateLog> log(
      new StateLog(files, os::join_path(directory, "alerts.log")));
  if (Status loaded = log->load(on_record); !loaded)
    return fail(std::move(loaded).error());
  return log;
}

Status StateLog::load(const OnRecord& on_record) {
  if (!os::exists(path_)) return rewrite({});
  auto content = os::read_file(path_, kFileBytesMax);
  if (!content) return fail(std::move(content).error());
  const std::string_view bytes = *content;
  const std::size_t whole = scan(bytes, on_record, damage_);
  for (const Damage& damage : damage_) {
    const std::string aside =
        path_ + ".damaged-" + std::to_string(damage.offset);
    if (Status kept = os::write_file_atomically(
            files_, aside, bytes.substr(damage.offset, damage.bytes));
        !kept)
      return kept;
  }
  stale_ = !damage_.empty();
  size_ = base_size_ = whole;
  if (Status opened = reopen(); !opened) return opened;
  if (whole == bytes.size()) return {};
  return file_->truncate(whole);
}

Status read_state_log(const std::string& directory,
                      const StateLog::OnRecord& on_record) {
  auto content =
      os::read_file(os::join_path(directory, "alerts.log"), kFileBytesMax);
  if (!content) return fail(std::move(content).error());
  std::vector<Damage> damage;
  scan(*content, on_record, damage);
  return {};
}

Status StateLog::reopen() {
  auto file = files_.open(path_, os::OpenMode::kReadWrite);
  if (!file) return fail(std::move(file).error());
  file_ = std::move(*file);
  broken_ = false;
  return {};
}

void StateLog::add(RecordKind kind, std::string_view payload) {
  append_record(pending_, kind, payload);
}

Status StateLog::commit() {
  if (broken_) return fail(Code::kIo, path_ + ": an earlier write failed");
  if (pending_.empty()) return {};
  Status written = file_->write_at(size_, as_bytes(pending_));
  if (written) written = file_->sync();
  if (!written) {
    // Whether the bytes are there is unknown: only a new file helps.
    broken_ = true;
    return written;
  }
  size_ += pending_.size();
  pending_.clear();
  return {};
}

Status StateLog::rewrite(const std::vector<Record>& records) {
  std::string content(kMagic);
  for (const Record& record : records)
    append_record(content, record.kind, record.payload);
  if (Status written = os::write_file_atomically(files_, path_, content);
      !written)
    return written;
  pending_.clear();
  stale_ = false;
  size_ = base_size_ = content.size();
  return reopen();
}

bool StateLog::wants_rewrite() const {
  return broken_ || stale_ ||
         (size_ > kRewriteBytesMin && size_ > kRewriteGrowth * base_size_);
}

}  // namespace prom::alert
